# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The time of a takeover for each exclusion method: from the last sign of life to the proof.

The time to promote, mount and start comes on top, and for an ext4 with multi-mount protection
about 22 s after a crash.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from failoverd.core.config import LEAD_S, Timing


@dataclass(frozen=True)
class Level:
    """One method: wait_s from the last sign of life (a lease), or try_s once it is its turn."""

    name: str
    wait_s: float | None = None
    try_s: float = 0.0
    asked: bool = False
    """Whether it is asked at the first suspicion, and may report that the node is off."""
    attempts: int = 1
    """How often it is tried before the next one."""


def lease(name: str, wait_s: float) -> Level:
    """A watchdog lease: run out so long after the last sign of life, whatever else is tried."""
    return Level(name, wait_s=wait_s)


def lock(name: str, timeout_s: float, collision_s: float) -> Level:
    """The locks on shared disks: the slowest has aged out, and nobody else wants it."""
    return Level(name, try_s=timeout_s + collision_s, attempts=2)


def device(name: str, timeout_s: float) -> Level:
    """A fence device with its agent's time-out."""
    return Level(name, try_s=timeout_s, asked=True)


def costs(
    timing: Timing, levels: Iterable[Level], head_starts: int = 1
) -> dict[str, tuple[float, float]]:
    """Method -> (least, most) seconds when the owner dies and the methods before it fail.

    The least time of a fence device is for one that reports a node that is off already. Otherwise
    the head start of the owner comes first (F14), and the agent needs its whole time. The next
    device begins a little later than the one before (F83). Locks are taken after all else failed.

    head_starts: how often a standby waits at the most; 3 where ping targets decide.
    """
    begins = ended = timing.dead_s + head_starts * timing.fence_delay_s
    result = {}
    for level in levels:
        if level.wait_s is not None:
            both = (level.wait_s, level.wait_s)
        elif level.asked:
            both = (timing.suspect_s, begins + level.try_s)
            ended = max(ended, begins + level.try_s)
            begins += min(level.try_s, LEAD_S)
        else:
            both = (ended + level.try_s, ended + level.try_s)
            begins = ended = ended + level.attempts * level.try_s
        result[level.name] = (round(both[0], 1), round(both[1], 1))
    return result
