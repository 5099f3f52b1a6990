# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""F77: a recovery of a real PostgreSQL that is longer than every limit goes on while it gets on."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from failoverd.core.actions import Probe, Start
from failoverd.core.events import Event, Found, OpDone, OpProgress, Probed
from failoverd.dispatch import Dispatcher
from failoverd.resources import progress
from failoverd.resources import unit as units
from failoverd.resources.service import Service
from failoverd.resources.settings import ResourceSettings
from failoverd.resources.unit import Options, Unit
from failoverd.system.aside import aside

from .postgres_server import ACCOUNT, Server
from .test_unit import Manager

pytestmark = pytest.mark.finding("S23")

SEGMENTS = 14
PAUSE_S = 0.5
LIMIT_S = 2.0
"""Much less than all segments take, and much more than one."""


class Told:
    """A history that keeps what it is told."""

    def __init__(self) -> None:
        self.entries: list[str] = []

    def add(self, code: str, text: str, **more: Any) -> None:
        self.entries.append(code)


@pytest.fixture
def recovering() -> Iterator[Server]:
    """A server that has many segments of its log to replay, and gets each after a while."""
    server = Server()
    archive, backup = server.directory / "archive", server.directory / "backup"
    try:
        archive.mkdir()
        shutil.chown(archive, ACCOUNT)
        subprocess.run(["cp", "-a", server.data, backup], check=True)
        server.start(archive_mode="on", archive_command=f"cp %p {archive}/%f")
        _ready(server)
        server.psql("CREATE TABLE t (n int)")
        for number in range(SEGMENTS):
            server.psql(f"INSERT INTO t VALUES ({number})")
            server.psql("SELECT pg_switch_wal()")
        server.stop()
        shutil.rmtree(server.data)
        backup.rename(server.data)
        (server.data / "recovery.signal").touch()
        yield server
    finally:
        server.remove()


def _ready(server: Server) -> None:
    for _round in range(600):
        with contextlib.suppress(subprocess.CalledProcessError):
            server.psql("SELECT 1")
            return
    raise AssertionError("the server does not start")


def children(parent: int) -> list[int]:
    """The processes that a process has started."""
    result = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                stat = (entry / "stat").read_text().rpartition(")")[2].split()
                if int(stat[1]) == parent:
                    result.append(int(entry.name))
    return result


class OneServer(Manager):
    """A systemd whose one unit is that server."""

    def __init__(self, server: Server, restore: str) -> None:
        super().__init__()
        self._server = server
        self._restore = restore

    async def job(self, member: str, unit: str) -> str:
        assert member == "StartUnit"
        self.active = "activating"
        self._server.start(restore_command=self._restore)
        while True:
            await asyncio.sleep(0.1)
            with contextlib.suppress(subprocess.CalledProcessError):
                await aside(self._server.psql, "SELECT 1")
                if self._server.psql("SELECT pg_is_in_recovery()") == "f":
                    break
        self.active = "active"
        return "done"

    async def pids(self, unit: str) -> list[int]:
        return [self._server.pid, *children(self._server.pid)]

    async def told(self, unit: str) -> str:
        return ""


def started(manager: Any) -> list[Event]:
    """What the core hears of the start of a service with this unit."""
    events: list[Event] = []
    settings: Any = type("S", (), {"name": "shop"})
    nobody: Any = None
    history: Any = Told()

    async def main() -> None:
        own = ResourceSettings("db", "unit", (), LIMIT_S, 5.0, Options("db.service"))
        service = Service(settings, {"db": Unit(own, manager)}, history)
        worker = Dispatcher({"shop": service}, nobody, nobody, nobody, history, lambda m: None)
        done = asyncio.get_running_loop().create_future()

        def post(event: Event) -> None:
            events.append(event)
            if isinstance(event, OpDone):
                done.set_result(None)

        worker.post = post
        worker.perform(Start("shop", 7, 1, peer_gone=False))
        await done
        service.close()

    asyncio.run(main())
    return events


def test_a_recovery_that_gets_on_is_not_ended_at_its_limit(recovering: Server) -> None:
    archive = recovering.directory / "archive"
    events = started(OneServer(recovering, f"sleep {PAUSE_S}; cp {archive}/%f %p"))
    assert events[-1] == OpDone("shop", 7, True)
    told = [event for event in events if isinstance(event, OpProgress)]
    assert len(told) > 3
    assert {(event.service, event.op) for event in told} == {("shop", 7)}
    assert any("db: recovery: waiting for 0000000100" in event.text for event in told)
    assert recovering.psql("SELECT count(*) FROM t") == str(SEGMENTS)


def test_a_recovery_that_stands_still_has_failed_after_its_limit(recovering: Server) -> None:
    archive = recovering.directory / "archive"
    hang = f"test %f \\< 000000010000000000000006 || exec sleep 600; cp {archive}/%f %p"
    events = started(OneServer(recovering, hang))
    assert events[-1] == OpDone("shop", 7, False, "db was not done in time")


def test_f77_progress_that_never_ends_names_the_file_that_is_the_reason(tmp_path: Path) -> None:
    (tmp_path / "standby.signal").touch()

    class Waiting(Manager):
        async def told(self, unit: str) -> str:
            return "waiting"

        async def pids(self, unit: str) -> list[int]:
            return []

    manager: Any = Waiting()
    own = ResourceSettings("db", "unit", (), 5.0, 5.0, Options("db.service", str(tmp_path)))
    seen = asyncio.run(Unit(own, manager).progress())
    assert seen is not None
    assert seen.text.startswith(f"waiting; {tmp_path}/standby.signal makes")


@pytest.mark.parametrize("gets_on", [True, False])
def test_f31_a_new_life_of_the_daemon_waits_for_a_recovery_that_gets_on(
    gets_on: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half up would have it stopped, and the recovery would begin anew with each life."""
    monkeypatch.setattr(units, "SETTLE_S", 0.02)
    steps = 0

    class Starting(Manager):
        async def told(self, unit: str) -> str:
            nonlocal steps
            steps += gets_on
            self.active = "active" if steps > 12 else "activating"
            return f"recovered {steps} %"

        async def pids(self, unit: str) -> list[int]:
            return []

    class Store:
        def held(self, name: str) -> bool:
            return True

        def generation(self, name: str) -> int:
            return 3

        def repair(self, name: str) -> bool:
            return False

    manager: Any = Starting()
    manager.active = "activating"
    settings: Any = type("S", (), {"name": "shop"})
    nobody: Any = None
    history: Any = Told()
    store: Any = Store()
    events: list[Event] = []

    async def main() -> None:
        own = ResourceSettings("db", "unit", (), 5.0, 0.8, Options("db.service"))
        service = Service(settings, {"db": Unit(own, manager)}, history)
        worker = Dispatcher({"shop": service}, nobody, store, nobody, history, lambda m: None)
        done = asyncio.get_running_loop().create_future()

        def post(event: Event) -> None:
            events.append(event)
            if isinstance(event, Probed):
                done.set_result(None)

        worker.post = post
        worker.perform(Probe("shop", 7))
        await done
        service.close()

    asyncio.run(main())
    assert isinstance(events[-1], Probed)
    assert events[-1].found is (Found.RUNNING if gets_on else Found.PARTIAL)
    assert all(isinstance(event, OpProgress) for event in events[:-1])
    assert bool(events[:-1]) is gets_on


def test_what_an_application_tells_systemd_is_progress_too() -> None:
    first, second = progress.of([], "InnoDB: 10 %"), progress.of([], "InnoDB: 20 %")
    assert first is not None and second is not None
    assert (first.text, second.text) == ("InnoDB: 10 %", "InnoDB: 20 %")
    assert first.mark != second.mark
    assert progress.of([os.getpid(), 1 << 30], "") is None


def test_the_file_that_is_synchronised_shows_before_the_replay(tmp_path: Path) -> None:
    """The startup process has no title then, and writes nothing that is counted."""
    own = tmp_path / "77"
    (own / "fd").mkdir(parents=True)
    (own / "cmdline").write_bytes(b"postgres: 15/main: startup \0\0\0")
    (own / "cwd").symlink_to("/srv/shop/postgresql")
    seen = []
    for number in ("1259", "2604"):
        (own / "fd" / "5").unlink(missing_ok=True)
        (own / "fd" / "5").symlink_to(f"/srv/shop/postgresql/base/1/{number}")
        seen.append(progress.of([77], "", tmp_path))
    assert [one.text for one in seen if one is not None] == [
        "recovery: reading its files: base/1/1259",
        "recovery: reading its files: base/1/2604",
    ]
    assert seen[0] != seen[1]
