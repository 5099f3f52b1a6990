# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the real nodes decided in the tests before comes out of the same core again."""

from __future__ import annotations

from itertools import pairwise

from failoverd.journal.replay import compare, replay

from .conftest import OUT, Built
from .journals import fetch


def test_every_recorded_decision_is_made_again(built: Built) -> None:
    for node in built.site.lab.nodes:
        lives = [replay(path) for path in fetch(built.site.lab, node, OUT / node)]
        assert sum(life.decisions for life in lives) > 0
        for life in lives:
            assert life.same_core, life.path
            assert life.difference is None, life.difference
        for earlier, later in pairwise(lives):
            assert compare(earlier, later) is None, later.path
