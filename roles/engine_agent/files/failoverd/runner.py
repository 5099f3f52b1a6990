# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Feeds the core: records each event in order, carries out the actions, ticks when due."""

from __future__ import annotations

import asyncio
import traceback
from collections import deque
from collections.abc import Callable

from .core import step as core
from .core.actions import Action, Level, Note
from .core.config import CoreConfig, Timing
from .core.events import Event, Heard, Paused, Tick
from .core.memory import NOTHING, Memory
from .core.state import Life, State
from .formats.cleaning import cleaned
from .journal.journal import Journal

BEATS_PER_DEAD = 8
LATEST = 1.25
"""A beat may wait so long, in beats, for another reason to wake up."""

IN_STEP = 0.05
"""One of the nodes waits so long, in beats, for the heartbeat of the other before it sends its own.
So the nodes fall into step, and each wakes up once for both heartbeats."""


def beat_s(timing: Timing) -> float:
    """The usual time between two beats, in seconds."""
    return min(timing.heartbeat_s, timing.dead_s / BEATS_PER_DEAD)


class Runner:
    """Owns the state of the core. Everything runs in the thread of the event loop."""

    def __init__(
        self,
        config: CoreConfig,
        incarnation: int,
        journal: Journal,
        perform: Callable[[Action], None],
        discard: Callable[[], None],
        memory: Memory = NOTHING,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._journal = journal
        self._perform = perform
        self._discard = discard
        self._queue: deque[Event] = deque()
        self._busy = True
        self._stirred = True
        """The next time at which something is due may have changed."""
        self._timer: asyncio.TimerHandle | None = None
        self._limit_s = config.timing.dead_s / 2
        self._beat_s = beat_s(config.timing)
        self._follows = config.node > config.peer
        self._seen = self._beaten = self._at = self._loop.time()
        self.on_beat: Callable[[float, float], None] = lambda now, late_s: None
        """Called at each beat with the monotonic time and the delay, in seconds."""
        self.state: State
        self.state, self._first = core.begin(config, incarnation, self._seen, memory)

    def begin(self) -> None:
        """Carry out the first actions, and take events from now on."""
        self._journal.begin(self.state, self._first, self._loop.time())
        for action in self._first:
            self._perform(action)
        self._busy = False
        self._beaten = self._at = self._loop.time()
        self.awake()
        self._drain()

    def _beat(self) -> None:
        """The pulse of the event loop: if it is missing, the daemon did not run (F26, F27).

        It shares one timer with the ticks of the core, so the daemon wakes up once for both.
        """
        self._timer, at = None, self._at
        self.awake()
        try:
            if self._seen >= self._due(self._seen):
                self._queue.append(Tick())
                self._drain()
            self._pulse(at)
        finally:
            self._arm()

    def _pulse(self, at: float) -> None:
        """at: the planned time of the timer. An overdue timer counts as late, too."""
        self._beaten = self._seen
        self.on_beat(self._seen, max(0.0, self._seen - at))

    def awake(self) -> bool:
        """False if the process has just slept. Then all waiting input is stale and is dropped."""
        now = self._loop.time()
        gap, self._seen = now - self._seen, now
        if gap <= self._limit_s:
            return True
        self._discard()
        fresh = [event for event in self._queue if not isinstance(event, Heard)]
        self._queue = deque([Paused(gap), *fresh])
        self._drain()
        return False

    def post(self, event: Event) -> None:
        """Hand an event to the core, after the earlier ones.

        All text of programs, devices and operators passes here, and is made printable. So it can
        spoil no heartbeat, no line of a file and no terminal (X8).
        """
        # The peer has cleaned its texts in the same way, and the wire has done it again.
        self._queue.append(event if isinstance(event, Heard) else cleaned(event))
        if self._busy:
            return
        at = self._at
        self.awake()
        self._drain()
        if self._seen >= self._beaten + self._beat_s:
            self._pulse(at)
            self._arm()

    def _drain(self) -> None:
        if self._busy:
            return
        self._busy = True
        try:
            while self._queue:
                self._step(self._queue.popleft())
        finally:
            self._busy = False
        if self._stirred:
            self._arm()

    def _step(self, event: Event) -> None:
        now = self._loop.time()
        self._journal.record(event, self.state, now)
        before = self.state
        try:
            self.state, actions = core.step(before, event, now)
            self._journal.decided(actions)
        except Exception as error:
            # The core handles its own defects and should not raise. If it does, the event is
            # dropped, and the journal shows how to repeat it.
            self._journal.broke(error)
            text = traceback.format_exc(limit=-3).replace("\n", " ")
            actions = (Note(Level.ALERT, "core-error", f"{type(event).__name__}: {text}"),)
        # A heartbeat without news changes no time at which something is due.
        calm = isinstance(event, Heard) and self.state.wake == before.wake
        self._stirred |= bool(actions) or not calm
        for action in actions:
            self._perform(action)

    def _due(self, now: float) -> float:
        return core.deadline(self.state, now)

    def _arm(self) -> None:
        self._stirred = False
        now = self._loop.time()
        at = self._due(now)
        if self._follows and self.state.peer.life is Life.ALIVE and at >= self.state.next_beat:
            at += IN_STEP * self._beat_s
        at = min(at, self._beaten + LATEST * self._beat_s)
        if self._timer is not None:
            if at == self._at:
                return
            self._timer.cancel()
        self._at = at
        self._timer = self._loop.call_at(at, self._beat)
