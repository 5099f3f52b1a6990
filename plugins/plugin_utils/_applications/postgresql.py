# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""postgresql: a server of the distribution, with its database on the storage of the service."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from .._daemon import forms
from .._inventory.addresses import Network
from .._inventory.kinds import Key, Name, Path, Secret, Text, Whole, nearest
from .._inventory.nested import Free, Keys, ListOf
from .._inventory.reading import Scope, every, put, same
from .._problems import Problem, refuse
from ._base import LOCALHOST, Application, Found
from ._postgresql_settings import SETTINGS

RELEASES = {"12": "15", "13": "17"}
"""The version of each release of Debian."""
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
ARCHIVING = ("archive_command", "archive_library", "archive_mode")
"""What a backup sets."""
BACKUP = Keys(
    {
        "path": Key(
            Path(),
            "Directory of the repository, the same one on every node, off the cluster.",
            required=True,
        ),
        "keep": Key(Whole(1, 1000), "How many full backups are kept.", default=2),
        "backlog_mib": Key(
            Whole(64, 1 << 20),
            "How much of the log may wait for the repository. More is dropped, so that no disk is"
            " filled with it.",
            default=1024,
        ),
    },
    short="path",
)
NO_CLUSTER = """\
# A cluster of the distribution would start at boot; ours lie on shared storage.
create_main_cluster = false
"""


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


class PostgreSQL(Application):
    """Its role makes the database, and writes configuration and unit."""

    def complete(self, made: Any, item: Any, service: Any, scope: Scope) -> None:
        for key in ("database", "user"):
            put(scope, made, key, self._identifier, item, key, service, scope)
        for key in ("port", "localhost"):
            put(scope, made, key, item.__getitem__, key)
        # Of its own: after a failover there may be another server on the same node.
        put(scope, made, "socket", lambda: f"/run/postgresql-{service['name']}")
        put(scope, made, "networks", lambda: list(every(item["networks"])))
        put(scope, made, "settings", lambda: dict(item["settings"].items()))
        put(scope, made, "version", item.get, "version", "")
        if "password" in item:
            put(scope, made, "password", item.__getitem__, "password")
        if "backup" in item:
            put(scope, made, "backup", self._backup, item, service)

    def _backup(self, item: Any, service: Any) -> dict[str, Any]:
        """Where the backups go: off the storage of the service, and off its copies."""
        where, storage = f"{item['settings_at']}.backup", service["storage"]
        backup = dict(item["backup"].items())
        for name in ARCHIVING:
            if name in item["settings"]:
                raise Problem(
                    f"{item['settings_at']}.settings.{name}: set by backup; leave it out."
                )
        if storage["type"] == "streaming":
            raise Problem(f"{where}: not available yet where PostgreSQL replicates; leave it out.")
        mount = storage["directory"]
        if f"{backup['path']}/".startswith(f"{mount}/"):
            refuse(
                f"{where}.path",
                backup["path"],
                f"lies on the storage of the service ({mount}), which is what it must outlive.",
            )
        return backup

    def _identifier(self, item: Any, key: str, service: Any, scope: Scope) -> Any:
        if key in item:
            return item[key]
        derived = str(service["name"]).lower().replace("-", "_")
        return self.keys[key].kind.read(f"{item['settings_at']}.{key}", derived, scope)

    def program(self, service: Mapping[str, Any], application: Mapping[str, Any]) -> dict[str, Any]:
        data = f"{service['storage']['directory']}/postgresql"
        return {"type": "unit", "unit": application["unit"], "data": data}

    def packages(self, application: Mapping[str, Any]) -> Sequence[str]:
        """Without a version, what the node's release brings.

        The package without a number follows the newest version of any repository (H4).
        """
        version = application["version"]
        ours = [f"postgresql-{number} [{release}]" for release, number in RELEASES.items()]
        server = f"postgresql-{version}" if version else " | ".join(ours)
        return ["postgresql-common", server, *(("pgbackrest",) if "backup" in application else ())]

    def secrets(self, service: Mapping[str, Any], application: Mapping[str, Any]) -> dict[str, str]:
        return {f"postgresql-{service['name']}": "password"}

    def texts(
        self, service: Mapping[str, Any], application: Mapping[str, Any]
    ) -> Mapping[str, str]:
        """The version of the data, where they are mounted, and of the unit made for them."""
        return {
            f"{service['storage']['directory']}/postgresql/PG_VERSION": r"\s*([0-9.]+)\s*",
            f"/etc/systemd/system/{application['unit']}": (
                r".*/usr/lib/postgresql/([0-9.]+)/bin/.*"
            ),
        }

    def settle(self, application: dict[str, Any], found: Found) -> None:
        """Without a version it is that of the nodes' release."""
        releases = {info["os"]["version"] for info in found.values()}
        if not application["version"] and len(releases) == 1:
            application["version"] = RELEASES.get(next(iter(releases)), "")
            application["of_release"] = True

    def judge(
        self,
        where: str,
        service: Mapping[str, Any],
        application: Mapping[str, Any],
        found: Found,
    ) -> None:
        """Refuse a version that is not that of the data: no server reads another's files (H5).

        Where the data are not mounted, the unit that was installed for them tells.
        """
        for path in self.texts(service, application):
            has = {node: info["texts"].get(path) for node, info in found.items()}
            node, version = next(((n, v) for n, v in has.items() if v), ("", ""))
            if not version:
                continue
            if not application["version"]:
                raise Problem(
                    f"{where}.postgresql.version: is left to the release, and the nodes have"
                    f' different ones; write version: "{version}", which is that of the database of'
                    f" service {service['name']}."
                )
            if version != application["version"]:
                raise Problem(
                    f"{where}.postgresql.version: {application['version']} is not {version}, the"
                    f" version of the database of service {service['name']} ({node}:"
                    f"{service['storage']['directory']}/postgresql); a server reads the files of"
                    f' its own version only. Write version: "{version}", or run the'
                    " playbook upgrade_postgresql."
                )
            break


KIND = PostgreSQL(
    name="postgresql",
    keys={
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
        "backup": Key(BACKUP, "Where its backups and the log of its changes go (docs/backups.md)."),
        "version": Key(Version(), "Major version.", otherwise="that of the distribution"),
    },
    on_storage=True,
    role="postgresql",
    reserved=("pg", "postgres", "postgresql", "template0", "template1"),
    stock={"postgresql.service": "postgresql-common"},
    settings={"postgresql-common": {"etc/postgresql-common/createcluster.conf": NO_CLUSTER}},
    accounts={"postgres": {"default": 880, "home": "/var/lib/postgresql", "shell": "/bin/bash"}},
    files=("postgresql.conf", "pg_hba.conf", "pgbackrest.conf", "rejoin.conf"),
    monitor=({"type": "query"},),
)
