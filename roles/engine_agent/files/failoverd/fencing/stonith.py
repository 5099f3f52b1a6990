# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""STONITH with any agent of the fence-agents package, over its stdin protocol (FenceAgentAPI)."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
from collections.abc import Mapping

from failoverd.core.actions import Ask
from failoverd.core.events import Power
from failoverd.exclusion import FencingSettings
from failoverd.process import BACKGROUND, VITAL, Finished, Program
from failoverd.rules.secrets import is_secret

DIRECTORIES = ("/usr/sbin", "/sbin")
STATUS_ON, STATUS_OFF = 0, 2
SAYS_OFF = re.compile(r"\boff\b", re.IGNORECASE)
"""Interpreters end with 2 for troubles of their own: what is said has to agree with it."""
LOG_PREFIX = re.compile(r"^\d{4}-\d\d-\d\d [\d:,.]+ [A-Z]+: ", re.MULTILINE)
"""What the library of the agents puts before each line: the history has times of its own."""
SETTLE_S = 0.5
VERIFY_TRIES = 3


class Stonith:
    """One fence device of the peer.

    An agent reads its parameters only after it has loaded its language and libraries, which is
    most of its running time. So one instance waits, loaded, for its parameters, and the next one
    loads, in the background, as soon as it is used: between the question and the shot lies less
    than the time that loading takes (F14).
    """

    def __init__(self, settings: FencingSettings, peer: str) -> None:
        self.name = settings.name
        self._agent = find(settings.agent)
        self._timeout_s = settings.timeout_s
        self._parameters: Mapping[str, str] = settings.targets[peer]
        self._spare: Program | None = None
        self._warming: asyncio.Task[None] | None = None
        self._closed = False

    async def perform(self, ask: Ask) -> tuple[Power, str]:
        """Ask or order; a timeout or an unclear answer is UNKNOWN, never success (F03)."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self._timeout_s
        if ask is Ask.STATUS:
            return await self._status(self._timeout_s)
        done = await self._call(ask.value, self._timeout_s)
        if ask is Ask.ON:
            if done.code == 0:
                return Power.ON, "switched on"
            return Power.UNKNOWN, done.last_line or f"the agent ended with {done.code}"
        power, detail = Power.UNKNOWN, done.last_line
        for _round in range(VERIFY_TRIES):
            left = until - loop.time()
            if left <= 0:
                break
            power, said = await self._status(left)
            if power is Power.OFF:
                return power, "switched off and verified"
            detail = said if done.code == 0 else f"{done.last_line or done.code}; {said}"
            if done.code != 0:
                break
            await asyncio.sleep(SETTLE_S)
        return Power.UNKNOWN, f"not verified off: {detail or 'no answer in time'}"

    async def _status(self, timeout_s: float) -> tuple[Power, str]:
        done = await self._call("status", timeout_s)
        if done.code == STATUS_ON:
            return Power.ON, "the device says on"
        if done.code == STATUS_OFF and (not done.output.strip() or SAYS_OFF.search(done.output)):
            return Power.OFF, "the device says off"
        return Power.UNKNOWN, done.last_line or f"the agent ended with {done.code}"

    async def _call(self, action: str, timeout_s: float) -> Finished:
        lines = [f"{key}={value}" for key, value in self._parameters.items() if key != "action"]
        # Parameters travel over stdin alone: a command line can be read by everybody.
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
        return Finished(done.code, self._without_secrets(LOG_PREFIX.sub("", done.output)))

    def _without_secrets(self, text: str) -> str:
        for key, value in self._parameters.items():
            if value and is_secret(key):
                text = text.replace(value, "***")
        return text

    def warm(self) -> None:
        """Load an agent ahead of its use."""
        if self._closed:
            return
        if self._spare is None and (self._warming is None or self._warming.done()):
            self._warming = asyncio.get_running_loop().create_task(self._load())

    async def _load(self) -> None:
        with contextlib.suppress(OSError):
            program = Program.spawn(self._agent, score=VITAL)
            program.go()
            # A takeover that has begun meanwhile needs the processor more.
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
    """The path of an agent, there or not."""
    if agent.startswith("/"):
        return agent
    paths = [f"{directory}/{agent}" for directory in DIRECTORIES]
    return next((path for path in paths if os.access(path, os.X_OK)), paths[0])
