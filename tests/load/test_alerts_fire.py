# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every alert fires in a real Prometheus when its fault comes, and ends with it.

make show WHAT=see runs it. Two real daemons in network namespaces have the faults of nodes, links
and devices; test_alerts_parts has those of what a node has, test_alerts_copies those of DRBD.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.proofs._rules import alerts
from tests.unit.failoverd.test_pair import AGENT, TARGET, Pair

from . import test_alerts_copies, test_alerts_parts
from .watch import Watch, watching

ROUNDS = 3
"""One failover of so many has to be as quick as expected: a busy machine makes them slow."""
SLOW_S = 15.0
"""With it a failover takes longer than the daemons expect."""
ELSEWHERE = {*test_alerts_parts.FAULTS, *test_alerts_copies.FAULTS}
BREAKABLE = AGENT.replace("case $action", '[ -e "$(dirname "$0")/broken" ] && exit 1\ncase $action')
ADDRESS = ("10.9.0.10/24", "dev", "eth0")
NODES = ("node1", "node2")


class Watched(Pair):
    """Two links, devices that are asked each second, and a failure at once moves the service."""

    @staticmethod
    def _config(node: str, agent: str) -> dict[str, Any]:
        config = Pair._config(node, agent)
        cross = {"node1": "10.9.1.1", "node2": "10.9.1.2"}
        link = {"name": "cross", "type": "udp", "interface": "eth1", "address": cross}
        config["links"].append(link)
        config.update(unsafe=[], runtime={"fence_check_s": 1})
        config["services"][0]["restarts"] = 0
        # How long a failover may take is expected from this.
        config["fencing"][0]["timeout_s"] = 2
        return config

    @property
    def broken(self) -> Path:
        """While it is there, no device answers."""
        return self.path / "broken"

    def lose(self, node: str) -> None:
        """The node loses its power: its daemon ends, and its kernel has no address any more."""
        self.end(node, signal.SIGKILL)
        if self.holds_address(node):
            self.wire.ip(NODES.index(node), "address", "del", *ADDRESS)

    def switch_on(self, node: str) -> None:
        """It comes back."""
        for off in self.path.glob("power.*"):
            off.unlink()
        self.start(node)
        self.wait(lambda: self.status(node).get("peer", {}).get("life") == "alive")


@pytest.fixture
def pair(tmp_path: Path, cable: Any, script: Callable[[str, str], str]) -> Iterator[Watched]:
    pair = Watched(tmp_path, cable, script("agent", BREAKABLE))
    cable.ip(0, "link", "add", "eth1", "type", "veth", "peer", "eth1", "netns", cable.names[1])
    for side in (0, 1):
        cable.ip(side, "link", "set", "eth1", "up")
        cable.ip(side, "address", "add", f"10.9.1.{side + 1}/24", "dev", "eth1")
    cable.ip(1, "address", "add", TARGET, "dev", "lo")
    try:
        for node in NODES:
            (pair.path / node / "run-page").mkdir(mode=0o750)
            pair.start(node)
        pair.wait(lambda: pair.runs_on("node1"))
        yield pair
    finally:
        for node in list(pair.processes):
            pair.end(node, signal.SIGKILL)


@pytest.fixture
def watch(pair: Watched, tmp_path: Path) -> Iterator[Watch]:
    with watching(pair, tmp_path) as watch:
        watch.quiet()
        yield watch


def test_every_alert_fires_by_its_fault_and_ends(
    pair: Watched, watch: Watch, request: pytest.FixtureRequest
) -> None:
    for part in (held_up, modes, links, devices, lost_standby, failing_service, lost_owner):
        part(pair, watch)
    watch.ends("FailoverDaemonLate", "FailoverDowntimeUnplanned")
    watch.quiet()
    request.node.user_properties.append(("alerts", len(watch.fired)))
    assert watch.fired == watch.ended == {*alerts()} - ELSEWHERE


def held_up(pair: Watched, watch: Watch) -> None:
    """The scheduler leaves a daemon out for a second, once."""
    process = pair.processes["node2"]
    process.send_signal(signal.SIGSTOP)
    time.sleep(1.0)
    process.send_signal(signal.SIGCONT)
    watch.fires("FailoverDaemonLate")


def modes(pair: Watched, watch: Watch) -> None:
    """People switch them on; in maintenance mode nobody mends what they take away."""
    assert pair.ctl("node1", "maintenance", "on").returncode == 0
    watch.fires("FailoverMaintenance")
    pair.wire.ip(0, "address", "del", *ADDRESS)
    watch.fires("FailoverResourceDown")
    pair.wire.ip(0, "address", "add", *ADDRESS)
    watch.ends("FailoverResourceDown")
    assert pair.ctl("node1", "maintenance", "off").returncode == 0
    watch.ends("FailoverMaintenance")
    assert pair.runs_on("node1")
    assert pair.ctl("node1", "standby", "node2").returncode == 0
    watch.fires("FailoverNodeStandby", "FailoverNotReady")
    assert pair.ctl("node1", "online", "node2").returncode == 0
    watch.ends("FailoverNodeStandby", "FailoverNotReady")


def links(pair: Watched, watch: Watch) -> None:
    """A cable is pulled, another one loses every third frame, and the network of clients fails."""
    pair.wire.ip(0, "link", "set", "eth1", "down")
    watch.fires("FailoverLinkDown", "FailoverLastLink")
    pair.wire.ip(0, "link", "set", "eth1", "up")
    watch.ends("FailoverLinkDown", "FailoverLastLink")
    end = time.monotonic() + 10
    while time.monotonic() < end:
        pair.wire.ip(0, "link", "set", "eth1", "down")
        time.sleep(0.4)
        pair.wire.ip(0, "link", "set", "eth1", "up")
        time.sleep(0.8)
    watch.fires("FailoverLinkLossy")
    watch.ends("FailoverLinkLossy", "FailoverLinkDown", "FailoverLastLink")
    pair.wire.ip(1, "address", "del", f"{TARGET}/32", "dev", "lo")
    watch.fires("FailoverPingTargetLost")
    pair.wire.ip(1, "address", "add", f"{TARGET}/32", "dev", "lo")
    watch.ends("FailoverPingTargetLost")


def devices(pair: Watched, watch: Watch) -> None:
    """The switched socket does not answer."""
    pair.broken.touch()
    watch.fires("FailoverFencingDegraded", "FailoverFencingUnavailable")
    pair.broken.unlink()
    watch.ends("FailoverFencingDegraded", "FailoverFencingUnavailable")


def lost_standby(pair: Watched, watch: Watch) -> None:
    """The standby dies: first nothing can prove it, then the socket switches it off."""
    pair.broken.touch()
    pair.lose("node2")
    watch.fires("FailoverDaemonDown", "FailoverNodeUnclean")
    pair.broken.unlink()
    watch.fires("FailoverNodeOffline")
    watch.ends("FailoverNodeUnclean")
    pair.switch_on("node2")
    watch.ends("FailoverNodeOffline", "FailoverDaemonDown")


def failing_service(pair: Watched, watch: Watch) -> None:
    """Somebody takes its address away: it runs on elsewhere, and the failure is remembered."""
    pair.wire.ip(0, "address", "del", *ADDRESS)
    pair.wait(lambda: pair.runs_on("node2"))
    watch.fires("FailoverServiceFailed")
    assert pair.ctl("node1", "clear", "shop").returncode == 0
    watch.ends("FailoverServiceFailed")


def lost_owner(pair: Watched, watch: Watch) -> None:
    """The owner dies and cannot be excluded for a while; the next failover is quick."""
    pair.broken.touch()
    pair.lose("node2")
    watch.fires("FailoverServiceDown")
    time.sleep(SLOW_S)
    pair.broken.unlink()
    watch.ends("FailoverServiceDown")
    watch.fires("FailoverDowntimeUnplanned")
    pair.switch_on("node2")
    watch.fires("FailoverSlow")
    for _round in range(ROUNDS):
        # It is refused while a busy machine makes one of them late.
        pair.wait(lambda: pair.ctl("node1", "switchover", "shop").returncode == 0)
        pair.wait(lambda: pair.runs_on("node2"))
        pair.lose("node2")
        pair.wait(lambda: pair.runs_on("node1"))
        pair.switch_on("node2")
        # Without an expectation the alert is silent, too.
        pair.wait(lambda: (pair.service("node1").get("ready") or {}).get("seconds"))
        if not watch.sees("FailoverSlow"):
            break
    watch.ends("FailoverSlow")
