# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""streaming: a directory of each node, and PostgreSQL itself replicates between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._inventory.addresses import VirtualAddress
from .._inventory.kinds import Flag, Key, Text
from .._inventory.reading import Read, Scope, every, put
from .._inventory.storage import Mount
from .._problems import Problem, refuse
from ._base import Found, Storage
from ._links import replication_link

DATABASE = "postgresql"
"""The application that replicates."""
COPIES = 2
RETURNS = ("manual", "automatic")
OWN = (
    *("archive_command", "archive_mode", "hot_standby", "primary_conninfo", "primary_slot_name"),
    *("recovery_target_timeline", "restart_after_crash", "restore_command", "synchronous_commit"),
    *("synchronous_standby_names", "wal_level", "wal_log_hints"),
)
"""Settings of PostgreSQL that the collection or the agent writes; others would lose rows, or keep a
node from coming back."""
COMMAND = Text(
    form=r"[^\x00-\x1f\x7f'\\]+",
    rule="holds a quote, a backslash or a control character; write a script, and name that.",
    words="command",
)


class Streaming(Storage):
    """Good are the data of a primary, and of a standby that is in sync with it."""

    def complete(self, storage: Any, where: str, links: Any, locks: Any, scope: Scope) -> None:
        storage.update(disk={}, mount="", overwrite=False, adopt=False)
        link, own = dict.get(storage, "link"), ("address", "read_address")
        put(scope, storage, "link", replication_link, f"{where}.link", link, links, "PostgreSQL")
        given = {key: dict.get(storage, key) for key in own if key in storage}
        dict.pop(storage, "read_address", None)
        storage["own"] = [
            Read(
                where=f"{where}.{key}", address=address, **({"link": link} if key == own[0] else {})
            )
            for key, address in given.items()
        ]
        storage.setdefault("archive", "")
        storage.setdefault("restore", "")

    def fits(self, service: Any) -> None:
        where, nodes = service["where"], service["storage"]["nodes"]
        if len(nodes) != COPIES:
            raise Problem(
                f"{where}.storage.type: streaming replicates between two nodes, and the cluster has"
                f" {len(nodes)} ({', '.join(nodes)}); take two, and for a third vote a quorum"
                " device (failover_pacemaker)."
            )
        for node in nodes:
            if node != node.lower():
                raise Problem(
                    f"{where}.storage.type: the agent of streaming writes the names of nodes in"
                    f" lower case; give {node} the name {node.lower()}."
                )
        if not every(service["addresses"]):
            raise Problem(
                f"{where}.addresses: missing; with streaming the service needs an address for its"
                " clients, because only one of the two servers takes writes."
            )
        databases = [one for one in every(service["applications"]) if one["kind"] == DATABASE]
        if len(databases) != 1:
            raise Problem(
                f"{where}.applications: {len(databases)} of them are {DATABASE}; streaming"
                " replicates exactly one. Name one, or take another type of storage."
            )
        _database(databases[0])

    def addresses(self, storage: Any) -> Sequence[Any]:
        return list(storage["own"])

    def secrets(self, service: Mapping[str, Any]) -> Sequence[str]:
        return [f"streaming-{service['name']}"]

    def judge(
        self, service: Mapping[str, Any], nodes: Sequence[str], found: Found, repair: bool
    ) -> None:
        """A new, empty database is never made beside one that has rows."""
        path = f"{service['storage']['directory']}/{DATABASE}/PG_VERSION"
        having = [node for node in nodes if found[node].get("texts", {}).get(path)]
        known = any(service["name"] in info.get("configured", ()) for info in found.values())
        if having and service["preferred"] not in having and not known:
            raise Problem(
                f"{service['where']}.preferred: {service['preferred']} has no database of service"
                f" {service['name']}, but {having[0]} has one ({path}). Write preferred:"
                f" {having[0]}, so that no empty database is made beside it."
            )

    def notes(self, service: Mapping[str, Any]) -> Sequence[str]:
        return [
            f"{service['name']}: without a standby in sync its database takes writes alone, and no"
            " other node takes over until a standby is in sync again."
        ]


def _database(database: Any) -> None:
    where = f"{database['where']}.{DATABASE}"
    for key in OWN:
        if key in database["settings"]:
            refuse(
                f"{where}.settings.{key}",
                str(database["settings"][key]),
                "is set by streaming itself; leave it out.",
            )
    if every(database.get("after", ())):
        raise Problem(
            f"{database['where']}.after: the database of streaming runs before everything else of"
            " its service; leave it out."
        )


KIND = Streaming(
    name="streaming",
    keys={
        "directory": Key(
            Mount(),
            "Directory of the database on each node, on a disk of its own or not. The data lie in"
            " `postgresql` below it, beside the copies that are made and kept.",
            required=True,
        ),
        "link": Key(
            Text(words="name of a link"), "Network link of the replication.", required=True
        ),
        "address": Key(
            VirtualAddress(),
            "Virtual address on that link at which the standby finds the primary.",
            required=True,
        ),
        "read_address": Key(
            VirtualAddress(),
            "Virtual address for reading: on the standby while it is in sync, else on the primary.",
        ),
        "slots": Key(
            Flag(),
            "Whether the primary keeps the WAL that a lost standby has not received, up to"
            " max_slot_wal_keep_size.",
            default=True,
        ),
        "rejoin": Key(
            Text(RETURNS),
            "How the copy of a node that failed becomes a standby again: manual by the playbook"
            " rejoin, automatic by itself if no acknowledged row can be lost by it.",
            default=RETURNS[0],
        ),
        "archive": Key(
            COMMAND,
            "archive_command of PostgreSQL, on both nodes.",
            otherwise="no archive",
        ),
        "restore": Key(
            COMMAND,
            "restore_command of PostgreSQL, with which a standby reads that archive.",
            otherwise="no archive is read",
        ),
    },
    engines=("pacemaker",),
    everywhere=True,
)
