# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two real daemons tell whether a failover would succeed, each for itself and for the other."""

from __future__ import annotations

import json
import signal
import time

from .test_pair import LIMIT_S, Pair, pair

__all__ = ["pair"]


def ready(pair: Pair, node: str) -> tuple[int, str]:
    done = pair.ctl(node, "ready", "shop", "--json")
    answer = json.loads(done.stdout)
    return done.returncode, str(answer["services"][0]["reason"])


def becomes(pair: Pair, node: str, status: int, reason: str) -> None:
    """Wait until a node gives this answer."""
    end = time.monotonic() + LIMIT_S
    answer = (0, "")
    while time.monotonic() < end:
        answer = ready(pair, node)
        if answer[0] == status and reason in answer[1]:
            return
        time.sleep(0.5)
    raise AssertionError(f"{node} says {answer}, not {status} {reason!r}")


def test_both_nodes_tell_that_a_failover_would_succeed_and_why_it_would_not(pair: Pair) -> None:
    becomes(pair, "node2", 0, "")
    becomes(pair, "node1", 0, "")
    assert "failover   ready" in pair.ctl("node1", "status").stdout
    assert "equal on both nodes" in pair.ctl("node1", "ready").stdout

    # The owner keeps its device; the standby has lost the program that would exclude the owner.
    agent = pair.path / "agent"
    agent.rename(pair.path / "agent.away")
    becomes(pair, "node2", 2, "is not there")
    becomes(pair, "node1", 2, "node2 says: exclusion: switch")
    assert "NOT READY" in pair.ctl("node1", "status").stdout
    (pair.path / "agent.away").rename(agent)
    becomes(pair, "node2", 0, "")

    # F56: a person has given the address to the standby, too.
    pair.wire.ip(1, "address", "add", "10.9.0.10/24", "dev", "eth0")
    becomes(pair, "node1", 2, "address: 10.9.0.10 on eth0")
    pair.wire.ip(1, "address", "del", "10.9.0.10/24", "dev", "eth0")


def test_a_node_alone_is_not_ready_and_different_configurations_are_told(pair: Pair) -> None:
    pair.end("node2", signal.SIGTERM)
    cluster = pair.path / "node2/etc/cluster.json"
    config = json.loads(cluster.read_text())
    config["services"][0]["restarts"] = 1
    cluster.write_text(json.dumps(config))
    pair.start("node2")
    becomes(pair, "node1", 1, "different configurations")
    becomes(pair, "node2", 1, "different configurations")
    pair.end("node2", signal.SIGTERM)
    becomes(pair, "node1", 2, "no other node could take over")
