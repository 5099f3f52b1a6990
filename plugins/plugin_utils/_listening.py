# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where PostgreSQL and Apache of each service listen, so that all services fit on one node.

After a failover every service runs on the same node. So each listens on the addresses that move
with it, and nowhere else unless the inventory says so: two services may use one port.
"""

from __future__ import annotations

import itertools
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from . import _net, _storage
from ._problems import refuse

EVERYWHERE = "*"
LOOPBACK = "127.0.0.1"

Application = Mapping[str, Any]


def _everywhere(service: Mapping[str, Any]) -> bool:
    """Whether the application has to listen where no address of the service is."""
    return not service["addresses"] or _storage.of(service).everywhere


def assign(services: Sequence[Mapping[str, Any]]) -> None:
    """Complete the applications that have a port; Problem for two that exclude each other."""
    for service in services:
        own = [address["ip"] for address in service["addresses"]]
        for index, application in enumerate(service["applications"]):
            if "port" in application:
                loopback = [LOOPBACK] if application.pop("localhost") else []
                application["listen"] = [EVERYWHERE] if _everywhere(service) else [*own, *loopback]
                place = f"{service['where']}.applications[{index}].{application['kind']}"
                for number, check in enumerate(application["monitor"]):
                    _place(f"{place}.monitor[{number}]", check, application)
    for (one, where, first), (other, place, second) in itertools.combinations(_all(services), 2):
        if first["port"] == second["port"] and _meet(first["listen"], second["listen"]):
            refuse(
                f"{place}.port",
                str(second["port"]),
                f"of {second['kind']} of service {other} is the port of {first['kind']} of service"
                f" {one} ({where}), and {_why(first, second)}; give one of them another port.",
            )


def _all(services: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str, Application]]:
    for service in services:
        for index, application in enumerate(service["applications"]):
            if "port" in application:
                yield service["name"], f"{service['where']}.applications[{index}]", application


def _place(where: str, check: dict[str, Any], application: Mapping[str, Any]) -> None:
    """What a check does not say itself: where this very application answers (H12)."""
    own = _net.endpoint(_near(application), application["port"])
    if check["type"] == "query":
        check.setdefault("port", application["port"])
        check.setdefault("directory", application["socket"])
    elif check["type"] == "port" and "path" not in check:
        if check.setdefault("port", application["port"]) == application["port"]:
            check.setdefault("address", _near(application))
    elif check["type"] == "http":
        url = check.setdefault("url", f"http://{own}/")
        parts = urllib.parse.urlsplit(url)
        asked = LOOPBACK if parts.hostname == "localhost" else parts.hostname
        deaf = asked not in application["listen"] and EVERYWHERE not in application["listen"]
        if asked == LOOPBACK and deaf and (parts.port or 80) == application["port"]:
            refuse(
                f"{where}.http",
                url,
                f"asks {LOOPBACK}, where this {application['kind']} does not listen; ask"
                f" http://{own}{parts.path}, or let it listen there with localhost: true.",
            )


def _near(application: Mapping[str, Any]) -> str:
    """An address at which the application answers on its own node."""
    first = str(application["listen"][0])
    return LOOPBACK if first == EVERYWHERE else first


def _meet(one: Sequence[str], other: Sequence[str]) -> bool:
    return EVERYWHERE in (*one, *other) or bool(set(one) & set(other))


def _why(one: Application, other: Application) -> str:
    if EVERYWHERE in (*one["listen"], *other["listen"]):
        return (
            "what belongs to a service without an address, or replicates by itself, listens on"
            " every address"
        )
    return "both listen on the same address"
