# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shared helpers: network namespaces made for one test, and a small complete configuration."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import itertools
import json
import os
import resource
import select
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from failoverd.monitors.echo import Echo
from tests.unit.bounded import LIMIT_S

CLONE_NEWNET = 0x40000000
_numbers = itertools.count(1)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, timeout=LIMIT_S)


class Wire:
    """Two namespaces joined by a cable: eth0 with 10.9.0.1 and 10.9.0.2, fd00::1 and fd00::2."""

    def __init__(self) -> None:
        number = f"{os.getpid()}-{next(_numbers)}"
        self.names = (f"fcu{number}a", f"fcu{number}b")

    def up(self) -> None:
        """Make it."""
        for name in self.names:
            _ip("netns", "add", name)
        _ip(
            "-n",
            self.names[0],
            "link",
            "add",
            "eth0",
            "type",
            "veth",
            "peer",
            "name",
            "eth0",
            "netns",
            self.names[1],
        )
        for index, name in enumerate(self.names, 1):
            _ip("-n", name, "link", "set", "lo", "up")
            _ip("-n", name, "link", "set", "eth0", "up")
            _ip("-n", name, "address", "add", f"10.9.0.{index}/24", "dev", "eth0")
            _ip("-n", name, "address", "add", f"fd00::{index}/64", "dev", "eth0", "nodad")
        for version, address in ((4, "10.9.0.2"), (6, "fd00::2")):
            self._await(version, address)

    def _await(self, version: int, address: str) -> None:
        """Until packets pass: the kernel may take a second if many links change on this machine."""
        answers: list[str] = []
        with self.side(0):
            echo = Echo(version, lambda sender, number: answers.append(sender))
        for number in range(1, 500):
            with contextlib.suppress(OSError):
                echo.ask(address, number)
            select.select([echo.socket], [], [], 0.02)
            echo.read()
            if answers:
                break
        echo.close()
        assert answers, f"{address}: nothing passes the cable"

    def ip(self, side: int, *words: str) -> None:
        """Run ip(8) on one side."""
        _ip("-n", self.names[side], *words)

    def down(self) -> None:
        """Remove it."""
        for name in self.names:
            subprocess.run(
                ["ip", "netns", "del", name], check=False, capture_output=True, timeout=LIMIT_S
            )

    @contextmanager
    def side(self, side: int) -> Iterator[None]:
        """Sockets made in here belong to that side."""
        libc = ctypes.CDLL(None, use_errno=True)
        home = os.open("/proc/self/ns/net", os.O_RDONLY)
        there = os.open(f"/run/netns/{self.names[side]}", os.O_RDONLY)
        try:
            assert libc.setns(there, CLONE_NEWNET) == 0
            yield
        finally:
            libc.setns(home, CLONE_NEWNET)
            os.close(home)
            os.close(there)


@pytest.fixture
def cable() -> Iterator[Wire]:
    """Two hosts on one LAN."""
    wire = Wire()
    try:
        wire.up()
        yield wire
    finally:
        wire.down()


async def eventually(condition: Callable[[], Any], limit_s: float = 10.0) -> None:
    """Wait until the condition holds; the limit only ends a test that fails anyway."""
    for _round in range(int(limit_s / 0.01)):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"did not come true within {limit_s:g} s")


@pytest.fixture
def until() -> Callable[..., Any]:
    """The eventually() helper."""
    return eventually


def _runs(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


@pytest.fixture
def ends() -> Callable[[int], None]:
    """Waits until a process that was killed is gone: the kernel does it when its turn comes."""
    return lambda pid: asyncio.run(eventually(lambda: not _runs(pid)))


class Few:
    """Descriptors of this process: taken away until none is left, and given back."""

    def __init__(self) -> None:
        self._limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        self._held: list[int] = []

    def take(self) -> None:
        """From here on nothing can be opened: EMFILE."""
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(self._limits[0], 256), self._limits[1]))
        with contextlib.suppress(OSError):
            while True:
                self._held.append(os.dup(0))

    def give(self) -> None:
        """As before."""
        while self._held:
            os.close(self._held.pop())
        resource.setrlimit(resource.RLIMIT_NOFILE, self._limits)


@pytest.fixture
def few() -> Iterator[Few]:
    """The limit of descriptors, really reached."""
    result = Few()
    yield result
    result.give()


CLUSTER: dict[str, Any] = {
    "format": 1,
    "cluster": "shop",
    "node": "node1",
    "nodes": ["node1", "node2"],
    "links": [
        {
            "name": "lan",
            "type": "udp",
            "interface": "eth0",
            "address": {"node1": "10.9.0.1", "node2": "10.9.0.2"},
        },
        {"name": "wire", "type": "serial", "device": "/dev/ttyS0"},
    ],
    "fencing": [
        {
            "name": "bmc",
            "method": "stonith",
            "agent": "fence_ipmilan",
            "parameters": {"username": "admin", "lanplus": True},
            "nodes": {"node1": {"ip": "10.9.1.1"}, "node2": {"ip": "10.9.1.2"}},
        }
    ],
    "services": [
        {
            "name": "shop",
            "preferred": "node1",
            "resources": [
                {"name": "drbd", "type": "drbd", "resource": "shop", "minor": 0},
                {
                    "name": "mount",
                    "type": "filesystem",
                    "device": "/dev/drbd0",
                    "path": "/srv/shop",
                    "fstype": "ext4",
                    "after": ["drbd"],
                },
                {
                    "name": "address",
                    "type": "virtual_ip",
                    "address": "10.9.0.10/24",
                    "interface": "eth0",
                    "after": ["drbd"],
                },
                {"name": "db", "type": "unit", "unit": "db.service", "after": ["mount"]},
            ],
        }
    ],
}


@pytest.fixture
def cluster() -> dict[str, Any]:
    """A complete cluster.json that may be changed."""
    copy: dict[str, Any] = json.loads(json.dumps(CLUSTER))
    return copy


@pytest.fixture
def texts(cluster: dict[str, Any]) -> Callable[[], dict[str, str]]:
    """The files of a configuration directory as they stand after the test's changes."""
    return lambda: {"cluster.json": json.dumps(cluster), "key": "ab" * 32}


@pytest.fixture
def open_path() -> Iterator[Path]:
    """A directory that every account may enter. pytest's own is for its owner alone."""
    with tempfile.TemporaryDirectory(prefix="failover-test-") as name:
        path = Path(name)
        path.chmod(0o755)
        yield path


@pytest.fixture
def script(tmp_path: Path) -> Callable[[str, str], str]:
    """Write an executable shell script; returns its path."""

    def write(name: str, body: str) -> str:
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
        path.chmod(0o755)
        return str(path)

    return write


@pytest.fixture
def sleeper() -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Starts processes that do nothing; ends them with the test."""
    begun: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        begun.append(subprocess.Popen(["sleep", "600"]))
        return begun[-1]

    yield start
    for process in begun:
        process.kill()
        process.wait(LIMIT_S)
