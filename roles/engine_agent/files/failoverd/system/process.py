# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs every helper program, with limits of time and memory, and leaves no process behind.

Each program starts in a small shell, the gate, which gives up privileges of the daemon: its
protection when memory runs out, its limit of open files, and its umask.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import signal
import subprocess
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from failoverd.core.words import shorten

from . import trouble

ENVIRONMENT = MappingProxyType({"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"})
MAX_OUTPUT = 64 * 1024
"""Bytes of output that are kept from its beginning."""
LAST_OUTPUT = 4 * 1024
"""Bytes that are kept from its end, where the reason is. The rest is read and dropped."""
PAUSE_S = 0.005
"""Pause between two reads of a program with too much output, which would keep the daemon busy."""
CHUNK = 64 * 1024
DRAIN = 32
REAP_S = 2.0
AGAIN_S = 0.5
"""Pause between two tries to start a program while this daemon lacks the means."""
BACKGROUND = 19

ORDINARY = 0
VITAL = -900
"""oom_score_adj of a program that the cluster itself needs. The kernel kills it before the daemon,
and after all others, unless it uses most of the memory itself."""
NAME = "failoverd-gate"
GATE = (
    "read -r go || exit; "
    "{{ echo {score} >/proc/self/oom_score_adj; ulimit -S -c 0; ulimit -S -n 1024; }} 2>/dev/null; "
    'umask 022; exec "$@"'
)
UNFIT = (126, 127)
"""Exit status of the gate if the program cannot be executed."""

Adopt = Callable[[int], Awaitable[None]]
"""Called with the number of the process before the program begins."""


@dataclass(frozen=True)
class Finished:
    """How a program ended. code is None when it could not run or missed its deadline."""

    code: int | None
    output: str
    error: BaseException | None = None
    """Why it could not run, if the cause is this daemon (trouble.own)."""
    late: bool = False
    """Whether it ran and missed its deadline."""

    @property
    def last_line(self) -> str:
        """The last line of its output, for messages."""
        lines = self.output.strip().splitlines()
        return shorten(lines[-1].strip(), 200) if lines else ""


class Output:
    """The beginning and the end of the output of a program."""

    def __init__(self) -> None:
        self._head = bytearray()
        self._tail = bytearray()
        self._lost = False

    @property
    def full(self) -> bool:
        """There was more output than is kept."""
        return len(self._head) >= MAX_OUTPUT

    def add(self, part: bytes) -> None:
        """Add output."""
        room = MAX_OUTPUT - len(self._head)
        self._head += part[:room]
        self._tail += part[room:]
        if len(self._tail) > LAST_OUTPUT:
            del self._tail[:-LAST_OUTPUT]
            self._lost = True

    def text(self) -> str:
        """The output that is kept."""
        between = b"\n...\n" if self._lost else b""
        return bytes(self._head + between + self._tail).decode(errors="replace")


class Program:
    """One child in a process group of its own, so that its own children end with it."""

    def __init__(self, child: subprocess.Popen[bytes], into: int, out: int, pidfd: int) -> None:
        self._child = child
        self._in, self._out, self._pidfd = into, out, pidfd
        self._rest = b""
        self._fed = False
        """_rest holds all of its input."""
        self._gone = False
        self._leave = False
        self._output = Output()
        self._loop = asyncio.get_running_loop()
        self._end: asyncio.Future[None] = self._loop.create_future()
        self._flood: asyncio.TimerHandle | None = None
        self._loop.add_reader(pidfd, self._ended)
        self._listen()

    @classmethod
    def spawn(
        cls, *argv: str, env: Mapping[str, str] = ENVIRONMENT, score: int = ORDINARY
    ) -> Program:
        """Start a program, which waits at its gate; raises OSError if there is no such program."""
        _look(argv[0])
        with contextlib.ExitStack() as ours:
            stdin, into = _pipe(ours)
            out, stdout = _pipe(ours)
            os.set_blocking(into, False)
            os.set_blocking(out, False)
            child = subprocess.Popen(
                ("/bin/sh", "-c", GATE.format(score=score), NAME, *argv),
                stdin=stdin,
                stdout=stdout,
                stderr=stdout,
                env=dict(env),
                cwd="/",
                start_new_session=True,
            )
            try:
                pidfd = os.pidfd_open(child.pid)
            except OSError:
                child.kill()
                child.wait()
                raise
            ours.pop_all()
        os.close(stdin)
        os.close(stdout)
        return cls(child, into, out, pidfd)

    @property
    def pid(self) -> int:
        """Its number, which is also the number of its process group."""
        return self._child.pid

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return not self._end.done()

    def set_nice(self, nice: int) -> None:
        """Set its priority: lower than all others (BACKGROUND), or normal (0).

        Only root may raise a priority. A refusal costs time only.
        """
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.setpriority(os.PRIO_PROCESS, self.pid, nice)

    def go(self) -> None:
        """Open the gate."""
        if not self._gone:
            self._gone = True
            self._rest += b"\n"
            self._write()

    async def finish(
        self, stdin: str, timeout_s: float, adopt: Adopt | None = None, *, leave: bool = False
    ) -> Finished:
        """Write its input and wait. It has ended when its first process has ended.

        At the deadline, or if cancelled, its whole process group is killed. With leave, processes
        that it leaves behind at its own end run on.
        """
        self._leave = leave
        try:
            async with asyncio.timeout(timeout_s):
                if adopt is not None:
                    await adopt(self.pid)
                self.go()
                self._rest += stdin.encode()
                self._fed = True
                self._write()
                await asyncio.shield(self._end)
        except TimeoutError:
            await self.kill()
            return Finished(None, f"no answer within {round(timeout_s, 1):g} s", late=True)
        except BaseException:
            await asyncio.shield(self.kill())
            raise
        for _round in range(DRAIN):
            if not self._read():
                break
        self._close()
        return Finished(self._child.returncode, self._output.text())

    async def kill(self) -> None:
        """End the process group and reap the child."""
        if self.alive:
            self._signal_group()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(self._end), REAP_S)
        self._close()

    def _signal_group(self) -> None:
        """Only while the child is not reaped: until then no other process can have its number."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def _ended(self) -> None:
        self._loop.remove_reader(self._pidfd)
        if not self._leave:
            self._signal_group()
        self._child.wait()
        if not self._end.done():
            self._end.set_result(None)

    def _write(self) -> None:
        """Write as much input as it takes."""
        if self._in < 0:
            return
        try:
            while self._rest:
                self._rest = self._rest[os.write(self._in, self._rest) :]
        except BlockingIOError:
            self._loop.add_writer(self._in, self._write)
            return
        except OSError:
            # It has closed its input. Only its output and its exit status count.
            self._rest = b""
        self._loop.remove_writer(self._in)
        if self._fed:
            self._close_in()

    def _readable(self) -> None:
        part = self._read()
        if part is None:
            return
        if not part or self._output.full:
            self._loop.remove_reader(self._out)
        if part and self._output.full:
            self._flood = self._loop.call_later(PAUSE_S, self._listen)

    def _listen(self) -> None:
        self._loop.add_reader(self._out, self._readable)

    def _read(self) -> bytes | None:
        """Read a part of its output: empty at the end, None if there is nothing now."""
        try:
            part = os.read(self._out, CHUNK)
        except BlockingIOError:
            return None
        self._output.add(part)
        return part

    def _close_in(self) -> None:
        if self._in >= 0:
            self._loop.remove_writer(self._in)
            os.close(self._in)
            self._in = -1

    def _close(self) -> None:
        """Free all resources. A child that survives SIGKILL is left to itself."""
        self._close_in()
        if self._flood is not None:
            self._flood.cancel()
        for fd in (self._out, self._pidfd):
            if fd >= 0:
                self._loop.remove_reader(fd)
                os.close(fd)
        self._out = self._pidfd = -1


def _pipe(stack: contextlib.ExitStack) -> tuple[int, int]:
    """Both ends of a pipe, which are closed with the stack."""
    ends = os.pipe2(os.O_CLOEXEC)
    for end in ends:
        stack.callback(os.close, end)
    return ends


def _look(path: str) -> None:
    """Raises OSError if there is no program. The gate could report that only as text."""
    if not Path(path).exists():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
    if not Path(path).is_file() or not os.access(path, os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


async def run(
    *argv: str,
    stdin: str = "",
    timeout_s: float = 30.0,
    env: Mapping[str, str] = ENVIRONMENT,
    score: int = ORDINARY,
    adopt: Adopt | None = None,
    leave: bool = False,
    patient: bool = False,
) -> Finished:
    """Run a program to its end.

    patient: try again until the deadline while this daemon lacks the means to begin it.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + timeout_s
    while True:
        try:
            program = Program.spawn(*argv, env=env, score=score)
            break
        except OSError as error:
            mine = trouble.own(error)
            if not (patient and mine and loop.time() + AGAIN_S < until):
                said = f"{argv[0]}: {error.strerror}"
                return Finished(None, said, error if mine else None)
        await asyncio.sleep(AGAIN_S)
    done = await program.finish(stdin, max(0.0, until - loop.time()), adopt, leave=leave)
    if done.code in UNFIT and done.output.startswith(f"{NAME}: "):
        return Finished(None, f"{argv[0]}: {done.last_line.rpartition(': ')[2]}")
    return done
