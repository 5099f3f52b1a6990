# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One service on a node: what is reported of it is exactly what is so."""

from __future__ import annotations

import asyncio
import dataclasses
import errno
import os
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest

from failoverd.core.events import Found
from failoverd.resources import service as services
from failoverd.resources.base import ResourceError, Situation, State
from failoverd.resources.part import Part
from failoverd.resources.service import Failed, Service
from failoverd.resources.service_settings import ServiceSettings
from failoverd.resources.settings import ResourceSettings


class Fake:
    """A resource that does as it is told."""

    def __init__(self, name: str, after: tuple[str, ...], log: list[str]) -> None:
        self.settings = ResourceSettings(name, "unit", after, 0.2, 0.2)
        self.state = State.DOWN
        self.log = log
        self.broken = ""
        self.failed: Callable[[str], None] = lambda reason: None
        self.watched = 0

    async def _do(self, what: str) -> None:
        self.log.append(f"{what} {self.settings.name}")
        await asyncio.sleep(0)
        if self.broken == what:
            raise ResourceError(f"{self.settings.name}: {what} refused")
        if self.broken == f"{what} hangs":
            await asyncio.sleep(3600)

    async def prepare(self, situation: Situation) -> None:
        await self._do("prepare")

    async def probe(self) -> State:
        await self._do("probe")
        return self.state

    async def start(self, situation: Situation) -> None:
        await self._do("start")
        self.state = State.UP

    async def stop(self) -> None:
        await self._do("stop")
        self.state = State.DOWN

    def watch(self, failed: Callable[[str], None]) -> None:
        self.failed = failed
        self.watched += 1

    def close(self) -> None:
        pass


class Shop:
    """disk <- mount <- db, and disk <- address."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.notes: list[tuple[str, dict[str, Any]]] = []
        plan = {"disk": (), "mount": ("disk",), "db": ("mount",), "address": ("disk",)}
        self.fakes = {name: Fake(name, after, self.log) for name, after in plan.items()}
        settings = ServiceSettings("shop", "", 3, ())
        resources: Any = dict(self.fakes)
        self.service = Service(settings, resources, self)

    def add(self, code: str, text: str, **more: Any) -> None:
        self.notes.append((code, more.get("data") or {}))

    def set(self, state: State, *names: str) -> None:
        for name in names or self.fakes:
            self.fakes[name].state = state


@pytest.fixture
def shop() -> Shop:
    return Shop()


def test_everything_up_is_running_and_everything_down_is_stopped(shop: Shop) -> None:
    assert asyncio.run(shop.service.probe())[0] is Found.STOPPED
    shop.set(State.UP)
    assert asyncio.run(shop.service.probe())[0] is Found.RUNNING


@pytest.mark.parametrize("broken", ["probe", "probe hangs"])
def test_what_cannot_be_told_is_never_called_stopped(shop: Shop, broken: str) -> None:
    shop.fakes["mount"].broken = broken
    found, detail = asyncio.run(shop.service.probe())
    assert found is Found.PARTIAL
    assert "mount" in detail


def test_a_part_that_is_up_is_named(shop: Shop) -> None:
    shop.set(State.UP, "address")
    assert asyncio.run(shop.service.probe()) == (Found.PARTIAL, "up: address")


def test_preparations_run_before_the_first_start(shop: Shop) -> None:
    asyncio.run(shop.service.start(4, peer_gone=True))
    first = shop.log.index("start disk")
    assert {w for w in shop.log[:first] if w.startswith("prepare")} >= {"prepare disk"}
    assert shop.log.index("prepare address") < shop.log.index("start mount")


def test_a_start_is_told_with_generation_outcome_and_duration(shop: Shop) -> None:
    asyncio.run(shop.service.start(4, peer_gone=False))
    codes = [code for code, _text in shop.notes]
    assert codes[0] == "start-begin"
    assert codes[-1] == "start-end"
    assert shop.notes[-1][1]["ok"] is True
    assert shop.notes[-1][1]["generation"] == 4
    ups = [data for code, data in shop.notes if code == "resource-up"]
    assert {data["resource"] for data in ups} == set(shop.fakes)
    assert all(data["seconds"] >= 0 and data["began"] > 0 for data in ups)


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ("start", "mount: start refused"),
        ("start hangs", "mount was not done in time"),
        ("prepare", "mount: prepare refused"),
    ],
)
def test_a_failed_start_names_the_part_and_stops_nothing(
    shop: Shop, broken: str, reason: str
) -> None:
    shop.fakes["mount"].broken = broken
    with pytest.raises(Failed, match=reason):
        asyncio.run(shop.service.start(4, peer_gone=False))
    assert "start db" not in shop.log
    assert shop.fakes["address"].state is State.UP
    assert not any(word.startswith("stop") for word in shop.log)
    assert shop.notes[-1][1]["ok"] is False


def test_a_failed_stop_leaves_what_is_below_it(shop: Shop) -> None:
    shop.set(State.UP)
    shop.fakes["mount"].broken = "stop hangs"
    with pytest.raises(Failed, match="mount was not done in time"):
        asyncio.run(shop.service.stop())
    assert "stop disk" not in shop.log
    assert shop.fakes["address"].state is State.DOWN


def test_recovery_touches_the_part_and_what_needs_it_only(shop: Shop) -> None:
    shop.set(State.UP)
    asyncio.run(shop.service.recover("mount"))
    done = [word for word in shop.log if not word.startswith("prepare")]
    assert done == ["stop db", "stop mount", "start mount", "start db"]


@pytest.mark.parametrize(("urgent", "hurried"), [("mount", ["mount", "db"]), ("db", ["db"])])
def test_f51_what_waits_for_a_part_that_does_not_answer_is_hurried_too(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, urgent: str, hurried: list[str]
) -> None:
    told: list[str] = []
    for name, fake in shop.fakes.items():
        monkeypatch.setattr(fake, "hurry", partial(told.append, name), raising=False)
    shop.set(State.UP)
    asyncio.run(shop.service.recover(urgent, urgent))
    asyncio.run(shop.service.stop(urgent))
    assert sorted(told) == sorted(2 * hurried)
    told.clear()
    asyncio.run(shop.service.recover(urgent))
    asyncio.run(shop.service.stop())
    assert told == []


def test_a_planned_stop_is_made_shorter_while_everything_still_serves(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unburden() -> None:
        shop.log.append("unburden db")

    monkeypatch.setattr(shop.fakes["db"], "unburden", unburden, raising=False)
    shop.set(State.UP)
    asyncio.run(shop.service.stop(planned=True))
    assert shop.log[:2] == ["unburden db", "stop db"]
    shop.log.clear()
    asyncio.run(shop.service.stop())
    assert "unburden db" not in shop.log, "clients who are not served wait for nothing"


def test_a_planned_stop_does_not_wait_for_long_to_become_shorter(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unburden() -> None:
        await asyncio.sleep(3600)

    monkeypatch.setattr(shop.fakes["db"], "unburden", unburden, raising=False)
    monkeypatch.setattr(services, "UNBURDEN_S", 0.05)
    shop.set(State.UP)
    asyncio.run(shop.service.stop(planned=True))
    assert shop.fakes["db"].state is State.DOWN


def test_a_part_that_breaks_is_reported_while_running_and_not_during_a_stop(shop: Shop) -> None:
    reports: list[tuple[str, str]] = []
    shop.service.on_failure(lambda name, reason, silent: reports.append((name, reason)))

    async def main() -> None:
        await shop.service.start(1, peer_gone=False)
        shop.fakes["db"].failed("is failed")
        assert reports == [("db", "is failed")]
        await shop.service.stop()
        shop.fakes["db"].failed("is inactive")
        assert len(reports) == 1

    asyncio.run(main())


def test_a_part_whose_failure_went_unheard_is_found(shop: Shop, until: Any) -> None:
    reports: list[tuple[str, str]] = []
    shop.service.on_failure(lambda name, reason, silent: reports.append((name, reason)))

    async def main() -> None:
        patrol = asyncio.create_task(shop.service.patrol(0.02))
        await asyncio.sleep(0.1)
        assert reports == []
        await shop.service.start(1, peer_gone=False)
        shop.set(State.DOWN, "mount")
        await until(lambda: reports)
        assert reports[0] == ("mount", "was found down")
        patrol.cancel()

    asyncio.run(main())


async def _mended_by_hand(shop: Shop, until: Any, look: Callable[[], Awaitable[Any]]) -> None:
    """Two parts of a running service are down, nobody acts, and people start them again."""
    states = shop.service.states
    await shop.service.start(1, peer_gone=False)
    shop.notes.clear()
    for name in ("db", "address"):
        shop.set(State.DOWN, name)
        shop.fakes[name].failed("is gone")
    watches = {name: shop.fakes[name].watched for name in shop.fakes}
    shop.set(State.UP, "address")
    await look()
    await until(lambda: states["address"] == "up")
    assert states["db"] == "down"
    assert not shop.notes
    shop.set(State.UP, "db")
    await look()
    await until(lambda: states["db"] == "up")
    assert [code for code, _about in shop.notes] == ["mended"]
    grown = {name for name, fake in shop.fakes.items() if fake.watched > watches[name]}
    assert grown == {"address", "db"}


def test_f66_a_part_that_people_have_mended_is_shown_up_and_watched_anew(
    shop: Shop, until: Any
) -> None:
    """In maintenance mode the core orders nothing, so no operation sets the state."""

    async def main() -> None:
        patrol = asyncio.create_task(shop.service.patrol(0.02))
        await _mended_by_hand(shop, until, lambda: asyncio.sleep(0))
        patrol.cancel()

    asyncio.run(main())


def test_f66_a_look_at_the_end_of_maintenance_watches_anew_what_people_have_mended(
    shop: Shop, until: Any
) -> None:
    asyncio.run(_mended_by_hand(shop, until, shop.service.probe))


def test_an_order_given_during_another_waits_for_it(shop: Shop) -> None:
    async def main() -> None:
        start = asyncio.create_task(shop.service.start(1, peer_gone=False))
        await asyncio.sleep(0)
        assert await shop.service.probe() == (Found.RUNNING, "")
        await start

    asyncio.run(main())


@pytest.mark.finding("S23")
def test_a_stop_does_not_wait_for_a_start_that_may_take_for_ever(shop: Shop, until: Any) -> None:
    """F77, F25: a start may go on as long as it gets on; a lease that runs out does not wait."""
    db = shop.fakes["db"]
    db.settings = dataclasses.replace(db.settings, start_timeout_s=3600.0)
    db.broken = "start hangs"

    async def main() -> None:
        start = asyncio.create_task(shop.service.start(1, peer_gone=False))
        await until(lambda: "start db" in shop.log)
        await asyncio.wait_for(shop.service.stop(), 30)
        assert all(fake.state is State.DOWN for fake in shop.fakes.values())
        with pytest.raises(asyncio.CancelledError):
            await start

    asyncio.run(main())
    codes = [code for code, _about in shop.notes]
    assert codes.index("start-end") < codes.index("stop-begin")


@pytest.mark.finding("S23")
def test_a_stop_gives_up_the_look_at_it_and_the_start_that_waits_for_its_turn(shop: Shop) -> None:
    """Either may take for ever (F77), and a node that is shut down waits for the stop (F61)."""
    for fake in shop.fakes.values():
        fake.settings = dataclasses.replace(
            fake.settings, start_timeout_s=3600.0, stop_timeout_s=3600.0
        )
    shop.fakes["disk"].broken = "probe hangs"

    async def main() -> list[Any]:
        look = asyncio.ensure_future(shop.service.probe())
        await asyncio.sleep(0.01)
        start = asyncio.ensure_future(shop.service.start(1, peer_gone=False))
        await asyncio.sleep(0.01)
        await asyncio.wait_for(shop.service.stop(), 5)
        return list(await asyncio.gather(look, start, return_exceptions=True))

    assert [type(end) for end in asyncio.run(main())] == [asyncio.CancelledError] * 2
    assert not [word for word in shop.log if word.startswith("start")]


@pytest.mark.finding("S23")
def test_what_a_start_that_is_given_up_leaves_behind_is_cleared_before_the_stop(
    shop: Shop, until: Any
) -> None:
    """A helper of the start is ended first, or it would do its work during the stop."""
    mount, log = shop.fakes["mount"], shop.log

    async def start(situation: Situation) -> None:
        log.append("start mount")
        try:
            await asyncio.sleep(3600)
        finally:
            for _round in range(20):
                await asyncio.sleep(0)
            log.append("cleared mount")

    async def main() -> None:
        mount.settings = dataclasses.replace(mount.settings, start_timeout_s=3600.0)
        mount.start = start  # type: ignore[method-assign]
        task = asyncio.create_task(shop.service.start(1, peer_gone=False))
        await until(lambda: "start mount" in log)
        await asyncio.wait_for(shop.service.stop(), 30)
        await asyncio.wait([task])

    asyncio.run(main())
    assert log.index("cleared mount") < log.index("stop mount")


@pytest.mark.finding("S17")
def test_f75_a_stop_that_the_daemon_lacks_the_means_for_is_tried_again(shop: Shop) -> None:
    """A stop that fails costs the node its life (F47)."""
    mount, lacking = shop.fakes["mount"], 3
    mount.settings = dataclasses.replace(mount.settings, stop_timeout_s=60.0)
    shop.set(State.UP)

    async def stop() -> None:
        nonlocal lacking
        shop.log.append("stop mount")
        if lacking:
            lacking -= 1
            try:
                raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
            except OSError as error:
                raise ResourceError(f"cannot be asked: {error.strerror}") from None
        mount.state = State.DOWN

    mount.stop = stop  # type: ignore[method-assign]
    asyncio.run(shop.service.stop())
    assert all(fake.state is State.DOWN for fake in shop.fakes.values())
    assert shop.log.count("stop mount") == 4


@pytest.mark.finding("S31")
def test_f91_what_people_start_on_open_storage_does_not_close_it(shop: Shop) -> None:
    """A new life of the daemon would find it half up, and stop it under their hands (F31)."""
    for name, part in (("disk", Part.REPLICA), ("mount", Part.DATA)):
        fake = shop.fakes[name]
        fake.settings = dataclasses.replace(fake.settings, part=part)
    shop.set(State.UP, "disk", "mount", "db")
    shop.service.mean(repair=True)
    assert asyncio.run(shop.service.probe()) == (Found.RUNNING, "")
    shop.set(State.DOWN, "mount")
    assert asyncio.run(shop.service.probe())[0] is Found.PARTIAL
    shop.service.mean(repair=False)
    shop.set(State.UP, "mount")
    assert asyncio.run(shop.service.probe())[0] is Found.PARTIAL


@pytest.mark.finding("S17")
def test_f31_a_part_that_cannot_be_watched_is_no_reason_to_stop_what_runs(
    shop: Shop, until: Any
) -> None:
    """Whatever the reason: it is tried again, and the patrol looks at it meanwhile."""
    refused = [OSError(errno.ENOBUFS, os.strerror(errno.ENOBUFS))] * 2
    watched: list[str] = []

    def watch(failed: Callable[[str], None]) -> None:
        if refused:
            raise refused.pop()
        watched.append("address")

    shop.set(State.UP)
    shop.fakes["address"].watch = watch  # type: ignore[method-assign]

    async def main() -> None:
        shop.service.attach()
        assert shop.service.running and not watched
        patrol = asyncio.create_task(shop.service.patrol(0.01))
        await until(lambda: bool(watched))
        patrol.cancel()

    asyncio.run(main())
    assert [code for code, _about in shop.notes] == ["not-watched"]


@pytest.mark.parametrize("state", [State.UP, State.UNKNOWN])
def test_f64_a_service_is_bare_only_if_every_part_but_a_lock_says_that_it_is_down(
    shop: Shop, state: State
) -> None:
    lock = shop.fakes["disk"]
    lock.settings = dataclasses.replace(lock.settings, type="sfex")
    lock.state = State.UP
    assert asyncio.run(shop.service.bare())
    shop.set(state, "mount")
    shop.fakes["db"].broken = "probe hangs"
    assert not asyncio.run(shop.service.bare())
    shop.set(State.DOWN, "mount")
    shop.fakes["db"].broken = "probe"
    assert not asyncio.run(shop.service.bare())
