# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Alerts of what a node has: file system, application, clock, watchdog, questions to its devices.

make show WHAT=see runs it. Two real daemons; node1 has a file system on a loop device. The hour
after which a device counts as not asked is a few seconds, as all windows of the hasty rules are.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from tests.unit.bounded import within
from tests.unit.failoverd import test_pair_repair as repair
from tests.unit.failoverd.test_pair import AGENT, TARGET

from .watch import NODES, watching

PORT = 8080
ABSENT = "/dev/failover-absent"
LATE_CLOCK = """
import time
right = time.time
time.time = lambda: right() - 60.0
"""
LISTENER = f"""
import socket
with socket.create_server(("127.0.0.1", {PORT})) as server:
    print("ready", flush=True)
    while True:
        server.accept()[0].close()
"""


class Parts(repair.Storage):
    """The service has a file system that only node1 has, and an application that only listens."""

    application: subprocess.Popen[str] | None = None

    def prepare(self, device: str) -> None:
        super().prepare(device)
        check = {"type": "port", "port": PORT, "interval_s": 0.5, "deadline_s": 0.4}
        for node in NODES:
            with self.changed(node) as config:
                config.update(runtime={"fence_check_s": 1})
                config["monitors"]["space"] = {"interval_s": 1}
                # A new life of a daemon may take long on a busy machine.
                config["timing"]["dead_s"] = 30
                [service] = config["services"]
                service["restarts"] = 1000
                service["resources"][0].update(interface="eth0", monitor=[check])

    @contextmanager
    def changed(self, node: str) -> Iterator[dict[str, Any]]:
        """Its configuration; the next life of its daemon has it as it is left."""
        path = self.path / node / "etc/cluster.json"
        config = json.loads(path.read_text())
        yield config
        path.write_text(json.dumps(config))

    def again(self, node: str, *more: Path) -> None:
        """A new life of its daemon. more: where its Python looks for modules first."""
        self.end(node, signal.SIGTERM)
        with patch.object(repair, "FILES", ":".join(map(str, (*more, repair.FILES)))):
            self.start(node)
        self.wait(lambda: self.status(node).get("peer", {}).get("life") == "alive")

    def listen(self) -> None:
        """The application serves."""
        argv = ["ip", "netns", "exec", self.wire.names[0], sys.executable, "-c", LISTENER]
        self.application = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
        assert self.application.stdout is not None
        assert within(self.application.stdout.readline) == "ready\n"

    def close(self) -> None:
        """It is gone."""
        if self.application is not None:
            self.application.kill()
            self.application.wait(60)
            self.application = None


@pytest.fixture
def parts(tmp_path: Path, cable: Any, script: Callable[[str, str], str]) -> Iterator[Parts]:
    image = tmp_path / "disk"
    (tmp_path / "mnt").mkdir()
    with image.open("wb") as file:
        file.truncate(64 << 20)
    subprocess.run(["mkfs.ext4", "-q", "-F", str(image)], check=True)
    argv = ["losetup", "--find", "--show", str(image)]
    done = subprocess.run(argv, check=True, capture_output=True, text=True)
    device = done.stdout.strip()
    parts = Parts(tmp_path, cable, script("agent", AGENT))
    parts.hosts = {}
    try:
        cable.ip(1, "address", "add", TARGET, "dev", "lo")
        parts.prepare(device)
        parts.listen()
        for node in NODES:
            (parts.path / node / "run-page").mkdir(mode=0o750)
            parts.start(node)
        parts.wait(lambda: parts.runs_on("node1"))
        yield parts
    finally:
        parts.close()
        for node in list(parts.processes):
            parts.end(node, signal.SIGKILL)
        for host in parts.hosts.values():
            host.kill()
            host.wait(60)
        subprocess.run(["losetup", "--detach", device], check=True)


def test_the_alerts_of_what_a_node_has(
    parts: Parts, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    with watching(parts, tmp_path) as watch:
        # node2 has no such disk.
        watch.quiet("FailoverNotReady")
        for name, (fault, mended) in FAULTS.items():
            fault(parts)
            watch.fires(name)
            mended(parts)
            watch.ends(name)
        assert watch.fired == watch.ended == {*FAULTS}
    request.node.user_properties.append(("alerts", len(watch.fired)))
    assert parts.runs_on("node1")


def fill(parts: Parts) -> None:
    """Somebody's file leaves a twentieth of the file system."""
    room = os.statvfs(parts.inside)
    with (parts.inside / "full").open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, int(room.f_bavail * room.f_frsize * 0.95))


def unfill(parts: Parts) -> None:
    """They have removed it."""
    (parts.inside / "full").unlink()


def ask_seldom(parts: Parts) -> None:
    """The device is to be asked once in two hours."""
    with parts.changed("node2") as config:
        config["runtime"]["fence_check_s"] = 7200
    parts.again("node2")


def ask_often(parts: Parts) -> None:
    """It is asked each second."""
    with parts.changed("node2") as config:
        config["runtime"]["fence_check_s"] = 1
    parts.again("node2")


def name_a_watchdog(parts: Parts) -> None:
    """The device that is to protect node2 is not there."""
    with parts.changed("node2") as config:
        config["watchdog"] = {"device": ABSENT}
    parts.again("node2")


def name_none(parts: Parts) -> None:
    """It is not to have one."""
    with parts.changed("node2") as config:
        del config["watchdog"]
    parts.again("node2")


def set_clock(parts: Parts) -> None:
    """The wall clock that node2's daemon reads is a minute late. That of this machine stays."""
    place = parts.path / "clock"
    place.mkdir()
    (place / "sitecustomize.py").write_text(LATE_CLOCK)
    parts.again("node2", place)


def set_clock_right(parts: Parts) -> None:
    """It is that of this machine."""
    parts.again("node2")


FAULTS: dict[str, tuple[Callable[[Parts], None], Callable[[Parts], None]]] = {
    "FailoverDiskFull": (fill, unfill),
    "FailoverApplicationSick": (Parts.close, Parts.listen),
    "FailoverClock": (set_clock, set_clock_right),
    "FailoverWatchdogOff": (name_a_watchdog, name_none),
    "FailoverFencingNotAsked": (ask_seldom, ask_often),
}
"""What brings it, and what ends it."""
