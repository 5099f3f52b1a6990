# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The watchdog: verified before it counts as protection, and never closed under a service."""

from __future__ import annotations

import asyncio
import errno
from typing import Any

import pytest

from failoverd.core.events import Eligible, Event
from failoverd.fencing.settings import WatchdogSettings
from failoverd.fencing.watchdog import Support, Watchdog


class Fake:
    """A device that remembers what was done to it."""

    def __init__(self, support: Support, seconds: int | None = None) -> None:
        self._support = support
        self._seconds = seconds
        self.pets = 0
        self.closed: bool | None = None
        self.broken = False

    def support(self) -> Support:
        return self._support

    def set_timeout(self, seconds: int) -> int:
        return seconds if self._seconds is None else self._seconds

    def pet(self) -> None:
        if self.broken:
            raise OSError(errno.EIO, "Input/output error")
        self.pets += 1

    def close(self, *, disarm: bool) -> None:
        self.closed = disarm


GOOD = Support("iTCO_wdt", True)


def opened(
    device: Fake | OSError, *, software: bool = False, alerts: list[str] | None = None
) -> tuple[Watchdog, list[Event]]:
    def opener(path: str) -> Any:
        if isinstance(device, OSError):
            raise device
        return device

    told = [] if alerts is None else alerts
    watchdog = Watchdog(
        WatchdogSettings("/dev/watchdog", 10, ""),
        software,
        lambda code, text: told.append(text),
        opener,
    )
    posted: list[Event] = []
    watchdog.post = posted.append
    watchdog.pet()
    return watchdog, posted


def test_a_sound_watchdog_makes_the_node_eligible_and_is_petted_on_order_alone() -> None:
    device = Fake(GOOD)
    watchdog, posted = opened(device)
    assert posted == [Eligible("")]
    before = device.pets
    watchdog.pet()
    assert device.pets == before + 1


@pytest.mark.parametrize(
    ("device", "says"),
    [
        (FileNotFoundError(errno.ENOENT, "No such file or directory"), "there is no watchdog"),
        (OSError(errno.EBUSY, "Device or resource busy"), "RuntimeWatchdogSec"),
        (Fake(Support("Software Watchdog", True)), "software_watchdog"),
        (Fake(Support("Odd", False)), "stops counting when its user dies"),
        (Fake(GOOD, seconds=12), "set its timeout_s to 12"),
    ],
)
def test_what_is_no_protection_makes_the_node_ineligible(device: Any, says: str) -> None:
    _watchdog, posted = opened(device)
    assert len(posted) == 1
    assert isinstance(posted[0], Eligible)
    assert says in posted[0].why


def test_a_software_watchdog_can_be_accepted_by_name() -> None:
    _watchdog, posted = opened(Fake(Support("Software Watchdog", True)), software=True)
    assert posted == [Eligible("")]


def test_one_that_is_refused_is_petted_all_the_same() -> None:
    # A service of an earlier life may run here: a wrong setting must not reset the node.
    device = Fake(GOOD, seconds=12)
    watchdog, _posted = opened(device)
    before = device.pets
    watchdog.pet()
    assert device.pets == before + 1
    assert device.closed is None


@pytest.mark.parametrize(("holding", "disarmed"), [(True, False), (False, True)])
def test_it_is_disarmed_only_with_nothing_held(holding: bool, disarmed: bool) -> None:
    device = Fake(GOOD)
    watchdog, _posted = opened(device)
    watchdog.close(holding=holding)
    assert device.closed is disarmed


def test_one_that_nobody_can_stop_is_told_when_the_daemon_ends() -> None:
    alerts = list[str]()
    opened(Fake(GOOD), alerts=alerts)[0].close(holding=False)
    assert alerts == []
    watchdog, _posted = opened(Fake(Support("softdog", True, endless=True)), alerts=alerts)
    watchdog.close(holding=False)
    opened(Fake(Support("softdog", True, endless=True)), alerts=alerts)[0].close(
        holding=False, leaving=True
    )
    (said,) = alerts
    assert "will reset this node unless failoverd starts again within" in said


def test_a_surrendered_watchdog_is_neither_petted_nor_disarmed() -> None:
    device = Fake(GOOD)
    watchdog, _posted = opened(device)
    before = device.pets
    watchdog.surrender()
    watchdog.pet()
    watchdog.close(holding=False)
    assert device.pets == before
    assert device.closed is False


def test_one_that_breaks_is_told_once_and_makes_the_node_ineligible() -> None:
    device, alerts = Fake(GOOD), list[str]()
    watchdog, posted = opened(device, alerts=alerts)
    device.broken = True
    watchdog.pet()
    watchdog.pet()
    assert len(alerts) == 1
    assert isinstance(posted[-1], Eligible)
    assert "cannot be petted" in posted[-1].why


def test_it_is_not_opened_before_the_core_says_so_and_nothing_may_run_till_then() -> None:
    tried: list[str] = []

    def opener(path: str) -> Any:
        tried.append(path)
        return Fake(GOOD)

    settings = WatchdogSettings("/dev/watchdog", 10, "")
    watchdog = Watchdog(settings, False, lambda code, text: None, opener)
    posted: list[Event] = []
    watchdog.post = posted.append
    asyncio.run(watchdog.prepare())
    assert not tried
    assert isinstance(posted[-1], Eligible)
    assert "not in use yet" in posted[-1].why
    watchdog.pet()
    assert posted[-1] == Eligible("")


def test_a_device_that_appears_later_is_taken() -> None:
    there: list[Fake] = []

    def opener(path: str) -> Any:
        if not there:
            raise FileNotFoundError(errno.ENOENT, "No such file or directory")
        return there[0]

    settings = WatchdogSettings("/dev/watchdog", 10, "")
    watchdog = Watchdog(settings, False, lambda code, text: None, opener)
    posted: list[Event] = []
    watchdog.post = posted.append
    watchdog.pet()
    watchdog.pet()
    there.append(Fake(GOOD))
    watchdog.pet()
    assert [bool(event.why) for event in posted if isinstance(event, Eligible)] == [True, False]


def test_status_tells_what_the_device_says_of_itself_and_not_what_was_asked() -> None:
    watchdog, _posted = opened(Fake(Support("Software Watchdog", True), 12), software=True)
    status = watchdog.status()
    assert status is not None
    assert (status["identity"], status["timeout_s"], status["counts_s"]) == (
        "Software Watchdog",
        10,
        12,
    )
    assert status["software"] is True
