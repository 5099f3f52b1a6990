# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""F68: two real daemons get a new key, one restart after the other, and nothing moves."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from .test_pair import Pair, pair

__all__ = ["pair"]
NODES = ("node1", "node2")
OLD, NEW = "ab" * 32, "cd" * 32
STEPS = ((OLD, NEW), (NEW, OLD), (NEW,))


def give(pair: Pair, node: str, *keys: str) -> None:
    """What the playbook does: the file at once, then the daemon begins anew with it."""
    (pair.path / node / "etc/key").write_text("".join(f"{key}\n" for key in keys))
    pair.end(node, signal.SIGTERM)
    pair.start(node)
    pair.wait(lambda: len(pair.status(node).get("heartbeats", {}).get("keys", ())) == len(keys))


def hear(pair: Pair) -> bool:
    return all(pair.status(node).get("peer", {}).get("life") == "alive" for node in NODES)


def kept(pair: Pair, node: str) -> Iterator[str]:
    """Every file of the node, but for the journal, which no key reaches."""
    for path in sorted((pair.path / node).rglob("*")):
        if path.is_file():
            yield path.read_text(encoding="utf-8", errors="replace")


@pytest.mark.parametrize("order", [NODES, NODES[::-1]])
def test_a_new_key_comes_in_three_steps_without_a_failover(
    pair: Pair, order: tuple[str, ...]
) -> None:
    for keys in STEPS:
        for node in order:
            give(pair, node, *keys)
            pair.wait(lambda: hear(pair))
            assert pair.holds_address("node1")
    for node in NODES:
        codes = pair.codes(node)
        assert "fence" not in codes and "stop-begin" not in codes and "takeover" not in codes
        assert pair.status(node)["heartbeats"]["refused"] == {}
        assert not any(OLD in text for text in kept(pair, node)), "the old key is still there"
        assert any(NEW in text for text in kept(pair, node))


def test_a_step_that_is_left_out_makes_them_deaf(pair: Pair) -> None:
    give(pair, "node2", NEW, OLD)
    pair.wait(lambda: pair.status("node1").get("peer", {}).get("life") in ("silent", "gone"))
