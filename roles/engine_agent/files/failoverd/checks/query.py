# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks PostgreSQL a question, over a kept connection and over a new one.

A connected session has a server process of its own, which answers even if the postmaster is stopped
and nobody else can connect any more. So a new connection is made from time to time (F51).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from failoverd.formats.schema import Section

from . import peer
from .base import CheckFailed, CheckUnable
from .postgres import PasswordWanted, ServerError, Session

DIRECTORY = "/run/postgresql"
ACCOUNT = "postgres"
WRITE = "SELECT pg_logical_emit_message(true, 'failoverd', '')"
"""Its commit has to reach the disk, and it changes no table."""
BUSY = ("57P03",)
"""The server restarts its processes after a crash of one, and reports that it will be back."""
FULL = ("53300",)
"""There are too many clients for one more, which is no failure."""
MISTAKEN = ("28", "3D")
"""Classes of errors of questions that are never allowed."""


@dataclass(frozen=True)
class Options:
    """The server and the question."""

    path: str
    account: str
    user: str
    database: str
    query: str
    write: bool
    connect_every: int
    """Every so many checks, use a new connection."""
    patience_s: float
    """How long a server may report that it will be back."""


def parse(entry: Section) -> Options:
    """Read the server and the question."""
    directory = entry.path("directory") if entry.has("directory") else DIRECTORY
    port = entry.integer("port", 5432, 1, 65535)
    return Options(
        path=f"{directory}/.s.PGSQL.{port}",
        account=entry.name("account", ACCOUNT),
        user=entry.name("user", ACCOUNT),
        database=entry.name("database", "postgres"),
        query=entry.text("query", "SELECT 1"),
        write=entry.flag("write", False),
        connect_every=entry.integer("connect_every", 5, 1, 1000),
        patience_s=entry.number("patience_s", 60.0, 0, 3600),
    )


def build(options: Options, resource: Any) -> Query:
    """Make the check."""
    del resource
    return Query(options)


class Query:
    """Keeps one session and renews it."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._session: Session | None = None
        self._asked = 0
        self._busy_since: float | None = None

    async def check(self) -> None:
        """Raises CheckFailed with the text of the server."""
        try:
            await self._ask()
        except ServerError as error:
            if self._excused(error):
                return
            raise CheckFailed(str(error)) from None
        except PasswordWanted:
            user = self._options.user
            raise CheckUnable(f"{self._options.path} wants a password of {user}") from None
        except asyncio.IncompleteReadError:
            raise CheckFailed("the server closed the connection") from None
        self._busy_since = None

    async def _ask(self) -> None:
        if self._session is None or self._asked % self._options.connect_every == 0:
            session = await self._connect()
            self.close()
            self._session = session
        self._asked += 1
        await self._session.ask(self._options.query)
        if self._options.write:
            await self._session.ask(WRITE)

    async def _connect(self) -> Session:
        options = self._options
        connection = peer.connect(options.path, peer.uid_of(options.account))
        parameters = {
            "user": options.user,
            "database": options.database,
            "application_name": "failoverd",
        }
        return await Session.open(connection, parameters)

    def _excused(self, error: ServerError) -> bool:
        """Whether the server is alive and a restart would not help."""
        self.close()
        if error.code.startswith(MISTAKEN):
            raise CheckUnable(str(error)) from None
        if error.code in FULL:
            return True
        if error.code not in BUSY:
            return False
        now = asyncio.get_running_loop().time()
        if self._busy_since is None:
            self._busy_since = now
        return now - self._busy_since < self._options.patience_s

    def close(self) -> None:
        """Close the session."""
        if self._session is not None:
            self._session.close()
            self._session = None
