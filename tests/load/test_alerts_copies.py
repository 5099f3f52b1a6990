# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Alerts of replicated disks: two real daemons read what DRBD's kernels say, which is a file here.

make show WHAT=see runs it. The lab has the kernels themselves.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from tests.unit.failoverd import test_pair
from tests.unit.failoverd.test_pair import AGENT, TARGET, Pair

from .watch import NODES, watching

LINE = "version: 8.4.11 (api:1/proto:86-101)\n 0: cs:{} ro:{}/{} ds:{}/{} C {}-----\n"
WELL = (
    ("Connected", "Primary", "Secondary", "UpToDate", "UpToDate", "r"),
    ("Connected", "Secondary", "Primary", "UpToDate", "UpToDate", "r"),
)
LOST = ("WFConnection", "Secondary", "Unknown", "UpToDate", "DUnknown", "r")
FAULTS = {
    "FailoverReplicationBehind": (
        ("SyncSource", "Primary", "Secondary", "UpToDate", "Inconsistent", "r"),
        ("SyncTarget", "Secondary", "Primary", "Inconsistent", "UpToDate", "r"),
    ),
    "FailoverReplicationDown": (
        ("WFConnection", "Primary", "Unknown", "UpToDate", "DUnknown", "r"),
        LOST,
    ),
    "FailoverSplitBrain": (
        ("StandAlone", "Primary", "Unknown", "UpToDate", "DUnknown", "r"),
        ("StandAlone", "Secondary", "Unknown", "UpToDate", "DUnknown", "r"),
    ),
    "FailoverWritesFrozen": (
        ("WFConnection", "Primary", "Unknown", "UpToDate", "DUnknown", "s"),
        LOST,
    ),
}
"""What the kernel of the owner says, and that of the standby."""
KERNEL = """
from failoverd.resources import drbd
drbd.PROC = {proc!r}
drbd.SETUP_84 = ({program!r},)
drbd.SETUP = drbd.ADM = {program!r}
"""
PROGRAM = """
[ "$1 $2" = "primary 0" ] || exit 0
sed -i s,ro:Secondary/,ro:Primary/, {own}
sed -i s,/Secondary,/Primary, {other}
"""


class Replicated(Pair):
    """The service has a disk that is replicated."""

    def prepare(self, script: Callable[[str, str], str]) -> None:
        """The kernels have connected the copies; nobody has promoted one."""
        for node, other in zip(NODES, reversed(NODES), strict=True):
            path = self.path / node / "etc/cluster.json"
            config = json.loads(path.read_text())
            [service] = config["services"]
            service["resources"][0]["after"] = ["disk"]
            disk = {"name": "disk", "type": "drbd", "resource": "shop", "minor": 0}
            service["resources"].insert(0, disk)
            path.write_text(json.dumps(config))
            text = PROGRAM.format(own=self.proc(node), other=self.proc(other))
            program = script(f"drbdsetup-{node}", text)
            place = self.path / node / "kernel"
            place.mkdir()
            site = KERNEL.format(proc=str(self.proc(node)), program=program)
            (place / "sitecustomize.py").write_text(site)
            (self.path / node / "run-page").mkdir(mode=0o750)
        alone = [(state[0], "Secondary", "Secondary", *state[3:]) for state in WELL]
        self.say(alone[0], alone[1])

    def proc(self, node: str) -> Path:
        """Where the kernel of the node tells the state of its disk."""
        return self.path / f"proc-{node}"

    def say(self, *states: tuple[str, ...]) -> None:
        """The state in the words of each kernel."""
        for node, state in zip(NODES, states, strict=True):
            fresh = self.path / f"fresh-{node}"
            fresh.write_text(LINE.format(*state))
            fresh.replace(self.proc(node))

    def start(self, node: str) -> None:
        files = f"{self.path / node / 'kernel'}:{test_pair.FILES}"
        with patch.object(test_pair, "FILES", files):
            super().start(node)


@pytest.fixture
def replicated(
    tmp_path: Path, cable: Any, script: Callable[[str, str], str]
) -> Iterator[Replicated]:
    pair = Replicated(tmp_path, cable, script("agent", AGENT))
    pair.prepare(script)
    try:
        cable.ip(1, "address", "add", TARGET, "dev", "lo")
        for node in NODES:
            pair.start(node)
        pair.wait(lambda: pair.runs_on("node1"))
        yield pair
    finally:
        for node in list(pair.processes):
            pair.end(node, signal.SIGKILL)


def test_the_alerts_of_a_replicated_disk(
    replicated: Replicated, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    with watching(replicated, tmp_path) as watch:
        for name, states in FAULTS.items():
            watch.quiet("FailoverNotReady", "FailoverFencingNotAsked")
            replicated.say(*states)
            watch.fires(name)
            replicated.say(*WELL)
            watch.ends(name)
    request.node.user_properties.append(("alerts", len(watch.fired)))
    assert watch.fired == watch.ended == {*FAULTS}
    assert replicated.runs_on("node1")
