# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the inventory says of a cluster, as its users wrote it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PACKAGED = ("apache2.service", "postgresql.service")
"""Units that come with the packages of the applications; none of them may start anything."""
PORTS = {"postgresql": 5432, "apache": 80}


@dataclass(frozen=True)
class Application:
    """An application with a unit of its own."""

    kind: str
    unit: str
    port: int


@dataclass(frozen=True)
class Service:
    """What moves from host to host."""

    name: str
    mount: str
    filesystem: str
    device: str
    """A device, or how its name begins."""
    addresses: tuple[str, ...]
    applications: tuple[Application, ...]


def read(inventories: str) -> dict[str, dict[str, Any]]:
    """The variables of each host of the inventories."""
    command = [str(Path(sys.executable).with_name("ansible-inventory")), "--list"]
    for path in inventories.split(":"):
        command += ["--inventory", path]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    variables: dict[str, dict[str, Any]] = json.loads(done.stdout)["_meta"]["hostvars"]
    return variables


def services(variables: Mapping[str, Any]) -> list[Service]:
    """The services of a host's cluster."""
    return [_service(given) for given in variables["failover_services"]]


def _service(given: Mapping[str, Any]) -> Service:
    storage = given["storage"]
    return Service(
        name=given["name"],
        mount=storage["mount"],
        filesystem=storage["filesystem"],
        device="/dev/drbd" if storage["type"] == "drbd" else storage["disk"],
        addresses=tuple(address.partition("/")[0] for address in given.get("addresses", [])),
        applications=tuple(
            application
            for entry in given["applications"]
            for application in _applications(entry, given["name"])
        ),
    )


def _applications(entry: str | Mapping[str, Any], service: str) -> Sequence[Application]:
    options = {entry: {}} if isinstance(entry, str) else entry
    return [
        Application(kind, f"{kind}-{service}.service", (options[kind] or {}).get("port", port))
        for kind, port in PORTS.items()
        if kind in options
    ]


def visitor() -> list[str]:
    """The command that starts a Python in reach of the services."""
    return os.environ.get("INFRA_VISITOR", "python3").split()
