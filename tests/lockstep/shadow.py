# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the other core beside the one of the working tree, and compares what both order."""

from __future__ import annotations

from typing import Any

from failoverd.core import step as core
from failoverd.core.actions import Action
from failoverd.core.config import CoreConfig
from failoverd.core.events import Event
from failoverd.core.state import State
from tests.lockstep.baseline import Baseline

Result = tuple[State, tuple[Action, ...]]


class Apart(Exception):
    """The two cores do not do the same."""


class Shadow:
    """Stands in for begin, step and deadline of the core; each state has its twin in the other."""

    def __init__(self, baseline: Baseline, *, deadlines: bool = True) -> None:
        self._other, self._deadlines = baseline, deadlines
        self._twins: dict[int, tuple[State, Any]] = {}
        self.steps = 0

    def begin(self, config: CoreConfig, incarnation: int, now: float, *kept: Any) -> Result:
        """A new life in both. kept: what begin takes besides."""
        ours = core.begin(config, incarnation, now, *kept)
        given = [self._other.translated(value) for value in kept]
        theirs = self._other.entry.begin(self._other.translated(config), incarnation, now, *given)
        return self._compared("begin", now, ours, theirs)

    def step(self, state: State, event: Event, now: float) -> Result:
        """One step in both."""
        twin = self._twins.pop(id(state))[1]
        ours = core.step(state, event, now)
        theirs = self._other.entry.step(twin, self._other.translated(event), now)
        return self._compared(event, now, ours, theirs)

    def deadline(self, state: State, now: float) -> float:
        """The time of the next tick, in both."""
        ours = core.deadline(state, now)
        theirs = self._other.entry.deadline(self._twins[id(state)][1], now)
        if self._deadlines and ours != theirs:
            raise Apart(f"at {now}: the next tick is due at {ours}, was at {theirs}")
        return ours

    def forget(self) -> None:
        """Another world begins."""
        self._twins.clear()

    def _compared(self, what: object, now: float, ours: Result, theirs: Any) -> Result:
        self.steps += 1
        self._twins[id(ours[0])] = ours[0], theirs[0]
        if not self._other.same(ours[1], theirs[1]):
            raise Apart(f"at {now}, on {what}:\n  now {ours[1]}\n  was {theirs[1]}")
        self.deadline(ours[0], now)
        return ours
