# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The types of storage. Each is one file of this folder; nothing else names it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .. import _registry
from .._problems import Problem, Problems
from ._base import Found, Storage

KINDS: Mapping[str, Storage] = _registry.found(__name__, __file__)


def of(service: Mapping[str, Any]) -> Storage:
    """The type of a service's storage."""
    return KINDS[service["storage"]["type"]]


def used(model: Mapping[str, Any]) -> list[Storage]:
    """The types that a model has, in the order of their names."""
    names = {service["storage"]["type"] for service in model["services"]}
    return [kind for name, kind in KINDS.items() if name in names]


def keep(services: Any, engine: str, problems: Problems) -> None:
    """Refuse storages that the engine cannot keep."""
    for service in services:
        with problems:
            able = of(service).engines
            if able and engine not in able:
                raise Problem(
                    f"{service['where']}.storage.type: {of(service).name} needs the engine"
                    f" {' or '.join(able)}, not {engine}; take that one (failover_engine), or"
                    " another type of storage."
                )


def number(services: Sequence[Mapping[str, Any]], found: Found | None) -> None:
    """Complete the storages with the numbers that belong to them.

    found: what the nodes answered, None before they were asked.
    """
    ports = {a["port"] for s in services for a in s["applications"] if "port" in a}
    for kind in KINDS.values():
        kind.number([one for one in services if of(one) is kind], found or {}, ports)
