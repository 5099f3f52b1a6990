# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""F91: a real daemon opens the storage of a service that does not start, and closes it again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.bounded import within

from .test_pair import AGENT, FILES, TARGET, Pair

pytestmark = pytest.mark.finding("S31")


class Storage(Pair):
    """A service on a disk that only node1 has; its address has no interface there at first.

    Each node is a process whose namespaces, with all that is mounted there, outlive its daemons.
    """

    mount = Path()
    hosts: dict[str, subprocess.Popen[str]]

    def prepare(self, device: str) -> None:
        """Begin the nodes, and write their configuration anew."""
        self.mount = self.path / "mnt"
        storage = {
            "name": "mount",
            "type": "filesystem",
            "device": {"node1": device, "node2": "/dev/none"},
            "path": str(self.mount),
            "fstype": "ext4",
        }
        for node, namespace in zip(("node1", "node2"), self.wire.names, strict=True):
            path = self.path / node / "etc/cluster.json"
            config = json.loads(path.read_text())
            [address] = config["services"][0]["resources"]
            address.update(after=["mount"], interface={"node1": "late", "node2": "eth0"})
            config["services"][0]["resources"].append(storage)
            path.write_text(json.dumps(config))
            argv = ["ip", "netns", "exec", namespace, "sh", "-c", "echo ready; exec sleep 600"]
            host = self.hosts[node] = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
            assert host.stdout is not None and within(host.stdout.readline) == "ready\n"

    def start(self, node: str) -> None:
        base = self.path / node
        argv = ["nsenter", "-t", str(self.hosts[node].pid), "-m", "-n"]
        argv += [sys.executable, "-m", "failoverd"]
        for name in ("etc", "state", "run"):
            argv += [f"--{name}", str(base / name)]
        with (base / "log").open("ab") as log:
            process = subprocess.Popen(argv, stderr=log, env={**os.environ, "PYTHONPATH": FILES})
        (base / "pid").write_text(str(process.pid))
        self.processes[node] = process

    def part(self, name: str) -> str:
        """The state of a resource of node1 as status shows it."""
        found = self.service("node1").get("resources", [])
        return next((entry["state"] for entry in found if entry["name"] == name), "")

    @property
    def inside(self) -> Path:
        """The mount point as node1 sees it."""
        return Path(f"/proc/{self.hosts['node1'].pid}/root{self.mount}")

    @property
    def mounted(self) -> bool:
        return (self.inside / "lost+found").exists()


@pytest.fixture
def storage(tmp_path: Path, cable: Any, script: Callable[[str, str], str]) -> Iterator[Storage]:
    image, mount = tmp_path / "disk", tmp_path / "mnt"
    mount.mkdir()
    with image.open("wb") as file:
        file.truncate(16 << 20)
    subprocess.run(["mkfs.ext4", "-q", "-F", str(image)], check=True)
    argv = ["losetup", "--find", "--show", str(image)]
    done = subprocess.run(argv, check=True, capture_output=True, text=True)
    device = done.stdout.strip()
    pair = Storage(tmp_path, cable, script("agent", AGENT))
    pair.hosts = {}
    try:
        cable.ip(1, "address", "add", TARGET, "dev", "lo")
        pair.prepare(device)
        for node in ("node1", "node2"):
            pair.start(node)
        pair.wait(lambda: "it failed on node2" in pair.service("node1").get("why", ""))
        yield pair
    finally:
        for node in list(pair.processes):
            pair.end(node, signal.SIGKILL)
        for host in pair.hosts.values():
            host.kill()
            host.wait(60)
        subprocess.run(["losetup", "--detach", device], check=True)


def test_what_keeps_a_service_down_is_repaired_with_two_commands(storage: Storage) -> None:
    assert not storage.mounted
    done = storage.ctl("node1", "repair", "open", "shop")
    assert done.returncode == 0, done.stderr
    assert "open on node1, for repair" in done.stdout and str(storage.mount) in done.stdout
    assert storage.mounted
    assert "open for repair on node1" in storage.ctl("node1", "status").stdout
    assert (storage.part("mount"), storage.part("address")) == ("up", "down")
    assert "open for repair on node1" in storage.ctl("node2", "status").stdout
    # A new life of the daemon leaves it as it is (F31).
    storage.end("node1", signal.SIGKILL)
    storage.start("node1")
    storage.wait(lambda: storage.service("node1")["state"] == "open for repair")
    assert storage.mounted
    for words in ("add late type veth peer name far", "set far up", "set late up"):
        storage.wire.ip(0, "link", *words.split())
    done = storage.ctl("node1", "repair", "close", "shop")
    assert done.returncode == 0, done.stderr
    storage.wait(lambda: storage.runs_on("node1"))
    assert storage.mounted
    assert (storage.part("mount"), storage.part("address")) == ("up", "up")
    refused = storage.ctl("node1", "repair", "open", "shop")
    assert refused.returncode == 1 and "only the storage of a stopped service" in refused.stderr
