# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the actions of resource agents with a deadline, in a scope of systemd.

Processes of an agent must outlive this daemon, but its control group ends with it (F31). So an
agent waits at its gate until its process has been moved into a scope of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

from failoverd.system import process
from failoverd.system.process import ENVIRONMENT, ORDINARY, VITAL, Adopt, Finished
from failoverd.system.systemd import Systemd, SystemdError

SHIMS = Path(__file__).resolve().parent.parent / "shims"
TRIES = 20
AGAIN_S = 0.1
"""Pause between two tries to make a scope."""


def environment(more: Mapping[str, str]) -> dict[str, str]:
    """The environment of agents. They find our versions of the commands of a cluster manager.

    The agents of resource-agents call them by HA_SBIN_DIR, others by their names.
    """
    path = f"{SHIMS}:{ENVIRONMENT['PATH']}"
    return {**ENVIRONMENT, "PATH": path, "HA_SBIN_DIR": str(SHIMS), **more}


def scope(systemd: Systemd, name: str, description: str) -> Adopt:
    """Moves a process into the scope of that name; raises SystemdError."""

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
            # At a shutdown the handover to the other node comes first (F61).
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
                # The scope exists already if a process of an earlier start is still alive.
                await systemd.call("AttachProcessesToUnit", "ssau", name, "", [pid])
                return
            except SystemdError:
                # Or its last process has just ended, and systemd is about to remove it.
                if not left:
                    raise
                await asyncio.sleep(AGAIN_S)

    return adopt


async def run(
    argv: tuple[str, ...],
    env: Mapping[str, str],
    timeout_s: float,
    adopt: Adopt | None = None,
    *,
    vital: bool = False,
) -> Finished:
    """Run one action to its end. A server that it leaves behind runs on.

    vital: the kernel must not kill the action when memory runs out, and it is tried again while
    this daemon lacks the means to start it. Raises SystemdError.
    """
    score = VITAL if vital else ORDINARY
    patient = vital or adopt is not None
    return await process.run(
        *argv, timeout_s=timeout_s, env=env, score=score, adopt=adopt, leave=True, patient=patient
    )
