# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Applications are units: what systemd says of them becomes what the service knows."""

from __future__ import annotations

import asyncio
import signal
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from failoverd.checks.base import CheckFailed, CheckSettings, NoAnswer
from failoverd.checks.watchers import Watchers
from failoverd.resources import unit as units
from failoverd.resources.base import ResourceError, Situation, State
from failoverd.resources.service import Service
from failoverd.resources.settings import ResourceSettings
from failoverd.resources.unit import Options, Unit
from failoverd.system.pidfd import is_stopped
from failoverd.system.systemd import SystemdError


class Manager:
    """A systemd with one unit."""

    def __init__(self) -> None:
        self.active = "inactive"
        self.loaded = "loaded"
        self.after_job = {"StartUnit": "active", "StopUnit": "inactive"}
        self.calls: list[str] = []
        self.listener: Callable[[dict[str, Any]], None] = lambda properties: None
        self.away = 0
        self.main = 0

    async def main_pid(self, unit: str) -> int:
        return self.main

    async def call(self, member: str, signature: str, *body: Any) -> list[Any]:
        self.calls.append(member)
        return []

    async def properties(self, unit: str) -> dict[str, Any]:
        if self.away:
            self.away -= 1
            raise SystemdError("the system bus cannot be reached")
        return {"ActiveState": self.active, "LoadState": self.loaded, "Job": [0, "/"]}

    async def state(self, unit: str) -> str:
        return str((await self.properties(unit))["ActiveState"])

    async def job(self, member: str, unit: str) -> str:
        self.calls.append(member)
        self.active = self.after_job[member]
        return "done" if self.active in ("active", "inactive") else "failed"

    async def watch(self, unit: str, changed: Callable[[dict[str, Any]], None]) -> None:
        self.listener = changed


def unit(manager: Manager) -> Unit:
    settings = ResourceSettings("db", "unit", (), 5.0, 5.0, Options("db.service"))
    systemd: Any = manager
    return Unit(settings, systemd)


@pytest.fixture
def child(sleeper: Callable[[], subprocess.Popen[bytes]]) -> subprocess.Popen[bytes]:
    """A process that can be the main process of a unit."""
    return sleeper()


@pytest.mark.parametrize(
    ("active", "state"),
    [
        ("active", State.UP),
        ("reloading", State.UP),
        ("inactive", State.DOWN),
        ("failed", State.DOWN),
        ("activating", State.UNKNOWN),
        ("deactivating", State.UNKNOWN),
    ],
)
def test_states_between_up_and_down_are_neither(active: str, state: State) -> None:
    manager = Manager()
    manager.active = active
    assert asyncio.run(unit(manager).probe()) is state


def test_a_unit_that_does_not_become_active_is_a_failed_start() -> None:
    manager = Manager()
    manager.after_job["StartUnit"] = "failed"
    with pytest.raises(ResourceError, match=r"the unit is failed; see journalctl -u db\.service"):
        asyncio.run(unit(manager).start(Situation()))


def test_a_unit_that_does_not_go_down_is_a_failed_stop() -> None:
    manager = Manager()
    manager.active = "active"
    manager.after_job["StopUnit"] = "deactivating"
    with pytest.raises(ResourceError, match="the unit is deactivating"):
        asyncio.run(unit(manager).stop())


def test_a_stopped_unit_is_not_stopped_again() -> None:
    manager = Manager()
    asyncio.run(unit(manager).stop())
    assert manager.calls == []


def test_an_unknown_unit_is_found_out_before_anything_else_starts() -> None:
    manager = Manager()
    manager.loaded = "not-found"
    with pytest.raises(ResourceError, match=r"db\.service: the unit is not-found"):
        asyncio.run(unit(manager).prepare(Situation()))


def test_an_old_failure_does_not_stand_in_the_way() -> None:
    manager = Manager()
    manager.active = "failed"
    asyncio.run(unit(manager).prepare(Situation()))
    assert manager.calls == ["ResetFailedUnit"]


def test_a_unit_that_fails_is_reported_once_and_at_once(until: Any) -> None:
    async def main() -> None:
        manager = Manager()
        reports: list[str] = []
        db = unit(manager)
        await db.start(Situation())
        db.watch(reports.append)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        manager.listener({"ActiveState": "deactivating"})
        assert reports == []
        manager.listener({"ActiveState": "failed"})
        manager.listener({"ActiveState": "inactive"})
        assert reports == ["is failed"]
        db.close()

    asyncio.run(main())


def test_a_unit_that_died_before_it_was_watched_is_reported(until: Any) -> None:
    async def main() -> None:
        manager = Manager()
        reports: list[str] = []
        db = unit(manager)
        db.watch(reports.append)
        await until(lambda: reports)
        assert reports == ["is inactive"]
        db.close()

    asyncio.run(main())


def test_an_ordered_stop_is_no_failure() -> None:
    async def main() -> None:
        manager = Manager()
        reports: list[str] = []
        db = unit(manager)
        await db.start(Situation())
        db.watch(reports.append)
        await asyncio.sleep(0)
        await db.stop()
        manager.listener({"ActiveState": "inactive"})
        assert reports == []
        db.close()

    asyncio.run(main())


def test_an_unreachable_bus_is_an_error_not_a_stopped_unit() -> None:
    manager = Manager()
    manager.away = 1
    with pytest.raises(ResourceError, match="bus cannot be reached"):
        asyncio.run(unit(manager).probe())


def watched(manager: Manager, child: subprocess.Popen[bytes]) -> tuple[Unit, list[str]]:
    """A unit that runs with that main process, and what is reported of it."""
    manager.active, manager.main = "active", child.pid
    reports: list[str] = []
    db = unit(manager)
    db.watch(reports.append)
    return db, reports


def test_f50_the_end_of_the_main_process_is_news_before_systemd_says_so(
    child: subprocess.Popen[bytes], until: Any
) -> None:
    async def main() -> None:
        manager = Manager()
        db, reports = watched(manager, child)
        await until(lambda: db.main_pid)
        manager.active = "deactivating"  # A leftover takes its time: no signal says failed.
        child.kill()
        await until(lambda: reports)
        assert reports == [f"lost its main process {child.pid}"]
        manager.listener({"ActiveState": "failed"})
        assert len(reports) == 1
        db.close()

    asyncio.run(main())


def test_f50_systemd_that_has_not_noticed_or_does_not_answer_changes_nothing(
    child: subprocess.Popen[bytes], until: Any
) -> None:
    async def main() -> None:
        manager = Manager()
        db, reports = watched(manager, child)
        await until(lambda: db.main_pid)

        async def silence(unit: str) -> str:
            await asyncio.sleep(3600)
            return ""

        manager.state = silence  # type: ignore[method-assign]
        child.kill()
        await until(lambda: reports)
        db.close()

    asyncio.run(main())


@pytest.mark.parametrize("heir", [True, False])
def test_a_main_process_that_hands_over_is_no_failure(
    child: subprocess.Popen[bytes], sleeper: Any, until: Any, heir: bool
) -> None:
    async def main() -> None:
        manager = Manager()
        db, reports = watched(manager, child)
        await until(lambda: db.main_pid)
        other = sleeper()
        manager.main = other.pid if heir else 0  # RemainAfterExit=yes
        child.kill()
        await until(lambda: db.main_pid == manager.main)
        assert reports == []
        if heir:
            other.kill()
            manager.active = "failed"
            await until(lambda: reports)
        db.close()

    asyncio.run(main())


def test_systemd_may_restart_what_its_unit_tells_it_to_restart(
    child: subprocess.Popen[bytes], sleeper: Any, until: Any
) -> None:
    async def main() -> None:
        manager = Manager()
        db, reports = watched(manager, child)
        await until(lambda: db.main_pid)
        manager.active, manager.main = "activating", 0
        child.kill()
        await until(lambda: not db.main_pid)
        other = sleeper()
        manager.active, manager.main = "active", other.pid
        manager.listener({"ActiveState": "active"})
        await until(lambda: db.main_pid == other.pid)
        assert reports == []
        db.close()

    asyncio.run(main())


def test_the_end_of_the_main_process_in_an_ordered_stop_is_no_failure(
    child: subprocess.Popen[bytes], until: Any
) -> None:
    async def main() -> None:
        manager = Manager()
        db, reports = watched(manager, child)
        await until(lambda: db.main_pid)
        await db.stop()
        child.kill()
        child.wait(60)
        manager.listener({"ActiveState": "inactive"})
        await asyncio.sleep(0)
        assert reports == []
        db.close()

    asyncio.run(main())


def test_f53_a_stop_that_drags_on_goes_on_with_sigkill(until: Any) -> None:
    async def main() -> None:
        manager = Manager()
        manager.active = "active"
        killed = asyncio.Event()

        async def job(member: str, unit: str) -> str:
            await killed.wait()
            manager.active = "failed"
            return "done"

        async def call(member: str, signature: str, *body: Any) -> list[Any]:
            assert (member, body) == ("KillUnit", ("db.service", "all", 9))
            killed.set()
            return []

        manager.job = job  # type: ignore[method-assign]
        manager.call = call  # type: ignore[method-assign]
        settings = ResourceSettings("db", "unit", (), 5.0, 0.1, Options("db.service"))
        systemd: Any = manager
        await Unit(settings, systemd).stop()

    asyncio.run(main())


class Deaf(Manager):
    """A systemd whose stop ends only when the unit is killed."""

    def __init__(self) -> None:
        super().__init__()
        self.active = "active"
        self.killed = asyncio.Event()

    async def job(self, member: str, unit: str) -> str:
        await self.killed.wait()
        self.active = "failed"
        return "done"

    async def call(self, member: str, signature: str, *body: Any) -> list[Any]:
        assert (member, body) == ("KillUnit", ("db.service", "all", 9))
        self.killed.set()
        return []


@pytest.mark.parametrize("frozen", [True, False])
def test_f51_what_does_not_answer_is_not_asked_for_long_to_stop(
    child: subprocess.Popen[bytes], until: Any, monkeypatch: pytest.MonkeyPatch, frozen: bool
) -> None:
    """What is stopped by a signal is killed at once; whoever answers badly is asked as ever."""
    monkeypatch.setattr(units, "HUNG_STOP_S", 3600.0 if frozen else 0.1)

    async def main() -> None:
        manager: Any = Deaf()
        manager.main = child.pid
        settings = ResourceSettings("db", "unit", (), 5.0, 3600.0, Options("db.service"))
        db = Unit(settings, manager)
        history: Any = type("Told", (), {"add": lambda self, *words, **more: None})()
        service = Service(type("S", (), {"name": "shop"}), {"db": db}, history)  # type: ignore[arg-type]
        told: list[tuple[str, bool]] = []
        service.on_failure(lambda name, reason, silent: told.append((name, silent)))
        db.watch(lambda reason: None)
        await until(lambda: db.main_pid)
        if frozen:
            child.send_signal(signal.SIGSTOP)
            await until(lambda: is_stopped(child.pid))
        check = Answer(NoAnswer("it hangs") if frozen else TimeoutError())
        fast = CheckSettings("http", "http", interval_s=0.001, confirmations=1)
        service.watchers = Watchers({"db": Checked(check, fast)}, lambda: "")
        service.attach()
        await until(lambda: told)
        assert told[0] == ("db", True)
        async with asyncio.timeout(60):
            await service.stop("db")
        # The next one is asked as ever.
        assert not db._hangs

    asyncio.run(main())


class Answer:
    """A check that always says the same."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def check(self) -> None:
        raise self._error

    def close(self) -> None:
        pass


class Checked:
    """A resource with one check."""

    def __init__(self, check: Answer, how: CheckSettings) -> None:
        self.settings = ResourceSettings("db", "unit", (), 5.0, 5.0)
        self._own = [(how, check)]

    def own_checks(self) -> list[tuple[CheckSettings, Answer]]:
        return self._own


def test_f51_a_bad_answer_is_an_answer(until: Any) -> None:
    async def main() -> None:
        fast = CheckSettings("http", "http", interval_s=0.001, confirmations=1)
        watchers = Watchers({"db": Checked(Answer(CheckFailed("status 500")), fast)}, lambda: "")
        reports: list[str] = []
        watchers.begin(lambda name, reason: reports.append(reason))
        await until(lambda: reports)
        assert not watchers.silent("db")
        watchers.end()

    asyncio.run(main())
