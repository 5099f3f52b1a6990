# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The types of checks, and the reader of their settings."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, Protocol, cast

from failoverd.formats.schema import Section
from failoverd.rules.monitors import CHECK
from failoverd.rules.monitors import CONFIRMATIONS as TIMES

from .base import CONFIRMATIONS, DEADLINE_S, INTERVAL_S, Check, CheckSettings

TYPES: Mapping[str, str] = {
    "port": "port",
    "http": "http",
    "query": "query",
    "command": "command",
    "process": "standstill",
}
"""Type of a check -> module of this package that has parse() and build()."""


class CheckModule(Protocol):
    """The interface of the module of a type."""

    def parse(self, entry: Section) -> Any:
        """Read the fields of the type."""

    def build(self, options: Any, resource: Any) -> Check:
        """Make the check of a resource."""


def module_of(kind: str) -> CheckModule:
    """The module of a type; only configured types are imported."""
    return cast(CheckModule, import_module(f".{TYPES[kind]}", __package__))


def parse_checks(resource: Section) -> tuple[CheckSettings, ...]:
    """The checks in the field monitor of a resource; raises ConfigError."""
    result: list[CheckSettings] = []
    for entry in resource.sections("monitor"):
        kind = entry.text("type")
        if kind not in TYPES:
            raise entry.fail("type", f"must be one of {', '.join(TYPES)}, not {kind}")
        name = entry.name("name", kind)
        if name in {check.name for check in result}:
            raise entry.fail("name", f"{name} is used twice")
        settings = CheckSettings(
            name=name,
            type=kind,
            interval_s=entry.number("interval_s", INTERVAL_S, *CHECK["interval_s"]),
            deadline_s=entry.number("deadline_s", DEADLINE_S, *CHECK["deadline_s"]),
            confirmations=entry.integer("confirmations", CONFIRMATIONS, *TIMES),
            options=module_of(kind).parse(entry),
        )
        entry.done()
        result.append(settings)
    return tuple(result)
