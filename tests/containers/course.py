# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an agent goes through: start, look, break, notice, heal, stop, as the daemon does it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from failoverd.checks.base import Check
from failoverd.checks.watcher import Watcher
from failoverd.resources.base import ResourceError, Situation, State
from failoverd.resources.ocf import Ocf
from failoverd.resources.settings import ResourceSettings

from . import processes
from .cases import Case

Make = Callable[[ResourceSettings], Ocf]
HERE = Situation()
FIRST_S = 30.0
"""For the first check after a start."""
SPARE_S = 10.0
GONE_S = 5.0
LOOK_S = 0.1


class Wrong(Exception):
    """The agent or the daemon did not do what it should; str() says what."""


class Heard:
    """A check that tells when it has been passed."""

    def __init__(self, check: Check) -> None:
        self._check = check
        self.well = asyncio.Event()

    async def check(self) -> None:
        """As of the check within."""
        await self._check.check()
        self.well.set()

    def close(self) -> None:
        """As of the check within."""
        self._check.close()


class Course:
    """One case."""

    def __init__(
        self, case: Case, settings: ResourceSettings, make: Make, figures: dict[str, Any]
    ) -> None:
        """make gives a resource for settings, as the daemon's own build() does.

        figures is given seconds and counts, as far as it comes.
        """
        self._case = case
        self._settings = settings
        self._make = make
        self._resource = make(settings)
        self._scope = f"failover-{settings.name}.scope"
        self.figures = figures

    async def run(self, harm: Callable[[], None]) -> None:
        """Go through all of it; raises Wrong or ResourceError. harm breaks what runs."""
        await self._refused()
        await self._resource.prepare(HERE)
        await self._down("before the start")
        others = set(processes.everyone())
        await self._timed("start_s", self._resource.start(HERE))
        await self._up("after the start")
        self._at_home(others)
        await self._noticed(harm)
        await self._timed("heal_s", self._healed())
        await self._up("after it was healed")
        self._at_home(others)
        await self._timed("stop_s", self._resource.stop())
        await self._down("after the stop")
        await self._empty(others)
        await self._resource.stop()

    async def end(self) -> None:
        """Stop whatever runs; raises ResourceError."""
        await self._resource.stop()

    async def _refused(self) -> None:
        """A parameter that the agent does not know, in one sentence (F67)."""
        options = self._settings.options
        given = {**options.parameters, "colour": "red"}
        wrong = self._make(replace(self._settings, options=replace(options, parameters=given)))
        try:
            await wrong.prepare(HERE)
        except ResourceError as error:
            if "has no parameter colour" in str(error) and "\n" not in str(error):
                return
            raise Wrong(f"a wrong parameter is refused with {error}") from None
        raise Wrong("a wrong parameter is not refused")

    async def _down(self, when: str) -> None:
        state = await self._make(self._settings).probe()
        if state is not State.DOWN:
            raise Wrong(f"{when} the probe says {state.value}")
        if self._case.look():
            raise Wrong(f"{when} it is seen to serve")

    async def _up(self, when: str) -> None:
        # A resource that was just made knows as little as a daemon that was just restarted (F31).
        resource = self._make(self._settings)
        state = await resource.probe()
        if state is not State.UP:
            raise Wrong(f"{when} the probe says {state.value}")
        await self._timed("check_s", resource.check())
        deadline = time.monotonic() + self._case.grace_s
        while not self._case.look():
            if time.monotonic() >= deadline:
                raise Wrong(f"{when} it is not seen to serve")
            await asyncio.sleep(LOOK_S)

    def _at_home(self, others: set[int]) -> None:
        """What it started lives in its scope, and nothing of it elsewhere."""
        inside = processes.members(self._scope)
        strangers = [pid for pid in processes.everyone() if pid not in others | set(inside)]
        names = [word for word in map(processes.name, strangers) if word]
        if names:
            raise Wrong(f"outside of {self._scope} live {', '.join(sorted(names))}")
        if not inside and not self._case.harm:
            raise Wrong(f"{self._scope} holds no process")
        kept = processes.adjusted(inside)
        if kept:
            raise Wrong(f"{len(kept)} of its processes inherited the daemon's oom_score_adj")
        if inside:
            self.figures["processes"] = len(inside)

    async def _noticed(self, harm: Callable[[], None]) -> None:
        """The daemon notices: by the end of the processes, or by asking at the agent's own pace."""
        [(settings, check)] = self._resource.own_checks()
        self.figures["interval_s"] = settings.interval_s
        told: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        heard = Heard(check)
        watcher = Watcher(settings, heard, lambda: "")

        def failed(reason: str) -> None:
            if not told.done():
                told.set_result(reason)

        watcher.begin(failed)
        self._resource.watch(failed)
        try:
            async with asyncio.timeout(FIRST_S + settings.deadline_s):
                await heard.well.wait()
            broken = time.monotonic()
            harm()
            async with asyncio.timeout(settings.interval_s + 2 * settings.deadline_s + SPARE_S):
                self.figures["said"] = await told
            self.figures["harm_to_noticed_s"] = round(time.monotonic() - broken, 2)
        except TimeoutError:
            when = "notice the harm" if heard.well.is_set() else "find it well"
            raise Wrong(f"the daemon did not {when}") from None
        finally:
            watcher.end()
        if self._case.look():
            raise Wrong("after the harm it is seen to serve")

    async def _healed(self) -> None:
        await self._resource.stop()
        await self._resource.start(HERE)

    async def _empty(self, others: set[int]) -> None:
        """Nothing of it is left; a helper of the agent may just be ending."""
        deadline = time.monotonic() + GONE_S
        while True:
            left = [pid for pid in processes.everyone() if pid not in others]
            names = [word for word in map(processes.name, left) if word]
            if not names:
                return
            if time.monotonic() > deadline:
                raise Wrong(f"after the stop live {', '.join(sorted(names))}")
            await asyncio.sleep(LOOK_S)

    async def _timed(self, figure: str, doing: Any) -> None:
        began = time.monotonic()
        await doing
        self.figures[figure] = round(time.monotonic() - began, 2)
