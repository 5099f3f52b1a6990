# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Indexes that another release sorts otherwise are found and rebuilt, on a real server."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Iterator, Sequence

import pytest
from ansible_collections.failover.cluster.plugins.module_utils import _pg_collations
from ansible_collections.failover.cluster.plugins.module_utils._pg_collations import refresh

from tests.unit.failoverd.postgres_server import PORT, Server

NAME = 'odd "name" = x'
LIKE = "TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8' LOCALE_PROVIDER icu ICU_LOCALE 'en'"
PEOPLE = (
    "CREATE COLLATION shifting (provider = icu, locale = 'en-u-kf-lower')",
    "CREATE TABLE people (name text COLLATE shifting, age int)",
    "INSERT INTO people SELECT chr(97 + n % 26) || (n / 52), n FROM generate_series(1, 2000) n",
    "INSERT INTO people SELECT upper(name), age FROM people",
    "CREATE INDEX people_name ON people (name)",
    'CREATE INDEX "People Hash" ON people USING hash (name)',
    "CREATE INDEX people_age ON people (age)",
    'CREATE INDEX people_c ON people (name COLLATE "C")',
)


def run(argv: Sequence[str]) -> tuple[int, str, str]:
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=300)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    server = Server()
    try:
        server.start()
        for _attempt in range(3000):
            with contextlib.suppress(subprocess.CalledProcessError):
                server.psql("SELECT 1")
                break
            time.sleep(0.1)
        yield server
    finally:
        server.remove()


@pytest.fixture
def asked(running: Server) -> Iterator[_pg_collations.Server]:
    found = _pg_collations.Server(str(running.directory), PORT, run)
    quoted = NAME.replace('"', '""')
    found.asked("postgres", f'CREATE DATABASE "{quoted}" {LIKE}')
    found.asked(NAME, *PEOPLE)
    yield found
    found.asked("postgres", f'DROP DATABASE "{quoted}"')


def shifted(server: _pg_collations.Server, locale: str) -> None:
    """As after an upgrade of ICU: another order, and another version."""
    column = server.asked(
        "postgres",
        "SELECT attname FROM pg_attribute WHERE attrelid = 'pg_collation'::regclass"
        " AND attname IN ('colliculocale', 'colllocale')",
    ).strip()
    server.asked(
        NAME,
        f"UPDATE pg_collation SET {column} = '{locale}', collversion = '0'"
        " WHERE collname = 'shifting'",
    )


def found_by_index(server: _pg_collations.Server) -> str:
    return server.asked(
        NAME,
        "SET enable_seqscan = off",
        "SET enable_bitmapscan = off",
        "SELECT count(*) FROM people WHERE name >= 'a' AND name < 'b'",
    ).strip()


def test_nothing_is_told_or_changed_where_all_is_as_it_was(asked: _pg_collations.Server) -> None:
    assert refresh(asked, dry=False) == []


def test_an_index_that_is_in_order_is_not_rebuilt(asked: _pg_collations.Server) -> None:
    shifted(asked, "en-u-kf-lower")
    [told] = refresh(asked, dry=True)
    assert (told["name"], told["indexes"], told["rebuilt"]) == (NAME, 2, [])
    [told] = refresh(asked, dry=False)
    # A hash has no order that could be checked.
    assert (told["rebuilt"], told["failed"]) == (['public."People Hash"'], {})
    assert refresh(asked, dry=False) == []


def test_an_index_that_is_sorted_otherwise_is_rebuilt(asked: _pg_collations.Server) -> None:
    right = found_by_index(asked)
    shifted(asked, "en-u-kf-upper")
    [told] = refresh(asked, dry=False)
    assert sorted(told["rebuilt"]) == ['public."People Hash"', "public.people_name"]
    assert found_by_index(asked) == right
    assert refresh(asked, dry=False) == []
    assert asked.asked(NAME, "SELECT 1 FROM pg_extension WHERE extname = 'amcheck'") == ""


def test_what_cannot_be_rebuilt_is_told_and_tried_again(asked: _pg_collations.Server) -> None:
    asked.asked(
        NAME,
        'DROP INDEX people_name, "People Hash"',
        "DELETE FROM people",
        "INSERT INTO people VALUES ('a'), ('A'), ('b')",
        "CREATE UNIQUE INDEX only_once ON people (name)",
        # What a wrong order lets in: the same key twice.
        "UPDATE pg_index SET indisready = false WHERE indexrelid = 'only_once'::regclass",
    )
    asked.asked(NAME, "INSERT INTO people VALUES ('a')")
    asked.asked(
        NAME, "UPDATE pg_index SET indisready = true WHERE indexrelid = 'only_once'::regclass"
    )
    shifted(asked, "en-u-kf-upper")
    for _again in range(2):
        [told] = refresh(asked, dry=False)
        assert told["rebuilt"] == []
        [(name, why)] = told["failed"].items()
        assert name == "public.only_once" and "could not create unique index" in why


def test_the_collation_of_a_database_counts_as_well(asked: _pg_collations.Server) -> None:
    asked.asked("postgres", f"UPDATE pg_database SET datcollversion = '0' WHERE datname = '{NAME}'")
    asked.asked(NAME, "CREATE TABLE things (label text)", "CREATE INDEX ON things (label)")
    [told] = refresh(asked, dry=False)
    assert (told["name"], told["indexes"], told["rebuilt"]) == (NAME, 1, [])
    assert refresh(asked, dry=False) == []
