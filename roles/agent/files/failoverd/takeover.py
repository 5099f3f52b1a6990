# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each exclusion method costs of a takeover: seconds from the last sign of life to the proof.

The time to promote, mount and start comes on top, and for an ext4 with multi-mount protection
about 22 s after a crash. The inventory is told the same (plugin_utils/_takeover.py).
"""

from __future__ import annotations

from .config import Config


def costs(config: Config) -> dict[str, tuple[float, float]]:
    """Method -> (least, most) seconds when the owner dies and the methods before it fail.

    The least of a fence device is when it says by itself that the node is off, asked at the first
    suspicion; else the owner's head start comes first (F14) and the agent has its whole time.
    """
    timing = config.timing
    spent = timing.dead_s + timing.fence_delay_s
    result = {}
    for level in config.fencing:
        if level.lease is not None:
            result[level.name] = (level.lease.takeover_s, level.lease.takeover_s)
        elif level.method == "sfex":
            resources = [r for s in config.services for r in s.resources if r.type == "sfex"]
            times = [r.options.times for r in resources]
            own = max((t.timeout_s + t.collision_s for t in times), default=0.0)
            result[level.name] = (spent + own, spent + own)
            spent += 2 * own
        else:
            result[level.name] = (timing.suspect_s, spent + level.timeout_s)
            spent += level.timeout_s
    return {name: (round(least, 1), round(most, 1)) for name, (least, most) in result.items()}
