# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of resources: names, types, dependencies, timeouts."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol, cast

from failoverd.checks.base import CheckSettings
from failoverd.checks.registry import parse_checks
from failoverd.formats.schema import Section

from .graph import CycleError, order
from .part import Part

NAME = re.compile(r"[a-z][a-z0-9_]*")
LIMITS = ("start_timeout_s", "stop_timeout_s")


@dataclass(frozen=True)
class ResourceSettings:
    """One resource. options: the result of parse() of its type."""

    name: str
    type: str
    after: tuple[str, ...]
    start_timeout_s: float
    stop_timeout_s: float
    options: Any = field(default=None)
    monitor: tuple[CheckSettings, ...] = ()
    part: Part = Part.PROGRAM
    given: frozenset[str] = frozenset()
    """Which of the two limits the user has given; such a limit wins over all others."""


class ResourceModule(Protocol):
    """The interface of the module of a type."""

    PART: Part
    START_TIMEOUT_S: float
    STOP_TIMEOUT_S: float

    def parse(self, entry: Section, node: str, nodes: tuple[str, ...]) -> Any:
        """Read the fields of the type for this node."""

    def build(self, settings: ResourceSettings, host: Any) -> Any:
        """Make the resource."""


def module_of(kind: str) -> ResourceModule:
    """The module of a type; only configured types are imported. LookupError if there is none.

    A type is a module of this package that has PART, so a file added is a type added.
    """
    name = f"{__package__}.{kind}"
    if NAME.fullmatch(kind) and find_spec(name) is not None:
        module = import_module(name)
        if hasattr(module, "PART"):
            return cast(ResourceModule, module)
    raise LookupError(kind)


def types() -> list[str]:
    """The names of all types, for messages. Imports every module."""
    names = sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py"))
    return [name for name in names if hasattr(import_module(f"{__package__}.{name}"), "PART")]


def parse_resources(
    service: Section, node: str, nodes: tuple[str, ...]
) -> tuple[ResourceSettings, ...]:
    """The resources of one service in an order in which they can be started."""
    result: list[ResourceSettings] = []
    for entry in service.sections("resources"):
        kind = entry.text("type")
        try:
            module = module_of(kind)
        except LookupError:
            rule = f"must be one of {', '.join(types())}, not {kind}"
            raise entry.fail("type", rule) from None
        name = entry.text("name")
        if name in {resource.name for resource in result}:
            raise entry.fail("name", f"{name} is used twice")
        settings = ResourceSettings(
            name=name,
            type=kind,
            part=module.PART,
            after=entry.texts("after"),
            start_timeout_s=entry.number("start_timeout_s", module.START_TIMEOUT_S, 1, 3600),
            stop_timeout_s=entry.number("stop_timeout_s", module.STOP_TIMEOUT_S, 1, 3600),
            options=module.parse(entry, node, nodes),
            monitor=parse_checks(entry),
            given=frozenset(filter(entry.has, LIMITS)),
        )
        entry.done()
        result.append(settings)
    if not result:
        raise service.fail("resources", "must hold at least one resource")
    for part in (Part.REPLICA, Part.LOCK):
        same = [resource.type for resource in result if resource.part is part]
        if len(same) > 1:
            raise service.fail("resources", f"must not hold more than one {same[0]} resource")
    names = {resource.name: resource.after for resource in result}
    for resource in result:
        for other in resource.after:
            if other not in names:
                raise service.fail("resources", f"{resource.name} comes after unknown {other}")
    try:
        ordered = order(names)
    except CycleError as error:
        raise service.fail("resources", str(error)) from None
    position = {name: index for index, name in enumerate(ordered)}
    return tuple(sorted(result, key=lambda resource: position[resource.name]))
