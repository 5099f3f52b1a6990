# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two real daemons: a failure is forgotten on both, on whichever node that is typed (F48)."""

from __future__ import annotations

import time

import pytest

from .test_pair import LIMIT_S, Pair, pair

__all__ = ["pair"]


def driven_off(pair: Pair) -> None:
    """The address is taken away on node1 until the service has failed there and runs on node2."""
    end = time.monotonic() + LIMIT_S
    while not pair.runs_on("node2"):
        assert time.monotonic() < end, "it did not move"
        if pair.holds_address("node1"):
            pair.wire.ip(0, "address", "del", "10.9.0.10/24", "dev", "eth0")
        time.sleep(0.2)


@pytest.mark.finding("S33")
@pytest.mark.parametrize("typed_on", ["node1", "node2"])
def test_clear_typed_on_either_node_makes_the_standby_able_again(pair: Pair, typed_on: str) -> None:
    pair.wait(lambda: pair.service("node1").get("standby", {}).get("able"))
    driven_off(pair)
    pair.wait(lambda: "it failed on node1" in pair.service("node2")["standby"]["why"])
    assert pair.ctl(typed_on, "clear", "shop").returncode == 0
    pair.wait(lambda: pair.service("node2")["standby"]["able"])
    assert pair.service("node1")["standby"]["able"]
    done = pair.ctl("node2", "switchover", "shop", "--json")
    assert done.returncode == 0, done.stderr
    assert pair.holds_address("node1")
