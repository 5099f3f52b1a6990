# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fence devices of the simulated world: honest when they answer, but slow, refusing or hanging."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from failoverd.core.actions import Ask
from failoverd.core.events import Power

from .clock import Clock
from .setting import DEVICE_TIMEOUT_S

Answer = Callable[[Power, str], None]
MOODS = ("refuse", "hang", "hang-works", "slow", "shared", "dead")


@dataclass
class Device:
    """One level's device of one node. shared: has its power from the node it switches (F04)."""

    node: str
    mood: str = "normal"
    session: int = 0
    """Counts its sessions: an order ends the question under way, whose answer is nobody's then."""


class Fencing:
    """Asks devices and cuts power. A device never lies; a timeout says nothing (F03)."""

    def __init__(
        self,
        clock: Clock,
        levels: tuple[str, ...],
        nodes: tuple[str, str],
        power: Callable[[str, bool], None],
        is_on: Callable[[str], bool],
    ) -> None:
        self.clock, self.power, self.is_on = clock, power, is_on
        self.levels = len(levels)
        self.devices = {(node, i): Device(node) for node in nodes for i in range(len(levels))}
        self.cutter: dict[str, tuple[str, float]] = {}
        """By target: who has ordered its power off last, and when."""
        self.unreachable: set[str] = set()
        """Nodes that reach no device at all (F24)."""

    def of(self, node: str) -> list[Device]:
        """Every device that can switch this node."""
        return [device for (name, _kind), device in self.devices.items() if name == node]

    def answers(self, asker: str, target: str, level: int) -> bool:
        """A check of the device while all is well (F24)."""
        mood = self.devices[target, level].mood
        return asker not in self.unreachable and mood in ("normal", "slow", "shared")

    def use(self, asker: str, target: str, level: int, ask: Ask, answer: Answer) -> None:
        """Carry out one request and answer in time; who is mute never answers (F76)."""
        device, clock = self.devices[target, level], self.clock
        if ask is Ask.OFF:
            self.cutter[target] = (asker, clock.now)
        if ask is Ask.STATUS:
            answer = self._question(device, answer)
        else:
            device.session += 1
        mood = device.mood
        if mood == "mute":
            return
        silent = mood in ("hang", "hang-works", "dead") or asker in self.unreachable
        if silent or (mood == "shared" and not self.is_on(target)):
            if mood == "hang-works" and ask is Ask.OFF:
                # The order arrives, its answer never does; it may work after the time-out.
                clock.after(clock.between(0.5, 1.8 * DEVICE_TIMEOUT_S), partial(self._off, device))
            clock.after(DEVICE_TIMEOUT_S, partial(answer, Power.UNKNOWN, "timed out"))
            return
        if mood == "refuse":
            clock.after(clock.between(0.1, 0.6), partial(answer, Power.UNKNOWN, "refused"))
            return
        wait = clock.between(0.3, 1.3) * (4 if mood == "slow" else 1)
        if ask is Ask.STATUS:
            clock.after(wait, partial(self._look, device, answer, "status"))
            return
        clock.after(wait, partial(self.power, target, ask is Ask.ON))
        clock.after(wait + clock.between(0.2, 1.2), partial(self._look, device, answer, "verified"))

    def _question(self, device: Device, answer: Answer) -> Answer:
        """A question that an order may end: one session at a time, as the shell does it."""
        session = device.session

        def answered(power: Power, detail: str) -> None:
            given_up = session != device.session
            answer(Power.UNKNOWN if given_up else power, detail)

        return answered

    def _off(self, device: Device) -> None:
        # Healed devices have dropped what was still queued in them.
        if device.mood == "hang-works":
            _asker, at = self.cutter.get(device.node, ("", 0.0))
            if self.clock.now > at + DEVICE_TIMEOUT_S:
                self.cutter.pop(device.node, None)  # nobody waits for it any more
            self.power(device.node, False)

    def _look(self, device: Device, answer: Answer, detail: str) -> None:
        """The state as it is now; it travels to the asker for a moment, and may be old then."""
        power = Power.ON if self.is_on(device.node) else Power.OFF
        if device.mood == "lies":
            power = Power.OFF
        longest = 10.0 if device.mood == "slow" else 0.3
        self.clock.after(self.clock.between(0.0, longest), partial(answer, power, detail))
