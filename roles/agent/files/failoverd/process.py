# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running a helper program: no shell, a deadline, and no survivors."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from dataclasses import dataclass

ENVIRONMENT = {
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    "LC_ALL": "C",
}
MAX_OUTPUT = 64 * 1024
BACKGROUND = 19


@dataclass(frozen=True)
class Finished:
    """How a program ended. code is None when it could not run or missed its deadline."""

    code: int | None
    output: str

    @property
    def last_line(self) -> str:
        """The last thing it said, for messages."""
        lines = self.output.strip().splitlines()
        return lines[-1].strip()[:200] if lines else ""


class Program:
    """One child in a process group of its own, so that its children end with it."""

    def __init__(self, child: asyncio.subprocess.Process) -> None:
        self._child = child

    @classmethod
    async def spawn(cls, *argv: str) -> Program:
        """Start a program with pipes; raises OSError when there is no such program."""
        making = asyncio.ensure_future(
            asyncio.create_subprocess_exec(
                *argv,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                env=ENVIRONMENT,
                cwd="/",
                start_new_session=True,
                limit=MAX_OUTPUT,
            )
        )
        try:
            return cls(await asyncio.shield(making))
        except asyncio.CancelledError:
            # It may run already; asyncio would end it alone, and wait for what it has started.
            with contextlib.suppress(OSError):
                await cls(await making).kill()
            raise

    def set_nice(self, nice: int) -> None:
        """Give way to everything else (BACKGROUND), or be like everything else (0).

        The kernel refuses a raise to who is not root; that costs time only.
        """
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.setpriority(os.PRIO_PROCESS, self._child.pid, nice)

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._child.returncode is None

    async def finish(self, stdin: str, timeout_s: float) -> Finished:
        """Feed it and wait; at the deadline its whole process group is killed."""
        try:
            async with asyncio.timeout(timeout_s):
                output, _errors = await self._child.communicate(stdin.encode())
        except TimeoutError:
            await self.kill()
            return Finished(None, f"no answer within {round(timeout_s, 1):g} s")
        except asyncio.CancelledError:
            await asyncio.shield(self.kill())
            raise
        text = output[:MAX_OUTPUT].decode(errors="replace")
        return Finished(self._child.returncode, text)

    async def kill(self) -> None:
        """End the process group and reap the child."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._child.pid, signal.SIGKILL)
        if self._child.stdin is not None:
            self._child.stdin.close()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._child.wait(), 2.0)


async def run(*argv: str, stdin: str = "", timeout_s: float = 30.0) -> Finished:
    """Run a program to its end."""
    try:
        program = await Program.spawn(*argv)
    except OSError as error:
        return Finished(None, f"{argv[0]}: {error.strerror}")
    return await program.finish(stdin, timeout_s)
