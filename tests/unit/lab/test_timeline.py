# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who was active when, in words."""

from __future__ import annotations

from lab.observer import Interval
from tests.kernels.timeline import told


def test_stretches_are_told_in_order_and_older_ones_are_left_out() -> None:
    seen = {
        "tokyo": [Interval(10.0, 50.0), Interval(118.5, 120.0)],
        "osaka": [Interval(60.0, 104.25)],
    }
    assert told(seen, 100.0) == "osaka 0.0-4.2 s, tokyo 18.5-20.0 s"
