# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each exclusion method costs of a takeover, by the configuration of this node."""

from __future__ import annotations

from .config import Config
from .rules import takeover
from .rules.takeover import Level


def costs(config: Config) -> dict[str, tuple[float, float]]:
    """Method -> (least, most) seconds from the last sign of life to the proof."""
    resources = [r for s in config.services for r in s.resources if r.type == "sfex"]
    times = [r.options.times for r in resources]
    locks_s = max((t.timeout_s + t.collision_s for t in times), default=0.0)
    levels = []
    for level in config.fencing:
        if level.lease is not None:
            levels.append(Level(level.name, wait_s=level.lease.takeover_s))
        elif level.method == "sfex":
            levels.append(Level(level.name, try_s=locks_s, attempts=2))
        else:
            levels.append(Level(level.name, try_s=level.timeout_s, asked=True))
    return takeover.costs(config.timing, levels)
