# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Applications are units: what systemd says of them becomes what the service knows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from failoverd.resources.base import ResourceError, Situation, State
from failoverd.resources.settings import ResourceSettings
from failoverd.resources.systemd import SystemdError
from failoverd.resources.unit import Options, Unit


class Manager:
    """A systemd with one unit."""

    def __init__(self) -> None:
        self.active = "inactive"
        self.loaded = "loaded"
        self.after_job = {"StartUnit": "active", "StopUnit": "inactive"}
        self.calls: list[str] = []
        self.listener: Callable[[dict[str, Any]], None] = lambda properties: None
        self.away = 0

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
