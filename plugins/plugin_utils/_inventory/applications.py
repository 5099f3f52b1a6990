# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""applications of a service."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .. import _units
from .._daemon import forms
from .._problems import Problem, kind_of, refuse
from .checks import CHECKS
from .kinds import (
    Flag,
    Free,
    Key,
    Kind,
    ListOf,
    Name,
    Network,
    Read,
    Scope,
    Secret,
    Text,
    Whole,
    nearest,
    read_keys,
    same,
)
from .postgresql import SETTINGS

RESERVED_NAMES = ("mount", "drbd", "sfex")
"""Resources that every service may have; addresses begin with address-."""
ROLE_SETS = (
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
COMMON: Mapping[str, Key] = {
    "start_timeout_s": Key(Whole(1, 3600), "How long its start may take.", otherwise="by kind"),
    "stop_timeout_s": Key(Whole(1, 3600), "How long its stop may take.", otherwise="by kind"),
    "after": Key(
        ListOf(Text(words="name")), "Applications of the service that start before it.", default=()
    ),
    "monitor": Key(CHECKS, "Questions that are put to it while it runs."),
}


class Unit(Text):
    """A service unit of systemd that is nobody else's."""

    def __init__(self) -> None:
        super().__init__(
            form=forms.UNIT.pattern,
            rule="is not the name of a systemd service unit.",
            words="unit such as `haproxy.service`",
        )

    def read(self, where: str, value: Any, scope: Scope) -> str:
        unit = super().read(where, value, scope)
        _units.permitted(where, unit)
        return unit


class Script(Text):
    """A script of /etc/init.d that the system can do without."""

    def __init__(self) -> None:
        super().__init__(
            form=forms.SCRIPT.pattern,
            rule="is not the name of a script of /etc/init.d.",
            words="script of `/etc/init.d`",
        )

    def read(self, where: str, value: Any, scope: Scope) -> str:
        script = super().read(where, value, scope)
        _units.permitted(where, f"{script}.service")
        return script


class Version(Text):
    """The major version of a server."""

    def __init__(self) -> None:
        super().__init__(words="version such as `16`")

    def read(self, where: str, value: Any, scope: Scope) -> str:
        same(where, value)
        if isinstance(value, int) and not isinstance(value, bool) and 9 < value < 100:
            return str(value)
        if not isinstance(value, str) or not re.fullmatch(r"[1-9][0-9]", value):
            refuse(where, value, "is not a major version such as 16.")
        return value


class Database(Name):
    """A database of PostgreSQL that is not its own."""

    OWN = ("postgres", "template0", "template1")

    def read(self, where: str, value: Any, scope: Scope) -> str:
        name = super().read(where, value, scope)
        if name.lower() in self.OWN:
            refuse(where, name, "is PostgreSQL's own; a service has a database of its own.")
        return name


class User(Name):
    """A role of PostgreSQL that is not its own."""

    OWN = ("all", "none", "postgres", "public", "replication")

    def read(self, where: str, value: Any, scope: Scope) -> str:
        name = super().read(where, value, scope)
        if name.lower() in self.OWN or name.lower().startswith("pg_"):
            refuse(where, name, "is reserved by PostgreSQL; a service has an account of its own.")
        return name


class Settings(Free):
    """Settings of postgresql.conf."""

    def __init__(self) -> None:
        super().__init__(
            r"[a-z_][a-z0-9_.]*",
            "not the name of a setting.",
            dict.fromkeys(ROLE_SETS, "the role sets it itself."),
            {True: "on", False: "off"},
        )

    def _one(self, where: str, key: Any, item: Any) -> str:
        value = str(super()._one(where, key, item))
        if "." not in key and key not in SETTINGS:
            hint = nearest(key, SETTINGS)
            said = f"{hint} see the manual of PostgreSQL." if hint else " see its manual."
            raise Problem(f"{where}.{key}: not a setting of PostgreSQL;{said}")
        return value


LOCALHOST = Key(
    Flag(),
    "Whether it listens on 127.0.0.1, too, and not only on the addresses of the service.",
    default=False,
)
POSTGRESQL: Mapping[str, Key] = {
    "port": Key(Whole(*forms.PORTS), "Port of the server.", default=5432),
    "localhost": LOCALHOST,
    "database": Key(Database(), "Database that is made.", otherwise="the name of the service"),
    "user": Key(User(), "User that owns it.", otherwise="the name of the service"),
    "password": Key(
        Secret(
            r"(?=[^\"'\\]+$)[\x21-\x7e]{8,200}",
            "is not a text of 8 to 200 characters without blanks, quotes and backslashes.",
        ),
        "Password of the user.",
        otherwise="one that is generated and kept on the nodes",
    ),
    "networks": Key(ListOf(Network()), "Networks whose hosts may log in.", default=()),
    "settings": Key(Settings(), "Settings of postgresql.conf.", default={}),
    "version": Key(Version(), "Major version.", otherwise="that of the distribution"),
    **COMMON,
}
APACHE: Mapping[str, Key] = {
    "port": Key(Whole(*forms.PORTS), "Port of the server.", default=80),
    "localhost": LOCALHOST,
    "sample": Key(Flag(), "Whether the sample application is put into its place.", default=False),
    **COMMON,
}
PARAMETERS = Free(forms.PARAMETER.pattern, "not the name of a parameter.")
WAYS: Mapping[str, Mapping[str, Key]] = {
    "unit": {"unit": Key(Unit(), "Service unit of systemd.", required=True), **COMMON},
    "ocf": {
        "ocf": Key(
            Text(
                form=forms.AGENT.pattern,
                rule="is not an agent such as heartbeat:nginx.",
                words="agent such as `heartbeat:nginx`",
            ),
            "OCF agent.",
            required=True,
        ),
        "name": Key(Name(), "Name of the application.", otherwise="that of the agent"),
        "parameters": Key(PARAMETERS, "Parameters of the agent.", default={}),
        "promoted": Key(Flag(), "Whether the agent is promoted after its start.", default=False),
        **COMMON,
    },
    "lsb": {
        "lsb": Key(
            Script(),
            "Init script.",
            required=True,
        ),
        "name": Key(Name(), "Name of the application.", otherwise="that of the script"),
        **COMMON,
    },
}
KNOWN = "known are postgresql, apache, {unit: NAME.service}, {ocf: PROVIDER:NAME} and {lsb: NAME}."
BUNDLED: Mapping[str, Mapping[str, Key]] = {"postgresql": POSTGRESQL, "apache": APACHE}


class Application(Kind):
    """One application: a mapping with the key way, and what belongs to it."""

    type = "raw"

    def read(self, where: str, value: Any, scope: Scope) -> Read:
        same(where, value)
        if isinstance(value, str):
            value = {value: {}}
            if next(iter(value)) not in BUNDLED:
                refuse(where, next(iter(value)), f"is not an application; {KNOWN}")
        if not isinstance(value, Mapping):
            refuse(where, value, "is neither a name nor a mapping.")
        way = next((way for way in WAYS if way in value), "")
        if not way:
            kind = next(iter(value), "")
            if len(value) != 1 or kind not in BUNDLED:
                raise Problem(f"{where}: {kind_of(value)} is not an application; {KNOWN}")
            place = f"{where}.{kind}"
            given = value[kind]
            result = read_keys(place, {} if given is None else given, BUNDLED[kind], scope)
            result.update(way=kind, where=where, settings_at=place)
            return result
        result = read_keys(where, value, WAYS[way], scope)
        result.update(way=way, where=where, settings_at=where)
        return result

    def says(self) -> str:
        return "`postgresql`, `apache`, or mapping"

    def inside(self) -> Any:
        for name, keys in {**BUNDLED}.items():
            yield name, Key(_Nested(keys), f"Settings of the bundled {name}.")
        for way, keys in WAYS.items():
            for name, key in keys.items():
                if name == way or name not in (*COMMON, "name"):
                    more = "" if name == way else f" (With {way}.)"
                    yield name, Key(key.kind, key.text + more, False, key.default, key.otherwise)
        yield "name", Key(Name(), "Name of an application of ocf or lsb.", otherwise="its agent")
        yield from COMMON.items()


class _Nested(Kind):
    """For the documentation."""

    type = "dict"

    def __init__(self, keys: Mapping[str, Key]) -> None:
        self._keys = keys

    def says(self) -> str:
        return "mapping"

    def inside(self) -> Any:
        yield from self._keys.items()


APPLICATIONS = ListOf(Application())
