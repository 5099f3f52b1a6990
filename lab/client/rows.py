# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inserts numbered rows through one connection and records the outcome of each.

A number is sent once and never again. Its outcome is one of

``ack``
    the server confirmed the commit;
``refused``
    the server answered with an error, so the row is not there;
``unknown``
    the connection ended after the row was sent and before an answer came: the row may be there
    or not, and neither counts as a loss.
"""

from __future__ import annotations

import importlib
import struct
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from lab.client.deadline import DeadlineSocket, connect
from lab.client.pace import Pace
from lab.client.recording import Recorder

# The server ended the session: the commit may have happened before (57P01-57P03, 08xxx).
_ENDED = ("57P", "08")


@dataclass(frozen=True)
class Database:
    """Where and how to connect. Times in seconds: ``connect_s`` for the TCP connection,

    ``login_s`` for the log-in (a slow server that is given up too early never gets a client, and is
    kept busy by those that gave up), ``statement_s`` for each statement, ``retry_s`` between two
    attempts, and ``not_ready_s`` after the server itself said no: that answer costs it a process,
    and a client that asks at once again would slow down the very recovery it waits for.
    """

    host: str
    port: int
    name: str
    user: str
    password: str = field(repr=False)
    table: str = "measuring_client"
    connect_s: float = 1.0
    login_s: float = 5.0
    statement_s: float = 1.0
    retry_s: float = 0.03
    not_ready_s: float = 0.2


class Gone(Exception):
    """There is no connection."""


class NotReady(Gone):
    """The server accepts no connections now."""


class Refused(Exception):
    """The server answered with an error and keeps the connection."""


class Session:
    """One connection; every statement has a deadline."""

    def __init__(self, database: Database) -> None:
        """Connect.

        :raises Gone: no server, not ready, or not within the connect timeout.
        """
        native: Any = importlib.import_module("pg8000.native")
        self._errors = (native.InterfaceError, OSError, struct.error, LookupError, ValueError)
        self._answer_error = native.DatabaseError
        self._statement_s = database.statement_s
        try:
            self._socket: DeadlineSocket = connect(database.host, database.port, database.connect_s)
        except OSError as error:
            raise Gone(str(error)) from error
        self._socket.allow(database.login_s)
        try:
            self._connection: Any = native.Connection(
                database.user,
                database=database.name,
                password=database.password,
                sock=self._socket,
                # TLS would wrap the socket and lose its deadline.
                ssl_context=False,
                application_name="measuring-client",
            )
        except self._answer_error as error:
            self._socket.close()
            raise NotReady(_sentence(error)) from error
        except self._errors as error:
            self._socket.close()
            raise Gone(_sentence(error)) from error

    def run(self, sql: str, seconds: float | None = None) -> list[list[Any]]:
        """Run one statement within ``seconds`` (default: the statement deadline).

        :raises Refused: the server answered with an error.
        :raises Gone: the connection ended or the deadline passed; it must not be used again.
        """
        self._socket.allow(self._statement_s if seconds is None else seconds)
        try:
            rows = self._connection.run(sql)
        except self._answer_error as error:
            if _code(error).startswith(_ENDED):
                raise Gone(_sentence(error)) from error
            raise Refused(_sentence(error)) from error
        except self._errors as error:
            raise Gone(_sentence(error)) from error
        return list(rows or [])

    def close(self) -> None:
        """Drop the connection at once, without a goodbye that may hang."""
        self._socket.close()


class RowWriter(threading.Thread):
    """Inserts rows at a steady beat until told to stop."""

    def __init__(
        self,
        database: Database,
        run: str,
        interval_s: float,
        recorder: Recorder,
        stop: threading.Event,
    ) -> None:
        super().__init__(name="rows", daemon=True)
        self._database = database
        self._run = run
        self._recorder = recorder
        self._stop_event = stop
        self._pace = Pace(interval_s, stop)
        self._number = 0
        self._prepared = False
        self._session: Session | None = None

    def run(self) -> None:
        """Insert until the stop event is set."""
        while self._pace.wait():
            if self._session or self._open():
                self._insert()
        if self._session:
            self._session.close()

    def _open(self) -> bool:
        began = time.monotonic()
        try:
            self._session = Session(self._database)
            if not self._prepared:
                prepare_table(self._session, self._database.table)
                self._prepared = True
        except (Gone, Refused) as error:
            if self._session:
                self._session.close()
            self._session = None
            self._note("connect", "failed", began, detail=str(error))
            busy = isinstance(error, NotReady)
            self._stop_event.wait(self._database.not_ready_s if busy else self._database.retry_s)
            return False
        self._note("connect", "ok", began)
        return True

    def _insert(self) -> None:
        assert self._session is not None
        self._number += 1
        began = time.monotonic()
        detail = ""
        try:
            self._session.run(
                f"INSERT INTO {self._database.table} (run, number)"
                f" VALUES ('{self._run}', {self._number})"
            )
            outcome = "ack"
        except Refused as error:
            outcome, detail = "refused", str(error)
        except Gone as error:
            outcome, detail = "unknown", str(error)
            self._session.close()
            self._session = None
        self._note("row", outcome, began, number=self._number, detail=detail)

    def _note(self, kind: str, outcome: str, began: float, **fields: Any) -> None:
        if not fields.get("detail"):
            fields.pop("detail", None)
        seconds = round(time.monotonic() - began, 6)
        self._recorder.write(kind, outcome=outcome, seconds=seconds, **fields)


def prepare_table(session: Session, table: str) -> None:
    """Create the table if it is missing.

    ``number`` is not unique on purpose: a doubled row must show.
    """
    if not session.run(f"SELECT 1 FROM pg_catalog.pg_class WHERE relname = '{table}'"):
        session.run(
            f"CREATE TABLE {table} (id bigserial PRIMARY KEY, run text NOT NULL,"
            " number bigint NOT NULL, written timestamptz NOT NULL DEFAULT clock_timestamp())"
        )


def read_numbers(database: Database, run: str, patience_s: float) -> list[int] | None:
    """The numbers in the table in the order of their insertion.

    Tries for ``patience_s`` seconds; None when the table could not be read.
    """
    until = time.monotonic() + patience_s
    while True:
        try:
            session = Session(database)
            try:
                rows = session.run(
                    f"SELECT number FROM {database.table} WHERE run = '{run}' ORDER BY id",
                    seconds=30.0,
                )
                return [int(row[0]) for row in rows]
            finally:
                session.close()
        except (Gone, Refused):
            if time.monotonic() >= until:
                return None
            time.sleep(0.2)


def _code(error: Exception) -> str:
    fields = error.args[0] if error.args else {}
    return str(fields.get("C", "")) if isinstance(fields, dict) else ""


def _sentence(error: Exception) -> str:
    fields = error.args[0] if error.args else {}
    if isinstance(fields, dict):
        return f"{fields.get('C', '')} {fields.get('M', '')}".strip()
    return str(error) or type(error).__name__
