# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two bare containers with a service LAN, a LAN for the replication, and a real power switch.

Nothing is installed in them: the playbooks do that. Whom the cluster fences is killed, and boots
again.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lab.command import run
from lab.containers.engine import Engine
from lab.containers.image import ensure
from lab.containers.power import LONGEST_REQUEST, Switch
from lab.errors import LabError
from tests.containers.container import BOOT_S, CAPABILITIES, CHECKOUT, PODMAN
from tests.pacemaker import plays
from tests.pacemaker.room import MARK, ran

NAME = f"failover-streaming-{MARK}"
LAN, CROSS = f"10.79.{MARK}", f"10.80.{MARK}"
NODES = {"node1": "11", "node2": "12"}
"""Node and the end of its address on both LANs."""
AGENT = CHECKOUT / "molecule" / "shared" / "files" / "fence_molecule"
SWITCH = "/mnt/power"
BOOTED = """until [ -S /run/dbus/system_bus_socket ]; do sleep 0.2; done
systemctl is-system-running --wait"""
SERVICE, WRITING, READING, REPLICATION = "shop", f"{LAN}.100", f"{LAN}.101", f"{CROSS}.100"
PASSWORD = "hidden-word"
DIRECTORY = "/srv/shop"
SERVER = f"failover.{SERVICE}.streaming"
VARIABLES: dict[str, Any] = {
    "failover_engine": "pacemaker",
    "failover_links": [
        {"name": "lan", "interface": "eth0"},
        {"name": "cross", "interface": "eth1"},
    ],
    "failover_ping_targets": [f"{LAN}.1"],
    # A machine that does something else may take a node's processor for seconds.
    "failover_timing": {"dead_s": 20},
    "failover_fencing": [
        {
            "method": "stonith",
            "agent": "fence_molecule",
            "nodes": {node: {"plug": node} for node in NODES},
        }
    ],
    "failover_services": [
        {
            "name": SERVICE,
            "preferred": "node1",
            "storage": {
                "type": "streaming",
                "directory": DIRECTORY,
                "link": "cross",
                "address": f"{REPLICATION}/24",
                "read_address": f"{READING}/24",
            },
            "addresses": [f"{WRITING}/24"],
            "applications": [
                {
                    "postgresql": {
                        "password": PASSWORD,
                        "networks": [f"{LAN}.0/24"],
                        "settings": {"shared_buffers": "16MB"},
                    }
                }
            ],
        }
    ],
}


def services(**storage: Any) -> list[dict[str, Any]]:
    """The service with other words for its storage."""
    (service,) = VARIABLES["failover_services"]
    return [{**service, "storage": {**service["storage"], **storage}}]


class Pair:
    """The containers. place: where the keys and inventories lie."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._key = place / "key"
        self.variables = VARIABLES

    def prepare(self) -> None:
        """What a host has before the collection comes: names, a login, its fence device."""
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self._key)])
        public = self._key.with_suffix(".pub").read_text(encoding="utf-8")
        names = "".join(f"{LAN}.{end} {node}\n" for node, end in NODES.items())
        agent = f"#!/usr/bin/python3\n{AGENT.read_text(encoding='utf-8')}"
        for node in NODES:
            self.booted(node)
            self.put(node, "/root/.ssh/authorized_keys", public, "600")
            self.put(node, "/etc/hosts", f"127.0.0.1 localhost\n{names}", "644")
            self.put(node, "/usr/sbin/fence_molecule", agent, "755")

    def put(self, node: str, path: str, text: str, mode: str) -> None:
        """Write a file in a container."""
        command = f"mkdir -p -m 700 {Path(path).parent} && cat >{path} && chmod {mode} {path}"
        self.inside(node, "sh", "-c", command, text=text)

    def booted(self, node: str) -> None:
        """Wait until the boot has ended; a service that failed does not matter."""
        self.asked(node, "sh", "-c", BOOTED, timeout=2 * BOOT_S)

    def inside(self, node: str, *command: str, text: str = "", timeout: float = 60.0) -> str:
        """Run a program in a container, with a text as its input; raises LabError."""
        code, out, err = self.asked(node, *command, text=text, timeout=timeout)
        if code:
            raise LabError(f"{' '.join(command)} on {node} ended with {code}: {err or out}")
        return out

    def asked(
        self, node: str, *command: str, text: str = "", timeout: float = 60.0
    ) -> tuple[int, str, str]:
        """Run a program in a container; return its status, output and errors."""
        return ran(_name(node), *command, text=text, timeout=timeout)

    def kill(self, node: str) -> None:
        """Take the power from a node."""
        Engine("podman").kill(_name(node))

    def start(self, node: str) -> None:
        """Give it back, and wait until it has booted."""
        Engine("podman").start(_name(node))
        self.booted(node)

    def member(self, node: str) -> bool:
        """Start the cluster on a node if it has ended there; whether it runs."""
        self.asked(node, "systemctl", "start", "corosync", "pacemaker")
        return self.asked(node, "crm_mon", "-1")[0] == 0

    def play(self, book: str, *words: str, **variables: Any) -> plays.Said:
        """Run a playbook of the collection. variables: of the cluster, besides the usual ones."""
        hosts = {node: {"ansible_host": f"{LAN}.{end}"} for node, end in NODES.items()}
        given = {**plays.login(self._key), **self.variables, **variables}
        group = {SERVICE: {"hosts": hosts, "vars": given}}
        return plays.run_book(self._place, group, book, *words)


@contextmanager
def raised(place: Path, suite: str = "bookworm") -> Iterator[Pair]:
    """The containers have booted and can be reached; they are removed in any case."""
    made = ensure(Engine("podman"), suite)
    _remove()
    with _switch(place / "power"):
        try:
            for name, subnet in ((_lan("lan"), LAN), (_lan("cross"), CROSS)):
                create = [*PODMAN, "network", "create", "--internal", "--disable-dns"]
                run([*create, "--subnet", f"{subnet}.0/24", name])
            for node, end in NODES.items():
                _create(node, end, made, place / "power")
            _reachable()
            pair = Pair(place)
            pair.prepare()
            yield pair
        finally:
            _remove()


def _name(node: str) -> str:
    return f"{NAME}-{node}"


def _lan(name: str) -> str:
    return f"{NAME}-{name}"


def _create(node: str, end: str, made: dict[str, str], power: Path) -> None:
    options = [
        *("--hostname", node, "--network", _lan("lan"), "--ip", f"{LAN}.{end}"),
        *("--dns", "127.0.0.1", "--systemd=always", "--no-hosts"),
        *("--security-opt", "unmask=/proc/sys", "--security-opt", "seccomp=unconfined"),
        *("--security-opt", "apparmor=unconfined"),
        *(word for capability in CAPABILITIES for word in ("--cap-add", capability)),
        *("--volume", f"{made['packages']}:/srv/packages:ro", "--volume", f"{power}:{SWITCH}"),
    ]
    run([*PODMAN, "create", "--name", _name(node), *options, made["image"], "/lib/systemd/systemd"])
    run([*PODMAN, "network", "connect", "--ip", f"{CROSS}.{end}", _lan("cross"), _name(node)])
    run([*PODMAN, "start", _name(node)])


def _reachable() -> None:
    """Give this host an address in the service LAN; podman does not, as it leads nowhere."""
    told = json.loads(run([*PODMAN, "network", "inspect", _lan("lan")]))
    bridge = str(told[0]["network_interface"])
    if f"{LAN}.1/" not in run(["ip", "-brief", "address", "show", "dev", bridge]):
        run(["ip", "address", "add", f"{LAN}.1/24", "dev", bridge])


@contextmanager
def _switch(place: Path) -> Iterator[None]:
    """The power switch of the containers answers at a socket in this directory."""
    place.mkdir(mode=0o700)
    switch = Switch(Engine("podman"), {node: _name(node) for node in NODES})
    loop, ready = asyncio.new_event_loop(), threading.Event()

    async def serve() -> None:
        path = str(place / "socket")
        server = await asyncio.start_unix_server(switch.serve, path, limit=LONGEST_REQUEST)
        ready.set()
        async with server:
            await server.serve_forever()

    task = loop.create_task(serve())

    def turn() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            loop.run_until_complete(task)

    thread = threading.Thread(target=turn, name="power switch", daemon=True)
    thread.start()
    try:
        assert ready.wait(BOOT_S), "the power switch does not listen"
        yield
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join(BOOT_S)


def _remove() -> None:
    """Gone or never there is the same."""
    for command in (
        ["rm", "--force", "--volumes", "--ignore", *map(_name, NODES)],
        ["network", "rm", "--force", _lan("lan"), _lan("cross")],
    ):
        done = subprocess.run(
            [*PODMAN, *command], capture_output=True, text=True, check=False, timeout=60
        )
        if done.returncode and "not found" not in done.stderr:
            raise LabError(f"{' '.join(command)}: {done.stderr.strip()}")
