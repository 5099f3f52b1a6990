# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Indexes that were sorted by another version of the C library or of ICU than the server has now.

An index of texts is sorted by their locale. If another release of the distribution sorts otherwise,
the server does not find what is in the index, or takes the same key twice. PostgreSQL remembers the
version with which each collation was used, and does nothing when it differs but warn.

Source: PostgreSQL 15, Documentation, 24.2 "Collation Support", and F.2 "amcheck".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

Run = Callable[[Sequence[str]], tuple[int, str, str]]

ACCOUNT = "postgres"
KEPT = 150000
"""From this version on, the server remembers the version of a database's own collation."""
DEFAULT = 100
"""The number of the collation that stands for that of the database."""
DATABASES = "SELECT to_json(datname) FROM pg_database WHERE datallowconn ORDER BY datname"
OWN = """
SELECT {default} AS oid
WHERE (SELECT datcollversion IS DISTINCT FROM pg_database_collation_actual_version(oid)
       FROM pg_database WHERE datname = current_database())"""
UNKNOWN = "SELECT {default} AS oid"
STALE = """
WITH stale AS (
  SELECT oid FROM pg_collation
  WHERE collversion IS DISTINCT FROM pg_collation_actual_version(oid) AND collversion IS NOT NULL
  UNION ALL {own})
SELECT json_build_object(
  'collations', (SELECT coalesce(json_agg(format('%I.%I', n.nspname, c.collname)), '[]')
                 FROM pg_collation c JOIN pg_namespace n ON n.oid = c.collnamespace
                 JOIN stale s ON s.oid = c.oid WHERE c.oid <> {default}),
  'own', EXISTS (SELECT FROM stale WHERE oid = {default}),
  'indexes', (SELECT coalesce(json_agg(json_build_object(
                'number', i.indexrelid::bigint, 'name', format('%I.%I', n.nspname, c.relname),
                'sorted', a.amname = 'btree', 'exclusion', i.indisexclusion)
                ORDER BY i.indexrelid), '[]')
              FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
              JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_am a ON a.oid = c.relam
              WHERE c.relkind = 'i' AND c.relpersistence <> 't' AND i.indisvalid AND i.indisready
              AND EXISTS (SELECT FROM unnest(i.indcollation) k(oid) JOIN stale s USING (oid))))
"""
AT_ONCE = 500
"""Indexes that one session checks: a command line has an end."""
PLACE = """
SELECT quote_ident(nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
WHERE extname = 'amcheck'"""
OURS = "failover_amcheck"
MADE = (f"CREATE SCHEMA {OURS}", f"CREATE EXTENSION amcheck SCHEMA {OURS}")
"""Nothing of it stays: the transaction is rolled back at its end."""


@dataclass(frozen=True)
class Server:
    """Where a running server is asked."""

    socket: str
    port: int
    run: Run

    def asked(self, database: str, *statements: str) -> str:
        """What the statements tell. Raises RuntimeError when one of them fails."""
        code, out, err = self._said(database, "ON_ERROR_STOP=1", statements)
        if code != 0:
            raise RuntimeError(f"{database}: {_short(err)}")
        return out

    def told(self, database: str, statements: Sequence[str]) -> str:
        """What those of the statements of a transaction tell that succeed."""
        return self._said(database, "ON_ERROR_ROLLBACK=on", statements)[1]

    def refused(self, database: str, statement: str) -> str:
        """Why a statement fails, "" if it does not."""
        code, _out, err = self._said(database, "ON_ERROR_STOP=1", (statement,))
        return _short(err) if code != 0 else ""

    def _said(self, database: str, setting: str, statements: Sequence[str]) -> tuple[int, str, str]:
        words = ["psql", "-XAtqw", "-h", self.socket, "-p", str(self.port), "-v", setting]
        for statement in statements:
            words += ["-c", statement]
        # A name with = in it would be read as a connection string.
        where = {"PGDATABASE": database}
        named = [f"{key}={value}" for key, value in where.items()]
        return self.run(
            ["runuser", "-u", ACCOUNT, "--", "env", "-C", "/", "LC_ALL=C", *named, *words]
        )


def refresh(server: Server, dry: bool) -> list[dict[str, Any]]:
    """Check what may be sorted otherwise, and rebuild what is; return it for each database.

    A database appears if one of its collations has another version: its name, how many indexes
    depend on that, the names of those that were rebuilt, and those that could not be (with the
    reason). dry: only look which databases have one. Raises RuntimeError when the server does not
    answer.
    """
    version = int(server.asked("postgres", "SELECT current_setting('server_version_num')"))
    kept = version >= KEPT
    result = []
    for line in server.asked("postgres", DATABASES).splitlines():
        name = json.loads(line)
        own = (OWN if kept else UNKNOWN).format(default=DEFAULT)
        found = json.loads(server.asked(name, STALE.format(own=own, default=DEFAULT)))
        if not (found["own"] or found["collations"]):
            continue
        told: dict[str, Any] = {
            "name": name,
            "indexes": len(found["indexes"]),
            "rebuilt": [],
            "failed": {},
        }
        if not dry:
            for index in _wrong(server, name, found["indexes"]):
                why = server.refused(name, _rebuild(index))
                if why:
                    told["failed"][index["name"]] = why
                else:
                    told["rebuilt"].append(index["name"])
            if not told["failed"]:
                server.asked(name, *_forget(name, found, kept))
        result.append(told)
    return result


def _wrong(
    server: Server, database: str, indexes: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """The indexes that are not proven to be in order.

    Only a sorted index can be checked; another one is always rebuilt.
    """
    there = server.asked(database, PLACE).strip()
    first = ["BEGIN", *(() if there else MADE)]
    checks = [
        f"SELECT {index['number']} FROM {there or OURS}.bt_index_check({index['number']}::regclass)"
        for index in indexes
        if index["sorted"]
    ]
    proven: set[str] = set()
    for begin in range(0, len(checks), AT_ONCE):
        some = checks[begin : begin + AT_ONCE]
        proven.update(server.told(database, [*first, *some, "ROLLBACK"]).split())
    return [index for index in indexes if str(index["number"]) not in proven]


def _rebuild(index: dict[str, Any]) -> str:
    """An index of an exclusion constraint cannot be rebuilt while others write."""
    return f"REINDEX INDEX {'' if index['exclusion'] else 'CONCURRENTLY '}{index['name']}"


def _forget(database: str, found: dict[str, Any], kept: bool) -> list[str]:
    """Let the server remember the versions that it has now."""
    statements = [f"ALTER COLLATION {name} REFRESH VERSION" for name in found["collations"]]
    if found["own"] and kept:
        quoted = database.replace('"', '""')
        statements.append(f'ALTER DATABASE "{quoted}" REFRESH COLLATION VERSION')
    return statements


def _short(text: str) -> str:
    return " ".join(text.split())[-500:]
