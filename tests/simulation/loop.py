# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An event loop of asyncio in simulated time: the shell's own coroutines run in one daemon's life.

It follows the clock of its node, stands still while the daemon does, and catches up afterwards. It
ends with its daemon, as by kill -9: not even what stands in a finally is done any more.
"""

from __future__ import annotations

import asyncio
from asyncio import events as running
from collections.abc import Callable, Coroutine
from contextvars import Context
from functools import partial
from inspect import CORO_CREATED, getcoroutinestate
from typing import TYPE_CHECKING, Any, cast

from .clock import Clock

if TYPE_CHECKING:
    from .daemon import Daemon

EARLY_S = 1e-6
"""A timer is never early; so much later it cannot be, whatever the rounding."""
CATCH_UP_S = 0.01


class Loop:
    """What tasks, futures, locks and timeouts of asyncio need of their loop."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon, self._node = daemon, daemon.node
        self._clock: Clock = daemon.world.clock
        self._asyncio = cast(asyncio.AbstractEventLoop, self)
        self._late: list[asyncio.Handle] = []
        self._error: BaseException | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self.closed = False

    def time(self) -> float:
        """Monotonic seconds of this node."""
        return self._node.mono()

    def get_debug(self) -> bool:
        """No."""
        return False

    def create_future(self) -> asyncio.Future[Any]:
        """A future of this loop."""
        return asyncio.Future(loop=self._asyncio)

    def create_task(self, work: Coroutine[Any, Any, Any], **_names: Any) -> asyncio.Task[Any]:
        """Begin it at the next moment; a defect of it is not lost."""
        task: asyncio.Task[Any] = asyncio.Task(work, loop=self._asyncio)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(_defect)
        return task

    def call_soon(
        self, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        """At the next moment."""
        handle = asyncio.Handle(callback, args, self._asyncio, context)
        self._put(0.0, handle)
        return handle

    call_soon_threadsafe = call_soon

    def call_later(
        self, delay: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """After a while of this node's clock."""
        return self.call_at(self.time() + delay, callback, *args, context=context)

    def call_at(
        self, when: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """At a time of this node's clock."""
        handle = asyncio.TimerHandle(when, callback, args, self._asyncio, context)
        self._wait(handle)
        return handle

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """It stays in the queue and does nothing."""

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """A callback broke down: the run ends with it."""
        self._error = context.get("exception")

    def close(self) -> None:
        """Nothing of this life is done any more."""
        self.closed = True
        self._late.clear()
        for task in self._tasks:
            work = cast(Coroutine[Any, Any, Any], task.get_coro())
            if getcoroutinestate(work) == CORO_CREATED:
                work.close()  # what was not begun needs no end
        self._tasks.clear()

    def catch_up(self) -> None:
        """The daemon runs again: what is due is done at once, in its order."""
        late, self._late = self._late, []
        wait = self._clock.between(0.0, CATCH_UP_S)
        for handle in late:
            self._put(wait, handle)

    def _put(self, seconds: float, handle: asyncio.Handle) -> None:
        if not self.closed:
            self._clock.after(seconds, partial(self._run, handle))

    def _wait(self, handle: asyncio.TimerHandle) -> None:
        left = handle.when() - self.time()
        self._put(max(0.0, left * 1.002) + EARLY_S + self._daemon.lag, handle)

    def _run(self, handle: asyncio.Handle) -> None:
        if self.closed or handle.cancelled():
            return
        if self._daemon.held_up:
            self._late.append(handle)
            return
        if isinstance(handle, asyncio.TimerHandle) and self.time() < handle.when():
            self._wait(handle)
            return
        running._set_running_loop(self._asyncio)
        try:
            handle._run()
        finally:
            running._set_running_loop(None)
        error, self._error = self._error, None
        if error is not None:
            raise error


def _defect(task: asyncio.Task[Any]) -> None:
    if not task.cancelled():
        error = task.exception()
        if error is not None:
            raise error
