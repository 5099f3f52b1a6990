# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Containers of plain Debian with Corosync and Pacemaker, in a network that leads nowhere."""

from __future__ import annotations

import json
import subprocess
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.command import run
from lab.containers.engine import Engine
from lab.containers.image import ensure
from lab.errors import LabError
from lab.image import words
from tests.containers.container import BOOT_S, BOOTED, CAPABILITIES, CHECKOUT, INSTALL_S, PODMAN

PACKAGES = Path(__file__).resolve().parent / "packages.txt"
SHARED = CHECKOUT / "build" / "pacemaker"
"""A directory that has the same path here and in the containers."""
DISK = SHARED / "disk"
DISK_BYTES = 64 << 20
"""All nodes see it as /dev/shared0, each by a loop device of its own: what one has mounted must be
free on another, as it is on two kernels."""
MARK = zlib.crc32(str(CHECKOUT).encode()) % 200
"""Two checkouts on one host do not meet."""
NETWORK = f"failover-pacemaker-{MARK}"
SUBNET = f"10.78.{MARK}"
NODES = {"node1": f"{SUBNET}.11", "node2": f"{SUBNET}.12"}
"""Node and its address."""
SPARE = {"node3": f"{SUBNET}.13"}
"""A node that joins a cluster of the others."""
ALL = {**NODES, **SPARE}
AGENTS = (
    ("engine_pacemaker/files/vipcheck", "/usr/lib/ocf/resource.d/failover/vipcheck", "0755"),
    ("engine_pacemaker/files/vipcheck.py", "/usr/lib/ocf/lib/failover/vipcheck.py", "0644"),
    (
        "engine_agent/files/failoverd/resources/neighbour.py",
        "/usr/lib/ocf/lib/failover/neighbour.py",
        "0644",
    ),
)
"""File of a role, where it lies on a node, and its mode."""
QUIET = "printf '#!/bin/sh\\nexit 101\\n' >/usr/sbin/policy-rc.d; chmod +x /usr/sbin/policy-rc.d"
"""Nothing is started by its installation."""


@contextmanager
def raised(suite: str = "bookworm") -> Iterator[None]:
    """The containers have booted and have everything installed; they are removed in any case."""
    made = ensure(Engine("podman"), suite, PACKAGES)
    _remove()
    SHARED.mkdir(parents=True, exist_ok=True)
    DISK.unlink(missing_ok=True)
    with DISK.open("wb") as file:
        file.truncate(DISK_BYTES)
    try:
        create = [*PODMAN, "network", "create", "--internal", "--disable-dns"]
        run([*create, "--subnet", f"{SUBNET}.0/24", NETWORK])
        for node in ALL:
            _create(node, made)
            run([*PODMAN, "start", _name(node)])
        for node in ALL:
            inside(node, "sh", "-c", BOOTED, timeout=BOOT_S)
            _install(node)
        yield
    finally:
        _remove()


def _name(node: str) -> str:
    return f"{NETWORK}-{node}"


def inside(node: str, *command: str, text: str = "", timeout: float = 60.0) -> str:
    """Run a program in a container, with a text as its input; raises LabError."""
    code, out, err = asked(node, *command, text=text, timeout=timeout)
    if code:
        raise LabError(f"{' '.join(command)} on {node} ended with {code}: {err or out}")
    return out


def asked(node: str, *command: str, text: str = "", timeout: float = 60.0) -> tuple[int, str, str]:
    """Run a program in a container; return its status, output and errors."""
    return ran(_name(node), *command, text=text, timeout=timeout)


def ran(
    container: str, *command: str, text: str = "", timeout: float = 60.0
) -> tuple[int, str, str]:
    """The same of a container of any room, by its name."""
    done = subprocess.run(
        [*PODMAN, "exec", "--interactive", container, *command],
        input=text,
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout,
    )
    return done.returncode, done.stdout, done.stderr


def put(node: str, path: str, text: str, mode: str = "0600") -> None:
    """Write a file in a container."""
    inside(node, "sh", "-c", f"umask 077; cat >{path} && chmod {mode} {path}", text=text)


def reachable() -> None:
    """Give this host an address in the network; podman does not, as it leads nowhere."""
    if f"{SUBNET}.1/" not in run(["ip", "-brief", "address", "show", "dev", bridge()]):
        taken(f"{SUBNET}.1/24", True)


def bridge() -> str:
    """The interface of this host in the network."""
    told = json.loads(run([*PODMAN, "network", "inspect", NETWORK]))
    return str(told[0]["network_interface"])


def taken(address: str, there: bool) -> None:
    """Whether this host has an address in the network."""
    run(["ip", "address", "add" if there else "del", address, "dev", bridge()])


def emptied() -> None:
    """All nodes are up, and have no cluster."""
    for node in ALL:
        Engine("podman").start(_name(node))
        inside(node, "sh", "-c", BOOTED, timeout=BOOT_S)
        inside(node, "systemctl", "disable", "--now", "pacemaker", "corosync")
        inside(node, "sh", "-c", "rm -rf /etc/corosync/corosync.conf /var/lib/pacemaker/cib/*")


def returned(node: str) -> None:
    """A node that was killed has booted again, whatever of it is in order."""
    Engine("podman").start(_name(node))
    inside(node, "sh", "-c", f"{BOOTED} || true", timeout=BOOT_S)


def agents(node: str) -> None:
    """Install the agents of the collection, as the role does."""
    for source, path, mode in AGENTS:
        inside(node, "mkdir", "-p", str(Path(path).parent))
        put(node, path, (CHECKOUT / "roles" / source).read_text(encoding="utf-8"), mode)


def _create(node: str, made: dict[str, str]) -> None:
    loop = run(["losetup", "--find", "--show", str(DISK)]).strip()
    options = [
        *("--device", f"{loop}:/dev/shared0"),
        *("--hostname", node, "--network", NETWORK, "--ip", ALL[node], "--dns", "127.0.0.1"),
        *("--systemd=always", "--no-hosts"),
        *("--security-opt", "unmask=/proc/sys", "--security-opt", "seccomp=unconfined"),
        *("--security-opt", "apparmor=unconfined"),
        *(word for capability in CAPABILITIES for word in ("--cap-add", capability)),
        *("--volume", f"{made['packages']}:/srv/packages:ro"),
        *("--volume", f"{SHARED}:{SHARED}"),
    ]
    run([*PODMAN, "create", "--name", _name(node), *options, made["image"], "/lib/systemd/systemd"])


def _install(node: str) -> None:
    inside(node, "sh", "-c", QUIET)
    inside(node, "apt-get", "update", "-q")
    apt = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y", "-q"]
    inside(node, *apt, "--no-install-recommends", *words(PACKAGES), timeout=INSTALL_S)


def _remove() -> None:
    """Gone or never there is the same."""
    for command in (
        ["rm", "--force", "--volumes", "--ignore", *map(_name, ALL)],
        ["network", "rm", "--force", NETWORK],
    ):
        done = subprocess.run(
            [*PODMAN, *command], capture_output=True, text=True, check=False, timeout=60
        )
        if done.returncode and "not found" not in done.stderr:
            raise LabError(f"{' '.join(command)}: {done.stderr.strip()}")
    for line in run(["losetup", "--noheadings", "--output", "NAME", "-j", str(DISK)]).split():
        run(["losetup", "--detach", line])
