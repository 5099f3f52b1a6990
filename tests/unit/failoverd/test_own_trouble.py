# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""F75: a daemon that lacks descriptors, threads or memory blames no application for it."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from failoverd.checks import command, http, port, query, watcher
from failoverd.checks.base import Check, CheckFailed, CheckSettings, CheckUnable
from failoverd.checks.endpoint import Endpoint, connect
from failoverd.checks.watcher import Watcher
from failoverd.core.actions import Probe
from failoverd.core.events import Disk, DiskTried, Event, Found, OpProgress, Probed
from failoverd.core.message import Reach
from failoverd.dispatch import Dispatcher
from failoverd.fencing.sfex.disk import Disk as LockDisk
from failoverd.formats.schema import Section
from failoverd.monitors.backing_disk import DiskWatch
from failoverd.monitors.carrier import Carrier
from failoverd.monitors.ping import Ping
from failoverd.monitors.settings import DiskSettings, PingSettings, Target
from failoverd.resources import lsb
from failoverd.resources.base import ResourceError, State
from failoverd.resources.drbd_watcher import DrbdWatcher
from failoverd.resources.service import Service
from failoverd.resources.settings import ResourceSettings
from failoverd.resources.unit import Options, Unit
from failoverd.system import mounts, trouble
from failoverd.system.aside import aside
from failoverd.system.systemd import SystemdError

from .postgres_server import ACCOUNT, PORT, Server
from .test_unit import Manager

pytestmark = pytest.mark.finding("S17")


class Told:
    """A history that keeps what it is told."""

    def __init__(self) -> None:
        self.entries: list[tuple[str, str, bool]] = []

    def add(self, code: str, text: str, *, alert: bool = False, **more: Any) -> None:
        self.entries.append((code, text, alert))


@pytest.fixture(scope="module")
def web() -> Iterator[int]:
    """A real web server in a process of its own; its port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        number: int = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "http.server", str(number), "--bind", "127.0.0.1"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/proc/self/fdinfo",
    )
    try:
        for _round in range(1000):
            with socket.socket() as client:
                if client.connect_ex(("127.0.0.1", number)) == 0:
                    break
            threading.Event().wait(0.02)
        yield number
    finally:
        server.kill()
        server.wait(60)


@pytest.fixture(scope="module")
def database() -> Iterator[Server]:
    server = Server()
    try:
        server.start()
        yield server
    finally:
        server.remove()


def section(**values: Any) -> Section:
    return Section(values, "test")


@pytest.fixture
def check(request: pytest.FixtureRequest, tmp_path: Path) -> Check:
    """The real check of that name, with something real that serves."""
    kind = request.param
    if kind == "http":
        url = f"http://127.0.0.1:{request.getfixturevalue('web')}/"
        return http.build(http.parse(section(url=url)), None)
    if kind == "port":
        return port.build(port.parse(section(port=request.getfixturevalue("web"))), None)
    if kind == "query":
        server = request.getfixturevalue("database")
        entry = section(directory=str(server.directory), port=PORT, account=ACCOUNT, user=ACCOUNT)
        return query.build(query.parse(entry), None)
    if kind == "agent":
        script = tmp_path / "worker"
        script.write_text("#!/bin/sh\nexit 0\n")
        script.chmod(0o755)
        settings = ResourceSettings("worker", "lsb", (), 5, 5, lsb.Options("worker"))
        systemd: Any = None
        return lsb.Lsb(settings, systemd, tmp_path)
    return command.build(command.parse(section(command=["/bin/true"])), None)


async def answers(check: Check) -> None:
    """Until what is asked has begun to serve."""
    for _round in range(1000):
        try:
            return await check.check()
        except (CheckFailed, OSError):
            await asyncio.sleep(0.02)
    raise AssertionError("it does not begin to serve")


@pytest.mark.parametrize("check", ["http", "port", "query", "command", "agent"], indirect=True)
def test_a_check_that_cannot_be_made_is_no_failed_check(
    check: Check, few: Any, until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watcher, "BLIND_S", 0.0)
    failures: list[str] = []
    blind: list[str] = []

    async def main() -> None:
        settings = CheckSettings("it", "it", interval_s=0.01, deadline_s=20.0, confirmations=1)
        watching = Watcher(settings, check, lambda: "")
        await answers(check)
        watching.begin(failures.append, blind.append)
        # What the check itself gives up is taken, too.
        await until(lambda: few.take() or blind)
        assert watching.report()["state"] == "unknown"
        assert "Too many open files" in watching.report()["reason"]
        few.give()
        await until(lambda: watching.report()["state"] == "ok")
        await until(lambda: len(blind) > 1)
        watching.end()

    asyncio.run(main())
    assert failures == []
    assert "cannot be checked" in blind[0]
    assert blind[1:] == [""]


def test_an_application_that_really_fails_is_still_told(until: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        number = free.getsockname()[1]
    failures: list[str] = []

    async def main() -> None:
        settings = CheckSettings("port", "port", interval_s=0.01, confirmations=1)
        watching = Watcher(settings, port.Port(Endpoint(port=number)), lambda: "")
        watching.begin(failures.append)
        await until(lambda: failures)
        watching.end()

    asyncio.run(main())
    assert "Connection refused" in failures[0]


def test_a_name_that_nobody_resolves_says_nothing_of_the_application() -> None:
    with pytest.raises(CheckUnable, match=r"cannot connect to nowhere\.invalid:80"):
        asyncio.run(connect(Endpoint("nowhere.invalid", 80)))


def made_of(error: BaseException) -> BaseException:
    """What a resource makes of an error of the system."""
    try:
        try:
            raise error
        except BaseException as cause:
            raise SystemdError("the system bus cannot be reached") from cause
    except SystemdError:
        try:
            raise ResourceError("db.service: the system bus cannot be reached") from None
        except ResourceError as result:
            return result


@pytest.mark.parametrize(
    ("error", "own"),
    [
        (OSError(errno.EMFILE, "x"), True),
        (OSError(errno.ENFILE, "x"), True),
        (OSError(errno.ENOMEM, "x"), True),
        (OSError(errno.EAGAIN, "x"), True),
        (OSError("Multiple exceptions: [Errno 111] refused, [Errno 24] Too many"), True),
        (OSError("Multiple exceptions: [Errno 111] refused, [Errno 113] no route"), False),
        (MemoryError(), True),
        (RuntimeError("can't start new thread"), True),
        (RuntimeError("other"), False),
        (ConnectionRefusedError(errno.ECONNREFUSED, "x"), False),
        (OSError(errno.EIO, "x"), False),
        (TimeoutError(), False),
        (None, False),
    ],
)
def test_one_place_tells_own_trouble_from_an_answer(error: BaseException | None, own: bool) -> None:
    assert trouble.own(error) is own
    if error is not None:
        assert trouble.own(made_of(error)) is own


def test_ping_targets_that_cannot_be_asked_are_not_lost(
    cable: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel has no memory for a packet; a full queue and a lost route stay losses."""
    posted: list[Any] = []

    async def main(error: OSError) -> Reach:
        ping = Ping(PingSettings((Target("10.9.0.2", 1),), deadline_s=0.05), posted.append, Told())
        with cable.side(0):
            assert ping.open()
        await ping.ask_once()
        assert ping.reach is Reach.REACHED
        [echo] = ping._echoes.values()

        def refuse(address: str, sequence: int) -> None:
            raise error

        monkeypatch.setattr(echo, "ask", refuse)
        for _round in range(10):
            await ping.ask_once()
        problem = ping.problem
        ping.close()
        assert bool(problem) is (ping.reach is Reach.REACHED)
        return ping.reach

    assert asyncio.run(main(OSError(errno.ENOMEM, "no memory"))) is Reach.REACHED
    assert asyncio.run(main(OSError(errno.ENETUNREACH, "no route"))) is Reach.LOST
    assert asyncio.run(main(BlockingIOError(errno.EAGAIN, "full"))) is Reach.LOST


def test_ping_targets_are_not_lost_for_want_of_descriptors(few: Any) -> None:
    async def main() -> None:
        ping = Ping(PingSettings((Target("127.0.0.1", 1),)), lambda event: None, Told())
        few.take()
        assert not ping.open()
        assert "Too many open files" in ping.problem
        few.give()
        assert ping.open()
        ping.close()

    asyncio.run(main())


def test_a_disk_that_could_not_be_opened_for_want_of_descriptors_is_not_sick(
    few: Any, tmp_path: Path
) -> None:
    image = tmp_path / "disk"
    image.write_bytes(bytes(1 << 20))
    events: list[Event] = []

    async def main() -> None:
        settings = DiskSettings(deadline_s=30, confirmations=1)
        disk = DiskWatch("shop", str(image), settings, events.append)
        await disk.attempt()
        few.take()
        await disk.attempt()
        assert disk.status()["state"] == "ok"
        few.give()
        image.unlink()
        await disk.attempt()

    asyncio.run(main())
    assert [bool(event.why) for event in events if isinstance(event, DiskTried)] == [False, True]


def test_a_thread_that_cannot_begin_is_an_error_that_is_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    async def main() -> None:
        monkeypatch.setattr(threading.Thread, "start", refuse)
        with pytest.raises(RuntimeError) as caught:
            await aside(len, "x")
        assert trouble.own(caught.value)

    asyncio.run(main())


def test_the_main_process_has_not_ended_because_it_cannot_be_watched(
    few: Any, sleeper: Any, until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from failoverd.resources import unit as units

    monkeypatch.setattr(units, "ATTACH_AGAIN_S", 0.01)
    manager, child = Manager(), sleeper()
    manager.active, manager.main = "active", child.pid
    systemd: Any = manager
    reports: list[str] = []

    async def main() -> None:
        db = Unit(ResourceSettings("db", "unit", (), 5, 5, Options("db.service")), systemd)
        few.take()
        db.watch(reports.append)
        await asyncio.sleep(0.1)
        assert (reports, db.main_pid) == ([], 0)
        few.give()
        await until(lambda: db.main_pid == child.pid)
        child.kill()
        await until(lambda: reports)
        db.close()

    asyncio.run(main())
    assert reports == [f"lost its main process {child.pid}"]


class Part:
    """A resource whose probe reads a file of the kernel, as all do in one way or another."""

    settings = ResourceSettings("mount", "filesystem", (), 5, 5)

    async def probe(self) -> State:
        try:
            mounts.mounted()
        except OSError as error:
            raise ResourceError(f"cannot be told: {error.strerror}") from None
        return State.DOWN


def test_a_service_that_could_not_be_looked_at_is_looked_at_again(
    few: Any, until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half up would have it stopped."""
    from failoverd import dispatch

    monkeypatch.setattr(dispatch, "ASK_AGAIN_S", 0.01)
    told, events = Told(), list[Event]()
    part: Any = Part()
    settings: Any = type("S", (), {"name": "shop"})
    history: Any = told

    class Store:
        def held(self, name: str) -> bool:
            return True

        def generation(self, name: str) -> int:
            return 3

        def repair(self, name: str) -> bool:
            return False

    async def main() -> None:
        service = Service(settings, {"mount": part}, told)
        nobody: Any = None
        store: Any = Store()
        worker = Dispatcher({"shop": service}, nobody, store, nobody, history, lambda m: None)
        worker.post = events.append
        few.take()
        worker.perform(Probe("shop", 7))
        await until(lambda: len(events) > 1)
        few.give()
        await until(lambda: isinstance(events[-1], Probed))

    asyncio.run(main())
    text = "cannot be asked for its state: cannot be told: Too many open files"
    assert set(events[:-1]) == {OpProgress("shop", 7, text)}
    assert events[-1] == Probed("shop", 7, Found.STOPPED, True, "", 3)
    [(code, text, alert)] = told.entries
    assert (code, alert) == ("probe-blind", True)
    assert "Too many open files" in text


def test_the_replicated_disk_has_not_changed_because_the_kernel_was_not_asked() -> None:
    good = Disk(role="Primary", disk="UpToDate")
    answers: list[Callable[[], Disk]] = []

    class Drbd:
        async def disk(self) -> Disk:
            return answers.pop(0)()

    def no_descriptor() -> Disk:
        try:
            raise OSError(errno.EMFILE, "Too many open files")
        except OSError:
            raise ResourceError("/proc/drbd: Too many open files") from None

    def no_answer() -> Disk:
        raise ResourceError("drbdsetup: no answer within 5 s")

    async def main() -> list[Event]:
        drbd: Any = Drbd()
        events: list[Event] = []
        disks = DrbdWatcher({"shop": drbd}, 1.0, events.append, Told())
        answers.extend([lambda: good, no_descriptor, no_answer])
        for _round in range(3):
            await disks.look("shop")
        return events

    first, second = asyncio.run(main())
    assert (first.disk, second.disk) == (good, Disk())  # type: ignore[union-attr]


def test_a_lock_disk_that_is_open_stays_open(tmp_path: Path, few: Any, monkeypatch: Any) -> None:
    """It could not be opened again, and a lock that is not renewed costs the node its life."""
    image = tmp_path / "disk"
    image.write_bytes(bytes(1 << 16))
    disk = LockDisk(str(image))
    disk.read(0)
    with monkeypatch.context() as patch:
        patch.setattr(os, "preadv", _no_memory)
        with pytest.raises(OSError, match="no memory"):
            disk.read(0)
    few.take()
    assert len(disk.read(0)) > 0
    few.give()
    disk.close()


def _no_memory(*_arguments: Any) -> int:
    raise OSError(errno.ENOMEM, "no memory")


def test_a_cable_is_not_pulled_because_the_kernel_was_not_asked(few: Any) -> None:
    async def main() -> None:
        changes: list[bool] = []
        carrier = Carrier(["lo"], Told(), lambda: changes.append(True))
        before = dict(carrier.interfaces)
        few.take()
        carrier.look()
        few.give()
        assert (carrier.interfaces, changes) == (before, [])

    asyncio.run(main())
