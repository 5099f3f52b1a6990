# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""STONITH with any agent of the fence-agents package, over its stdin protocol (FenceAgentAPI)."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from failoverd.core.actions import Ask
from failoverd.core.events import Power
from failoverd.rules.secrets import is_secret
from failoverd.system.process import BACKGROUND, VITAL, Finished, Program

from .settings import FencingSettings

DIRECTORIES = ("/usr/sbin", "/sbin")
STATUS_ON, STATUS_OFF = 0, 2
SAYS_OFF = re.compile(r"\boff\b", re.IGNORECASE)
"""Interpreters exit with 2 for their own errors, so the output has to say off as well."""
LOG_PREFIX = re.compile(r"^\d{4}-\d\d-\d\d [\d:,.]+ [A-Z]+: ", re.MULTILINE)
"""The prefix that the library of the agents prints; the history has times of its own."""
SETTLE_S = (0.1, 0.2, 0.4, 0.8, 1.6)
"""Pauses between the questions whether the node is off after an order."""
STALL_S = 4.0
"""A session that is silent for so long is given up, and the device is asked in a new one. Waiting
longer for a stalled session does not help."""
STALL_OFF_S = 6.0
"""The same for an order, because the agent itself verifies it."""
USUAL = 4
"""A device may take so many times longer than for its last answer. Each further session gets twice
the time, so that a slow device gets all of its time in the end."""
GIVEN_UP = "the question was given up for an order"
NO_WAIT = {"fence_ipmilan": "power_wait"}
"""Program -> the parameter of its sleep after an order (2 s by default). Each order is
verified by a question of its own."""


class Stonith:
    """One fence device of the peer.

    An agent spends most of its running time on loading its interpreter and libraries; then it reads
    its parameters. So one loaded instance always waits for parameters. When it is used, the next
    one loads in the background. This shortens the time from the question to the order (F14).

    A device has one session at a time: many devices cannot serve two, and both would time out. An
    order of the core ends a question under way; a check of the patrol waits.
    """

    def __init__(self, settings: FencingSettings, peer: str) -> None:
        self.name = settings.name
        self._agent = find(settings.agent)
        # fence_idrac, fence_ilo4 and others are names of the same program.
        self._sleep = NO_WAIT.get(Path(self._agent).resolve().name, "")
        self._timeout_s = settings.timeout_s
        self._parameters: Mapping[str, str] = settings.targets[peer]
        self._spare: Program | None = None
        self._warming: asyncio.Task[None] | None = None
        self._closed = False
        self._session = asyncio.Lock()
        self._question: asyncio.Task[tuple[Power, str]] | None = None
        self._orders = 0
        """Number of calls that are under way or wait for the session."""
        self._usual_s = 0.0
        """Duration of its last answer to a question."""

    async def perform(self, ask: Ask) -> tuple[Power, str]:
        """Ask or order; a timeout or an unclear answer is UNKNOWN, never success (F03)."""
        if self._question is not None:
            self._question.cancel()
        if ask is Ask.STATUS:
            return await self.check()
        self._orders += 1
        try:
            async with self._session:
                return await (self._switch_off() if ask is Ask.OFF else self._switch_on())
        finally:
            self._orders -= 1

    async def check(self) -> tuple[Power, str]:
        """Ask when nothing else is under way; UNKNOWN and GIVEN_UP if an order came meanwhile."""
        async with self._session:
            if self._orders:
                return Power.UNKNOWN, GIVEN_UP
            self._question = asyncio.get_running_loop().create_task(self._ask())
            try:
                return await self._question
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if task is not None and task.cancelling():
                    raise
                return Power.UNKNOWN, GIVEN_UP
            finally:
                self._question.cancel()
                self._question = None

    async def _ask(self) -> tuple[Power, str]:
        loop = asyncio.get_running_loop()
        until, patience_s = loop.time() + self._timeout_s, self._patience_s(STALL_S)
        while True:
            left = until - loop.time()
            power, said, stalled = await self._status(min(left, patience_s))
            if not stalled or left <= patience_s:
                return power, said
            patience_s *= 2

    async def _switch_on(self) -> tuple[Power, str]:
        done = await self._call(Ask.ON.value, self._timeout_s)
        if done.code == 0:
            return Power.ON, "switched on"
        return Power.UNKNOWN, done.last_line or f"the agent ended with {done.code}"

    async def _switch_off(self) -> tuple[Power, str]:
        loop = asyncio.get_running_loop()
        until, patience_s = loop.time() + self._timeout_s, self._patience_s(STALL_OFF_S)
        detail, stalled = "", True
        while stalled and (left := until - loop.time()) > 0:
            done = await self._call(Ask.OFF.value, min(left, patience_s))
            stalled = done.late
            # The order may have arrived although its answer has not.
            off, said = await self._is_off(until, again=done.code == 0)
            if off:
                return Power.OFF, "switched off and verified"
            detail = said if done.code == 0 else f"{done.last_line or done.code}; {said}"
            patience_s *= 2
        return Power.UNKNOWN, f"not verified off: {detail or 'no answer in time'}"

    async def _is_off(self, until: float, *, again: bool) -> tuple[bool, str]:
        """Whether the device says off before the time until. again: ask more than once."""
        loop, said = asyncio.get_running_loop(), "no answer in time"
        for pause_s in SETTLE_S if again else SETTLE_S[:1]:
            left = until - loop.time()
            if left <= 0:
                break
            power, said, _late = await self._status(min(left, self._patience_s(STALL_S)))
            if power is Power.OFF or not again:
                return power is Power.OFF, said
            await asyncio.sleep(pause_s)
        return False, said

    def _patience_s(self, least_s: float) -> float:
        """How long the first session may go without an answer."""
        return max(least_s, USUAL * self._usual_s)

    async def _status(self, timeout_s: float) -> tuple[Power, str, bool]:
        """The answer, its text for people, and whether the device has stalled."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        done = await self._call(Ask.STATUS.value, timeout_s)
        if done.code == STATUS_ON:
            power, said = Power.ON, "the device says on"
        elif done.code == STATUS_OFF and (not done.output.strip() or SAYS_OFF.search(done.output)):
            power, said = Power.OFF, "the device says off"
        else:
            said = done.last_line or f"the agent ended with {done.code}"
            return Power.UNKNOWN, said, done.late
        self._usual_s = loop.time() - begun
        return power, said, False

    async def _call(self, action: str, timeout_s: float) -> Finished:
        lines = [f"{key}={value}" for key, value in self._parameters.items() if key != "action"]
        if self._sleep and self._sleep not in self._parameters:
            lines.append(f"{self._sleep}=0")
        # Parameters are passed over stdin alone: everybody can read a command line.
        stdin = "\n".join([*lines, f"action={action}", ""])
        program, self._spare = self._spare, None
        if program is None or not program.alive:
            try:
                program = Program.spawn(self._agent, score=VITAL)
            except OSError as error:
                return Finished(None, f"{self._agent}: {error.strerror}")
        program.set_nice(0)
        self.warm()
        done = await program.finish(stdin, timeout_s)
        return replace(done, output=self._without_secrets(LOG_PREFIX.sub("", done.output)))

    def _without_secrets(self, text: str) -> str:
        for key, value in self._parameters.items():
            if value and is_secret(key):
                text = text.replace(value, "***")
        return text

    def warm(self) -> None:
        """Load an agent before it is needed."""
        if self._closed:
            return
        if self._spare is None and (self._warming is None or self._warming.done()):
            self._warming = asyncio.get_running_loop().create_task(self._load())

    async def _load(self) -> None:
        with contextlib.suppress(OSError):
            program = Program.spawn(self._agent, score=VITAL)
            program.go()
            # A takeover needs the processor more.
            program.set_nice(BACKGROUND)
            if self._spare is None:
                self._spare = program
            else:
                await program.kill()

    async def close(self) -> None:
        """End the waiting agent."""
        self._closed = True
        if self._warming is not None:
            self._warming.cancel()
        if self._spare is not None:
            await self._spare.kill()


def find(agent: str) -> str:
    """The path of an agent, whether it exists or not."""
    if agent.startswith("/"):
        return agent
    paths = [f"{directory}/{agent}" for directory in DIRECTORIES]
    return next((path for path in paths if os.access(path, os.X_OK)), paths[0])
