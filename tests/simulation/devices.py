# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fence devices of the simulated world: honest when they answer, but slow, refusing or hanging."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from failoverd.core.actions import Ask
from failoverd.core.events import Power

from .clock import Clock


@dataclass
class Device:
    """The BMC of one node. mood: normal, refuse, hang, slow, shared (dies with its node)."""

    node: str
    mood: str = "normal"


class Fencing:
    """Asks devices and cuts power. A device never lies; a timeout says nothing (F03)."""

    def __init__(
        self, clock: Clock, power: Callable[[str, bool], None], is_on: Callable[[str], bool]
    ) -> None:
        self.clock, self.power, self.is_on = clock, power, is_on
        self.devices: dict[str, Device] = {}

    def use(
        self,
        target: str,
        ask: Ask,
        reachable: Callable[[], bool],
        answer: Callable[[Power, str], None],
    ) -> None:
        """Carry out one request and answer in time."""
        device = self.devices[target]
        mood = device.mood
        dead = mood == "shared" and not self.is_on(target)
        if mood == "hang" or dead or not reachable():
            works = mood == "hang" and ask is Ask.OFF and self.clock.chance(0.3)
            if works:
                self.clock.after(self.clock.between(1, 10), lambda: self.power(target, False))
            self.clock.after(20.0, lambda: answer(Power.UNKNOWN, "timed out"))
            return
        if mood == "refuse":
            self.clock.after(0.5, lambda: answer(Power.UNKNOWN, "refused"))
            return
        wait = self.clock.between(0.5, 1.5) * (5 if mood == "slow" else 1)
        if ask is Ask.STATUS:
            self.clock.after(wait, lambda: answer(self._state(target), "status"))
        elif ask is Ask.OFF:
            self.clock.after(wait, lambda: self.power(target, False))
            self.clock.after(wait + 1.5, lambda: answer(self._state(target), "verified"))
        else:
            self.clock.after(wait, lambda: self.power(target, True))
            self.clock.after(wait + 0.5, lambda: answer(self._state(target), "on"))

    def _state(self, target: str) -> Power:
        return Power.ON if self.is_on(target) else Power.OFF
