# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Feeds the core: events in, journalled and in order; actions out; ticks when due."""

from __future__ import annotations

import asyncio
import traceback
from collections import deque
from collections.abc import Callable

from .core import machine
from .core.actions import Action, Level, Note
from .core.config import CoreConfig, Timing
from .core.events import Event, Heard, Paused, Tick
from .core.modes import Modes
from .core.state import Life, State
from .formats.text import cleaned
from .journal.journal import Journal

BEATS_PER_DEAD = 8
LATEST = 1.25
"""Of the time between two beats: so long a beat waits for something that it can come along with."""

IN_STEP = 0.05
"""Of the time between two beats: so long one of the nodes waits for the other's heartbeat, and then
sends its own. They fall into step, and each is woken up once for both heartbeats."""


def beat_s(timing: Timing) -> float:
    """About how often a beat comes, in seconds."""
    return min(timing.heartbeat_s, timing.dead_s / BEATS_PER_DEAD)


class Runner:
    """Owns the core's state. Everything happens in the thread of the event loop."""

    def __init__(
        self,
        config: CoreConfig,
        incarnation: int,
        journal: Journal,
        perform: Callable[[Action], None],
        discard: Callable[[], None],
        modes: Modes | None = None,
        held: frozenset[str] = frozenset(),
        cut: str = "",
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._journal = journal
        self._perform = perform
        self._discard = discard
        self._queue: deque[Event] = deque()
        self._busy = True
        self._stirred = True
        """Something may be due at another time than before."""
        self._timer: asyncio.TimerHandle | None = None
        self._limit_s = config.timing.dead_s / 2
        self._beat_s = beat_s(config.timing)
        self._follows = config.node > config.peer
        self._seen = self._beaten = self._at = self._loop.time()
        self.on_beat: Callable[[float, float], None] = lambda now, late_s: None
        """Told of each beat: monotonic seconds, and by how many it is late."""
        self.state: State
        self.state, self._first = machine.begin(config, incarnation, self._seen, modes, held, cut)

    def begin(self) -> None:
        """Carry out the first actions; from here on events are taken."""
        self._journal.begin(self.state, self._first, self._loop.time())
        for action in self._first:
            self._perform(action)
        self._busy = False
        self._beaten = self._at = self._loop.time()
        self.awake()
        self._drain()

    def _beat(self) -> None:
        """The loop's own pulse: by its absence the daemon finds that it did not run (F26, F27).

        It comes along with the core's tick, so that one timer wakes the daemon up for both.
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
        """at: when the timer was to fire. A timer that is overdue was held up as well."""
        self._beaten = self._seen
        self.on_beat(self._seen, max(0.0, self._seen - at))

    def awake(self) -> bool:
        """False if the process has just slept: what waits in sockets is stale and thrown away."""
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
        """Hand an event to the core, after those that came before it.

        This is the door for text of programs, devices and operators: none of it can keep a
        heartbeat from being sent, a line from being written or a terminal from being read (X8).
        """
        # What the peer says has come through the same door there, and once more on the wire.
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
            self.state, actions = machine.step(before, event, now)
            self._journal.decided(actions)
        except Exception as error:
            # The core takes care of its own defects and does not raise; should it do so all the
            # same, the event is dropped and the journal shows how to repeat it.
            self._journal.broke(error)
            text = traceback.format_exc(limit=-3).replace("\n", " ")
            actions = (Note(Level.ALERT, "core-error", f"{type(event).__name__}: {text}"),)
        # A heartbeat that says nothing new lets nothing be due at another time.
        calm = isinstance(event, Heard) and self.state.wake == before.wake
        self._stirred |= bool(actions) or not calm
        for action in actions:
            self._perform(action)

    def _due(self, now: float) -> float:
        return machine.deadline(self.state, now)

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
