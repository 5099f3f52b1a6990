# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The container: plain Debian with the agents and what they drive, no network, one shared disk."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from lab.command import run
from lab.containers.engine import Engine
from lab.containers.image import ensure
from lab.errors import LabError
from lab.image import words

CHECKOUT = Path(__file__).resolve().parents[2]
PACKAGES = Path(__file__).resolve().parent / "packages.txt"
UNIT = CHECKOUT / "roles" / "engine_agent" / "templates" / "failoverd.service.j2"
NAME = "failover-agents"
PODMAN = ("env", f"CONTAINERS_CONF={CHECKOUT}/molecule/shared/files/containers.conf", "podman")
CAPABILITIES = (
    *("SYS_ADMIN", "NET_ADMIN", "NET_RAW", "SYS_PTRACE", "DAC_READ_SEARCH", "SYS_NICE"),
    "AUDIT_WRITE",
)
INHERITED = ("UMask", "OOMScoreAdjust", "LimitMEMLOCK", "KillMode")
"""What a child of the daemon has from it. A container cannot schedule in real time."""
OOM = "OOMScoreAdjust=500"
"""Few hosts let a container protect a process; whether children inherit it shows as well so."""
DISK_BYTES = 64 << 20
BOOTED = """until [ -S /run/dbus/system_bus_socket ]; do sleep 0.1; done
systemctl is-system-running --wait"""
BOOT_S = 60.0
INSTALL_S = 300.0


def inherited(unit: str) -> list[str]:
    """The lines of the daemon's unit that its children feel."""
    lines = (line.strip() for line in unit.splitlines())
    found = [line for line in lines if line.partition("=")[0] in INHERITED]
    return [OOM if line.startswith("OOMScoreAdjust=") else line for line in found]


@contextmanager
def raised(suite: str = "bookworm") -> Iterator[None]:
    """A container that has booted and has everything installed; it is removed in any case."""
    made = ensure(Engine("podman"), suite, PACKAGES)
    with _disk() as device:
        _remove()
        try:
            _create(made, device)
            run([*PODMAN, "start", NAME])
            inside("sh", "-c", BOOTED, timeout=BOOT_S)
            _install()
            yield
        finally:
            _remove()


def inside(*command: str, timeout: float = 60.0) -> str:
    """Run a program in the container; raises LabError."""
    return run([*PODMAN, "exec", NAME, *command], timeout=timeout)


def as_daemon(*command: str, timeout: float) -> str:
    """Run a program of the checkout in the container, with what the daemon would have."""
    properties = inherited(UNIT.read_text(encoding="utf-8"))
    paths = "PYTHONPATH=/srv/checkout/roles/engine_agent/files:/srv/checkout"
    return inside(
        *("systemd-run", "--quiet", "--pipe", "--wait", "--collect"),
        *(word for line in properties for word in ("-p", line)),
        *("-E", paths, "-E", "PYTHONDONTWRITEBYTECODE=1"),
        *command,
        timeout=timeout,
    )


@contextmanager
def _disk() -> Iterator[str]:
    with tempfile.NamedTemporaryFile(prefix="failover-agents-") as file:
        file.truncate(DISK_BYTES)
        device = run(["losetup", "--find", "--show", file.name]).strip()
        try:
            yield device
        finally:
            run(["losetup", "--detach", device])


def _create(made: dict[str, str], device: str) -> None:
    options = [
        *("--hostname", "node1", "--network", "none", "--systemd=always", "--no-hosts"),
        *("--security-opt", "unmask=/proc/sys", "--security-opt", "seccomp=unconfined"),
        *("--security-opt", "apparmor=unconfined"),
        *(word for capability in CAPABILITIES for word in ("--cap-add", capability)),
        *("--device", f"{device}:/dev/shared0"),
        *("--volume", f"{made['packages']}:/srv/packages:ro"),
        *("--volume", f"{CHECKOUT}:/srv/checkout:ro"),
    ]
    run([*PODMAN, "create", "--name", NAME, *options, made["image"], "/lib/systemd/systemd"])


def _install() -> None:
    """Nothing is started by its installation, nor at a boot: that is for the agents."""
    policy = (
        "printf '#!/bin/sh\\nexit 101\\n' >/usr/sbin/policy-rc.d; chmod +x /usr/sbin/policy-rc.d"
    )
    inside("sh", "-c", policy)
    inside("apt-get", "update", "-q")
    apt = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y", "-q"]
    inside(*apt, "--no-install-recommends", *words(PACKAGES), timeout=INSTALL_S)


def _remove() -> None:
    """Gone or never there is the same."""
    command: Sequence[str] = [*PODMAN, "rm", "--force", "--volumes", "--ignore", NAME]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    if done.returncode:
        raise LabError(f"the container {NAME} cannot be removed: {done.stderr.strip()}")
