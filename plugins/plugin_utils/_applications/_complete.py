# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The applications of a service: their units, names and order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import _storage
from .._daemon import CycleError, order
from .._inventory.reading import Items, Read, Scope, every, put
from .._problems import Problem, Unknown
from . import KINDS
from ._base import COMMON

RESERVED_NAMES = ("mount", *(kind.resource for kind in _storage.KINDS.values()))
"""Resources that every service may have; addresses begin with address-."""


def complete(service: Any, scope: Scope) -> None:
    """Turn what was read into what the roles and the daemon are told, in the order of the list."""
    result = Items()
    result.whole = service["applications"].whole
    for item in service["applications"]:
        result.append(_application(item, service, scope))
    dict.__setitem__(service, "applications", result)
    where = f"{service['where']}.applications"
    for key in ("unit", "name"):
        _unique(where, result, key, scope)
    _order(service, result, scope)


def _application(item: Any, service: Any, scope: Scope) -> Read:
    kind, where = KINDS[item["kind"]], item["where"]
    made = Read(kind=kind.name, where=where, made_by=kind.made_by)
    put(scope, made, "name", lambda: item["name"] if "name" in item else kind.title(item))
    put(scope, made, "unit", lambda: kind.unit(item, made["name"], service["name"]))
    for key in COMMON:
        if key in item:
            dict.__setitem__(made, key, dict.__getitem__(item, key))
    kind.complete(made, item, service, scope)
    if kind.monitor:
        made.setdefault("monitor", [dict(check) for check in kind.monitor])
    with scope.problems:
        name = made["name"]
        if name in RESERVED_NAMES or name.startswith("address-"):
            raise Problem(
                f"{where}: {name} is the name of a resource that every service has; give the"
                " application another one with name."
            )
    return made


def _unique(where: str, items: Sequence[Any], key: str, scope: Scope) -> None:
    seen: set[str] = set()
    for index, item in enumerate(items):
        with scope.problems:
            if item[key] in seen:
                raise Problem(
                    f"{where}[{index}].{key}: {item[key]} is used twice; it must be unique."
                )
            seen.add(item[key])


def _order(service: Any, items: Any, scope: Scope) -> None:
    where = f"{service['where']}.applications"
    with scope.problems:
        names = [item["name"] for item in every(items)]
        for index, item in enumerate(items):
            for at, other in enumerate(item.get("after", ())):
                if other not in names:
                    scope.problems.add(
                        f"{where}[{index}].after[{at}]: {other} is not an application of the"
                        f" service; they are {', '.join(names)}."
                    )
                    raise Unknown
        try:
            order({item["name"]: tuple(item.get("after", ())) for item in items})
        except CycleError as error:
            raise Problem(f"{where}: {error}; after must lead to a first one.") from None
