# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sample application: only where it is asked for, and it never fills the storage."""

from __future__ import annotations

import importlib.util
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from .conftest import CHECKOUT

pytestmark = pytest.mark.finding("X6")
FILE = CHECKOUT / "roles" / "apache" / "files" / "sample" / "app" / "guestbook.py"


class Database:
    """Stands in for the driver, which is a package of the nodes; keeps what it was told."""

    Error = type("Error", (Exception,), {})

    def __init__(self) -> None:
        self.told: list[tuple[str, Any]] = []

    def connect(self, **_settings: Any) -> Database:
        return self

    cursor = connect

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_raised: object) -> None:
        return None

    def execute(self, sql: str, values: Any = None) -> None:
        self.told.append((sql, values))

    def fetchall(self) -> list[Any]:
        return []

    def close(self) -> None:
        return None


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> Database:
    made = Database()
    monkeypatch.setitem(sys.modules, "psycopg2", made)
    return made


@pytest.fixture
def book(database: Database) -> types.ModuleType:
    spec = importlib.util.spec_from_file_location("guestbook", FILE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, Any]:
    (tmp_path / "database.ini").write_text("[database]\nhost = /run/none\n")
    (tmp_path / "sessions").mkdir()
    return {
        "GUESTBOOK_SESSIONS": str(tmp_path / "sessions"),
        "GUESTBOOK_DATABASE": str(tmp_path / "database.ini"),
        "REQUEST_METHOD": "GET",
    }


def test_it_is_left_out_unless_the_inventory_asks_for_it(build):
    assert not build()["services"][0]["applications"][1]["sample"]
    model = build(("failover_services.0.applications.1", {"apache": {"sample": True}}))
    assert model["services"][0]["applications"][1]["sample"]


def test_requests_without_a_cookie_fill_nothing_and_wait_for_no_disk(book, environ, monkeypatch):
    synced: list[int] = []
    monkeypatch.setattr(book.os, "fsync", synced.append)
    monkeypatch.setattr(book, "SESSIONS_KEPT", 20)
    for _visit in range(100):
        _session, visits = book.visit(environ)
        assert visits == 1
    assert len(list(Path(environ["GUESTBOOK_SESSIONS"]).iterdir())) == 20
    assert synced == []


def test_a_session_is_kept_by_its_cookie_and_on_the_disk(book, environ, monkeypatch):
    synced: list[int] = []
    monkeypatch.setattr(book.os, "fsync", synced.append)
    session, _visits = book.visit(environ)
    assert book.visit({**environ, "HTTP_COOKIE": f"guestbook={session}"}) == (session, 2)
    assert len(synced) == 1


def test_a_session_without_room_is_no_error_and_keeps_the_others(book, environ, monkeypatch):
    monkeypatch.setattr(book, "SESSIONS_KEPT", 1)
    first, _visits = book.visit(environ)
    book.visit(environ)
    assert book.visit({**environ, "HTTP_COOKIE": f"guestbook={first}"}) == (first, 2)


def test_an_entry_drives_the_oldest_out(book, environ, database):
    import io

    form = b"name=a&words=b"
    environ.update(
        {
            "REQUEST_METHOD": "POST",
            "CONTENT_LENGTH": str(len(form)),
            "wsgi.input": io.BytesIO(form),
        }
    )
    book.book(environ)
    written = [sql for sql, _problems in database.told]
    inserted = next(i for i, sql in enumerate(written) if sql.startswith("INSERT"))
    assert written[inserted + 1].startswith("DELETE FROM guestbook WHERE id <=")
    assert database.told[inserted + 1][1] == (book.ENTRIES_KEPT,)
