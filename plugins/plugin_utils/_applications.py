# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The applications of a service: their units, names and order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ._daemon import CycleError, order
from ._inventory.applications import POSTGRESQL, RESERVED_NAMES
from ._inventory.kinds import Items, Read, Scope, every, put
from ._problems import Problem, Unknown

COMMON = ("start_timeout_s", "stop_timeout_s", "after", "monitor")


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
    way, where = item["way"], item["where"]
    made = Read(kind=way, where=where)
    put(scope, made, "name", lambda: _name(item, way))
    put(scope, made, "unit", lambda: _unit(item, way, made, service))
    for key in COMMON:
        if key in item:
            dict.__setitem__(made, key, dict.__getitem__(item, key))
    if way == "ocf":
        put(scope, made, "agent", lambda: item["ocf"])
        put(scope, made, "parameters", lambda: dict(item["parameters"].items()))
        put(scope, made, "promoted", lambda: item["promoted"])
    elif way == "lsb":
        put(scope, made, "script", lambda: item["lsb"])
    elif way == "postgresql":
        _postgresql(made, item, service, scope)
    elif way == "apache":
        for key in ("port", "localhost", "sample"):
            put(scope, made, key, item.__getitem__, key)
        # Where it is asked is where it listens: see _listening.
        made.setdefault("monitor", [{"type": "http"}])
    with scope.problems:
        name = made["name"]
        if name in RESERVED_NAMES or name.startswith("address-"):
            raise Problem(
                f"{where}: {name} is the name of a resource that every service has; give the"
                " application another one with name."
            )
    return made


def _name(item: Any, way: str) -> str:
    if "name" in item:
        return str(item["name"])
    if way == "unit":
        return str(item["unit"]).removesuffix(".service")
    if way == "ocf":
        return str(item["ocf"]).partition(":")[2]
    return str(item["lsb"]) if way == "lsb" else way


def _unit(item: Any, way: str, made: Any, service: Any) -> str:
    if way == "unit":
        return str(item["unit"])
    if way == "ocf":
        return f"failover-{service['name']}-{made['name']}.scope"
    # What systemd would start at boot by itself (F59).
    return f"{item['lsb']}.service" if way == "lsb" else f"{way}-{service['name']}.service"


def _postgresql(made: Any, item: Any, service: Any, scope: Scope) -> None:
    place = item["settings_at"]
    for key in ("database", "user"):
        where = f"{place}.{key}"
        put(scope, made, key, _identifier, where, item, key, service, scope)
    for key in ("port", "localhost"):
        put(scope, made, key, item.__getitem__, key)
    # Of its own: after a failover there may be another server on the same node.
    put(scope, made, "socket", lambda: f"/run/postgresql-{service['name']}")
    put(scope, made, "networks", lambda: list(every(item["networks"])))
    put(scope, made, "settings", lambda: dict(item["settings"].items()))
    put(scope, made, "version", lambda: item.get("version", ""))
    if "password" in item:
        put(scope, made, "password", lambda: item["password"])
    made.setdefault("monitor", [{"type": "query"}])


def _identifier(where: str, item: Any, key: str, service: Any, scope: Scope) -> Any:
    if key in item:
        return item[key]
    derived = str(service["name"]).lower().replace("-", "_")
    return POSTGRESQL[key].kind.read(where, derived, scope)


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
