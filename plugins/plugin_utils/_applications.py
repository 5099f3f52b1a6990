# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The applications of a service: the known ones with their settings, units, OCF agents, LSB."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from . import _checks, _net, _units
from ._values import Problem, flag, mapping, name, refuse, sequence, text, unique, whole

UNIT = re.compile(r"[A-Za-z0-9:_.\\@-]+\.service")
PG_KEYS = ("port", "localhost", "database", "user", "password", "networks", "settings", "version")
PG_OURS = (
    "config_file",
    "data_directory",
    "external_pid_file",
    "hba_file",
    "ident_file",
    "include",
    "include_dir",
    "include_if_exists",
    "listen_addresses",
    "port",
    "unix_socket_directories",
)
"""What the role sets itself: its unit, its monitors and the other services rely on it (H12)."""
PG_DATABASES = ("postgres", "template0", "template1")
PG_USERS = ("none", "postgres", "public")
APACHE_KEYS = ("port", "localhost", "sample")
AGENT = re.compile(r"[A-Za-z0-9_.-]+:[A-Za-z0-9_.-]+")
PARAMETER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
SCRIPT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
COMMON = ("start_timeout_s", "stop_timeout_s", "after", "monitor")


def read(where: str, value: Any, service: str) -> list[dict[str, Any]]:
    """Return the applications in the order in which they were written."""
    result = []
    for index, raw in enumerate(sequence(where, value)):
        result.append(_application(f"{where}[{index}]", raw, service))
    unique(where, [item["unit"] for item in result], "unit")
    unique(where, [item["name"] for item in result], "name")
    names = [item["name"] for item in result]
    for index, item in enumerate(result):
        for other in item["after"]:
            if other not in names:
                refuse(f"{where}[{index}].after", other, "is not an application of the service.")
    return result


def _application(where: str, raw: Any, service: str) -> dict[str, Any]:
    if isinstance(raw, str):
        raw = {raw: {}}
    if not isinstance(raw, Mapping):
        refuse(where, raw, "is neither a name nor a mapping.")
    if "unit" in raw:
        item = mapping(where, raw, required=("unit",), optional=COMMON)
        unit = text(f"{where}.unit", item["unit"])
        if not UNIT.fullmatch(unit):
            refuse(f"{where}.unit", unit, "is not the name of a systemd service unit.")
        _units.permitted(f"{where}.unit", unit)
        return {
            "kind": "unit",
            "name": unit.removesuffix(".service"),
            "unit": unit,
            **_common(where, item),
        }
    if "ocf" in raw:
        return _ocf(where, raw, service)
    if "lsb" in raw:
        return _lsb(where, raw)
    kind = next(iter(raw), "")
    if len(raw) != 1 or kind not in ("postgresql", "apache"):
        refuse(
            where,
            ", ".join(map(str, raw)),
            "is not an application; known are postgresql, apache, {unit: NAME.service},"
            " {ocf: PROVIDER:NAME} and {lsb: NAME}.",
        )
    settings = raw[kind] or {}
    where = f"{where}.{kind}"
    reader = _postgresql if kind == "postgresql" else _apache
    return {
        "kind": kind,
        "name": kind,
        "unit": f"{kind}-{service}.service",
        **reader(where, settings, service),
    }


def _ocf(where: str, raw: Any, service: str) -> dict[str, Any]:
    keys = ("name", "parameters", "promoted", *COMMON)
    item = mapping(where, raw, required=("ocf",), optional=keys)
    agent = text(f"{where}.ocf", item["ocf"])
    if not AGENT.fullmatch(agent):
        refuse(f"{where}.ocf", agent, "is not an agent such as heartbeat:nginx.")
    given = item.get("parameters", {})
    if not isinstance(given, Mapping):
        refuse(f"{where}.parameters", given, "is not a mapping.")
    for key, value in given.items():
        if not PARAMETER.fullmatch(str(key)):
            refuse(f"{where}.parameters", str(key), "is not the name of a parameter.")
        if not isinstance(value, (str, int, float)) or "\n" in str(value):
            raise Problem(f"{where}.parameters.{key}: not a simple value of one line.")
    called = name(f"{where}.name", item.get("name", agent.partition(":")[2]))
    return {
        "kind": "ocf",
        "name": called,
        "unit": f"failover-{service}-{called}.scope",
        "agent": agent,
        "parameters": {str(k): v for k, v in given.items()},
        "promoted": flag(f"{where}.promoted", item.get("promoted", False)),
        **_common(where, item),
    }


def _lsb(where: str, raw: Any) -> dict[str, Any]:
    item = mapping(where, raw, required=("lsb",), optional=("name", *COMMON))
    script = text(f"{where}.lsb", item["lsb"])
    if not SCRIPT.fullmatch(script):
        refuse(f"{where}.lsb", script, "is not the name of a script of /etc/init.d.")
    _units.permitted(f"{where}.lsb", f"{script}.service")
    return {
        "kind": "lsb",
        "name": name(f"{where}.name", item.get("name", script)),
        # What systemd would start at boot by itself (F59).
        "unit": f"{script}.service",
        "script": script,
        **_common(where, item),
    }


def _common(where: str, item: Mapping[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key in ("start_timeout_s", "stop_timeout_s"):
        if key in item:
            result[key] = whole(f"{where}.{key}", item[key], 1, 3600)
    result["after"] = [
        text(f"{where}.after[{i}]", v)
        for i, v in enumerate(sequence(f"{where}.after", item.get("after", [])))
    ]
    if "monitor" in item:
        result["monitor"] = _checks.read(f"{where}.monitor", item["monitor"])
    return result


def _postgresql(where: str, raw: Any, service: str) -> dict[str, Any]:
    item = mapping(where, raw, optional=(*PG_KEYS, *COMMON))
    networks = []
    for index, network in enumerate(sequence(f"{where}.networks", item.get("networks", []))):
        try:
            networks.append(_net.network(text(f"{where}.networks[{index}]", network)))
        except ValueError:
            refuse(f"{where}.networks[{index}]", network, "is not a network.")
    settings = item.get("settings", {})
    if not isinstance(settings, Mapping):
        refuse(f"{where}.settings", settings, "is not a mapping.")
    for key, setting in settings.items():
        if not re.fullmatch(r"[a-z_][a-z0-9_.]*", str(key)) or "\n" in str(setting):
            raise Problem(f"{where}.settings.{key}: not a setting of one line.")
        if key in PG_OURS:
            raise Problem(f"{where}.settings.{key}: not allowed; the role sets it itself.")
    result: dict[str, Any] = {
        "port": whole(f"{where}.port", item.get("port", 5432), 1, 65535),
        "localhost": flag(f"{where}.localhost", item.get("localhost", False)),
        # Of its own: after a failover there may be another server on the same node.
        "socket": f"/run/postgresql-{service}",
        "database": _database(f"{where}.database", item.get("database", _identifier(service))),
        "user": _user(f"{where}.user", item.get("user", _identifier(service))),
        "networks": networks,
        "settings": {str(k): _setting(v) for k, v in settings.items()},
        "version": _version(f"{where}.version", item["version"]) if "version" in item else "",
        **_common(where, item),
    }
    result.setdefault("monitor", [{"type": "query"}])
    if "password" in item:
        password = item["password"]
        # The value is a secret: the sentence does not show it.
        if not isinstance(password, str) or not 8 <= len(password) <= 200:
            raise Problem(f"{where}.password: the value is not a text of 8 to 200 characters.")
        if not re.fullmatch(r"[\x21-\x7e]+", password) or set(password) & set("\"'\\"):
            raise Problem(f"{where}.password: holds a space, a quote or a backslash.")
        result["password"] = str(password)
    return result


def _database(where: str, value: Any) -> str:
    database = name(where, value)
    if database in PG_DATABASES:
        refuse(where, database, "is PostgreSQL's own; a service has a database of its own.")
    return database


def _user(where: str, value: Any) -> str:
    user = name(where, value)
    if user in PG_USERS or user.startswith("pg_"):
        refuse(where, user, "is reserved by PostgreSQL; a service has an account of its own.")
    return user


def _version(where: str, value: Any) -> str:
    version = str(value)
    if not re.fullmatch(r"[1-9][0-9]", version):
        refuse(where, version, "is not a major version such as 16.")
    return version


def _identifier(service: str) -> str:
    return service.lower().replace("-", "_")


def _setting(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value)


def _apache(where: str, raw: Any, service: str) -> dict[str, Any]:
    del service
    item = mapping(where, raw, optional=(*APACHE_KEYS, *COMMON))
    port = whole(f"{where}.port", item.get("port", 80), 1, 65535)
    return {
        "port": port,
        "localhost": flag(f"{where}.localhost", item.get("localhost", False)),
        "sample": flag(f"{where}.sample", item.get("sample", False)),
        "monitor": [{"type": "http"}],
        **_common(where, item),
    }
