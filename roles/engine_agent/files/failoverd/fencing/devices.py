# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""All exclusion methods of the peer: carries out orders, and checks the devices regularly (F24)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from failoverd.core.actions import Ask
from failoverd.core.events import DeviceChecked, Event, Power
from failoverd.journal.chronicle import Chronicle

from .lease import OwnLease
from .settings import FencingSettings
from .sfex.level import Locks
from .sfex.lock import Lock
from .stonith import GIVEN_UP, Stonith
from .watchdog import Watchdog


class Level(Protocol):
    """One exclusion method of the peer."""

    name: str

    async def perform(self, ask: Ask) -> tuple[Power, str]:
        """Ask or order; every unclear answer is UNKNOWN."""

    async def check(self) -> tuple[Power, str]:
        """Ask while nothing is ordered; give up for any order."""

    def warm(self) -> None:
        """Prepare for quick use."""

    async def close(self) -> None:
        """Free what it holds."""


@dataclass
class Health:
    """The last answer of a device."""

    last: str = "unknown"
    at: float | None = None
    detail: str = ""


class Devices:
    """The levels in configured order."""

    def __init__(
        self,
        levels: tuple[FencingSettings, ...],
        peer: str,
        period_s: float,
        history: Chronicle,
        locks: Mapping[str, Lock] | None = None,
        watchdog: Watchdog | None = None,
    ) -> None:
        def level_of(settings: FencingSettings) -> Level:
            if settings.method == "sfex":
                return Locks(settings.name, locks or {})
            if settings.method == "watchdog":
                return OwnLease(settings.name, watchdog)
            return Stonith(settings, peer)

        self._levels = [level_of(level) for level in levels]
        self._methods = [level.method for level in levels]
        self._health = [Health() for _round in levels]
        self._peer = peer
        self._period_s = period_s
        self._history = history
        self.post: Callable[[Event], None] = lambda event: None

    async def perform(self, level: int, ask: Ask) -> tuple[Power, str]:
        """Use one level; a level that does not exist is UNKNOWN."""
        if not 0 <= level < len(self._levels):
            return Power.UNKNOWN, f"there is no exclusion method {level}"
        device = self._levels[level]
        began = time.monotonic()
        quiet = ask is Ask.STATUS
        about: dict[str, Any] = {"level": device.name, "ask": ask.value, "node": self._peer}
        text = f"{device.name}: {ask.value} of {self._peer}"
        self._history.add("fence-begin", text, data=about)
        power, detail = await device.perform(ask)
        seconds = round(time.monotonic() - began, 4)
        self._history.add(
            "fence-end",
            f"{text}: {power.value}, {detail}",
            alert=not quiet and power is Power.UNKNOWN,
            data={**about, "power": power.value, "seconds": seconds, "detail": detail},
        )
        self._remember(level, power, detail)
        return power, detail

    def _remember(self, level: int, power: Power, detail: str) -> None:
        if detail == GIVEN_UP:
            return
        health = self._health[level]
        last = "failed" if power is Power.UNKNOWN else "ok"
        if last != health.last:
            self.post(DeviceChecked(level, last == "ok", detail))
        health.last, health.at, health.detail = last, time.monotonic(), detail

    async def patrol(self) -> None:
        """Ask every device from time to time, for ever, for status and alerts only."""
        for device in self._levels:
            device.warm()
        while True:
            for level, device in enumerate(self._levels):
                power, detail = await device.check()
                self._remember(level, power, detail)
            await asyncio.sleep(self._period_s)

    def status(self) -> list[dict[str, Any]]:
        """For failoverctl."""
        now = time.monotonic()
        return [
            {
                "name": device.name,
                "method": method,
                "last": health.last,
                "age_s": None if health.at is None else round(now - health.at, 1),
                "detail": health.detail,
            }
            for device, method, health in zip(
                self._levels, self._methods, self._health, strict=True
            )
        ]

    async def close(self) -> None:
        """End the agents that wait."""
        for device in self._levels:
            await device.close()
