# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running the actions of resource agents: a deadline, no survivors of it, and a place to live.

What an agent starts must outlive this daemon, whose own control group ends with it (F31). So the
start of an agent waits at a gate until its process was moved into a scope of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path

from failoverd.process import ENVIRONMENT, MAX_OUTPUT, Finished

from .systemd import Systemd, SystemdError

SHIMS = Path(__file__).resolve().parent.parent / "shims"
GATE = 'read -r go || exit; umask 022; exec "$@" </dev/null'
# The daemon's files are for nobody else, and it is the last to go when memory runs out; of what it
# starts neither is true.
GATE_OF_START = GATE.replace("umask", "echo 0 >/proc/self/oom_score_adj; umask", 1)
REAP_S = 2.0
TRIES = 20
AGAIN_S = 0.1
"""Between two tries to find a place to live."""

Adopt = Callable[[int], Awaitable[None]]


def environment(more: Mapping[str, str]) -> dict[str, str]:
    """What agents see: the commands of a cluster manager that they may call are ours.

    Those of resource-agents call them by HA_SBIN_DIR, others by their names.
    """
    path = f"{SHIMS}:{ENVIRONMENT['PATH']}"
    return {**ENVIRONMENT, "PATH": path, "HA_SBIN_DIR": str(SHIMS), **more}


def scope(systemd: Systemd, name: str, description: str) -> Adopt:
    """What moves a process into the scope of that name; raises SystemdError."""

    async def adopt(pid: int) -> None:
        from dbus_fast import Variant

        properties = [
            ["Description", Variant("s", description)],
            ["PIDs", Variant("au", [pid])],
            ["CollectMode", Variant("s", "inactive-or-failed")],
            # systemd lets a process join later only if the scope manages itself. No controller
            # comes with it: that of the processor would cost the daemon its real-time scheduling
            # where the kernel shares that out by group.
            ["DelegateControllers", Variant("as", [])],
            # At a shutdown the hand-over to the other node comes first (F61).
            ["Before", Variant("as", ["failoverd-handover.service"])],
        ]
        kind = "ssa(sv)a(sa(sv))"
        for left in reversed(range(TRIES)):
            try:
                job = await systemd.call("StartTransientUnit", kind, name, "fail", properties, [])
                await systemd.finished(str(job[0]), name)
                return
            except SystemdError:
                pass
            try:
                # It is there already when something of an earlier start is still alive.
                await systemd.call("AttachProcessesToUnit", "ssau", name, "", [pid])
                return
            except SystemdError:
                # Or its last process has just ended, and it is about to go.
                if not left:
                    raise
                await asyncio.sleep(AGAIN_S)

    return adopt


async def run(
    argv: tuple[str, ...], env: Mapping[str, str], timeout_s: float, adopt: Adopt | None = None
) -> Finished:
    """Run one action to its end. At the deadline, or if cancelled, its process group is killed.

    Its end is the end of its first process: a server that it leaves behind may keep its output
    open. code is None if it could not run or missed the deadline. Raises SystemdError.
    """
    with _pipe() as (gate, go), _pipe() as (out, into):
        os.set_blocking(out, False)
        output = bytearray()
        loop = asyncio.get_running_loop()
        try:
            child = await asyncio.create_subprocess_exec(
                *("/bin/sh", "-c", GATE if adopt is None else GATE_OF_START, "sh", *argv),
                stdin=gate,
                stdout=into,
                stderr=into,
                env=dict(env),
                cwd="/",
                start_new_session=True,
            )
        except OSError as error:
            return Finished(None, f"{argv[0]}: {error.strerror}")
        loop.add_reader(out, _collect, out, output)
        try:
            async with asyncio.timeout(timeout_s):
                if adopt is not None:
                    await adopt(child.pid)
                os.write(go, b"go\n")
                code = await child.wait()
        except TimeoutError:
            await _kill(child)
            return Finished(None, f"no end within {timeout_s:g} s")
        except BaseException:
            await asyncio.shield(_kill(child))
            raise
        finally:
            loop.remove_reader(out)
        _collect(out, output)
        return Finished(code, output.decode(errors="replace"))


@contextlib.contextmanager
def _pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe2(os.O_CLOEXEC)
    try:
        yield ends
    finally:
        for end in ends:
            os.close(end)


def _collect(out: int, output: bytearray) -> None:
    with contextlib.suppress(BlockingIOError):
        while part := os.read(out, 8192):
            output += part[: MAX_OUTPUT - len(output)]


async def _kill(child: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(child.wait(), REAP_S)
