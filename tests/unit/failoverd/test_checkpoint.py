# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Before a planned move PostgreSQL writes what it has only in memory, while it still serves."""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from failoverd.resources.settings import ResourceSettings
from failoverd.resources.unit import Options, Unit
from failoverd.system.systemd import Systemd

from .postgres_server import Server

LAST = "SELECT redo_lsn FROM pg_control_checkpoint()"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    made = Server()
    try:
        made.start()
        _await(made)
        yield made
    finally:
        made.remove()


def _await(server: Server) -> None:
    for _look in range(600):
        try:
            server.psql("SELECT 1")
        except subprocess.CalledProcessError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the server does not start")


def unit(data: str | Path) -> Unit:
    options = Options("postgresql-shop.service", str(data))
    return Unit(ResourceSettings("db", "unit", (), 2.0, 2.0, options), cast(Systemd, None))


def test_a_server_that_serves_writes_a_checkpoint(server: Server) -> None:
    server.psql("CREATE TABLE t AS SELECT generate_series(1, 1000) AS n")
    before = server.psql(LAST)
    asyncio.run(unit(server.data).unburden())
    assert server.psql(LAST) != before
    assert server.psql("SELECT count(*) FROM t") == "1000"


def test_what_cannot_be_asked_is_left_to_the_stop(tmp_path: Path) -> None:
    (tmp_path / "postmaster.pid").write_text(f"1\n{tmp_path}\n0\n5432\n{tmp_path}\n")
    for data in ("", tmp_path / "absent", tmp_path):
        asyncio.run(unit(data).unburden())
