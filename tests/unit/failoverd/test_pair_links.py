# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two real daemons, and somebody who replays signed frames, or has the key of another cluster."""

from __future__ import annotations

import signal
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from failoverd.core.events import Heard
from failoverd.journal.journal import segments
from tests.unit.bounded import LIMIT_S, begun

from .recorded import inputs
from .test_pair import AGENT, Pair, pair

__all__ = ["pair"]

PORT = (7410).to_bytes(2, "big")
ETH_P_ALL = 3


class Recorder:
    """Sits on the cable: keeps whole packets of heartbeats to one side, and sends them again."""

    def __init__(self, cable: Any) -> None:
        with cable.side(1):
            self._tap = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
            self._tap.bind(("eth0", ETH_P_ALL))
            self._tap.settimeout(60.0)
        with cable.side(0):
            self._out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
            self._out.bind(("eth0", 0))
        self.packets: list[bytes] = []
        self.sent = 0
        self._going = False

    def record(self, count: int) -> None:
        """Heartbeats of node1, each a different one."""
        while len(self.packets) < count:
            packet, address = self._tap.recvfrom(4096)
            outgoing = address[2] == socket.PACKET_OUTGOING
            if not outgoing and packet[12:14] == b"\x08\x00" and packet[36:38] == PORT:
                # A cable within one machine leaves the checksum out; 0 says that there is none.
                self.packets.append(packet[:40] + b"\0\0" + packet[42:])

    @contextmanager
    def flood(self) -> Iterator[None]:
        """All of them again and again, thousands in a second."""
        self._going = True
        thread = begun(self._replay)
        try:
            yield
        finally:
            self._going = False
            thread.join(LIMIT_S)

    def _replay(self) -> None:
        while self._going:
            for packet in self.packets:
                self._out.send(packet)
                self.sent += 1
            time.sleep(0.005)

    def close(self) -> None:
        self._tap.close()
        self._out.close()


def heard(state: Path) -> Counter[tuple[str, int, int]]:
    """How often each heartbeat stands in the journal."""
    found: Counter[tuple[str, int, int]] = Counter()
    for segment in segments(state / "journal"):
        for _when, event in inputs(segment):
            if isinstance(event, Heard):
                found[event.link, event.message.incarnation, event.message.sequence] += 1
    return found


def beats(pair: Pair, node: str) -> dict[str, Any]:
    """What its daemon has refused and dropped."""
    return dict(pair.status(node).get("heartbeats", {"dropped": {}}))


@pytest.mark.finding("X4")
def test_f82_a_flood_of_replayed_frames_costs_the_journal_nothing(pair: Pair) -> None:
    recorder = Recorder(pair.wire)
    try:
        recorder.record(10)
        with recorder.flood():
            pair.wait(lambda: beats(pair, "node2")["dropped"].get("heard before", 0) > 5000)
            assert pair.runs_on("node1")
        told = pair.ctl("node2", "status").stdout
        assert "heartbeats dropped: heard before" in told
    finally:
        recorder.close()
    pair.end("node2", signal.SIGTERM)
    again = {beat: count for beat, count in heard(pair.path / "node2/state").items() if count > 1}
    assert recorder.sent > 5000
    assert again == {}
    assert "fence" not in pair.codes("node2")


@pytest.mark.finding("X4")
def test_f82_a_failover_in_the_midst_of_a_flood_works_and_can_be_replayed(pair: Pair) -> None:
    """After the restart of node2 none of what is replayed answers its life."""
    recorder = Recorder(pair.wire)
    try:
        recorder.record(10)
        pair.end("node2", signal.SIGTERM)
        with recorder.flood():
            pair.start("node2")
            pair.wait(lambda: pair.service("node2")["owner"] == "node1")
            pair.wait(lambda: pair.service("node2")["standby"]["able"])
            pair.end("node1", signal.SIGKILL)
            pair.wire.ip(0, "address", "del", "10.9.0.10/24", "dev", "eth0")
            pair.wait(lambda: pair.runs_on("node2"))
            dropped = beats(pair, "node2")["dropped"]
    finally:
        recorder.close()
    pair.end("node2", signal.SIGTERM)
    journalled = heard(pair.path / "node2/state").total()
    assert sum(dropped.values()) > 1000
    assert journalled < 0.2 * recorder.sent
    done = pair.ctl("node2", "replay", "--json", str(pair.path / "node2/state/journal"))
    assert done.returncode == 0, done.stdout


class Named(Pair):
    """The configuration of node2 says that its cluster has another name."""

    @staticmethod
    def _config(node: str, agent: str) -> dict[str, Any]:
        config = Pair._config(node, agent)
        if node == "node2":
            config["cluster"] = "b"
        return config


def met_a_stranger(history: Path) -> bool:
    return history.exists() and '"stranger"' in history.read_text()


@pytest.mark.finding("S5")
def test_f80_nodes_that_disagree_on_the_name_of_the_cluster_say_so(
    tmp_path: Path, cable: Any, script: Callable[[str, str], str]
) -> None:
    pair = Named(tmp_path, cable, script("agent", AGENT))
    try:
        for node in ("node1", "node2"):
            pair.start(node)
        for node, ours, theirs in (("node1", "test", "b"), ("node2", "b", "test")):
            history = tmp_path / node / "state/history.jsonl"
            pair.wait(partial(met_a_stranger, history))
            text = pair.ctl(node, "status").stdout
            assert f"come from cluster {theirs}, node" in text
            assert f"this node belongs to cluster {ours} " in text
            assert pair.codes(node).count("stranger") == 1
    finally:
        for node in list(pair.processes):
            pair.end(node, signal.SIGKILL)
