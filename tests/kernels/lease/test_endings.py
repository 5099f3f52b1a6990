# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The daemon of the owner ends in every way there is, and nothing of a service moves (F72)."""

from __future__ import annotations

import pytest

from tests.kernels import endings
from tests.kernels.conftest import Cluster


@pytest.mark.finding("S2")
@pytest.mark.parametrize("how", endings.ENDINGS)
def test_f72_nothing_moves_when_the_daemon_ends(cluster: Cluster, how: str) -> None:
    endings.play(cluster, how)
