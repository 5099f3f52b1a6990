# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Limits after which an order without an answer has failed for the core (F76).

They are longer than all waits of the shell itself, so only a hanging order reaches them.
"""

from __future__ import annotations

from collections.abc import Callable

from failoverd.core.config import FENCE_LIMIT_S, Limits
from failoverd.fencing.settings import FencingSettings

from . import graph
from .settings import ResourceSettings

MARGIN_S = 30.0
"""Time to end late helpers, to read the disk, and for a busy node."""
UNBURDEN_S = 10.0
"""So long a planned stop may be put off to make it shorter."""
FENCE_WAITS = 2
"""A device gets its time-out for the order, and at most once more for the verification."""


def of_service(
    resources: tuple[ResourceSettings, ...], before: tuple[ResourceSettings, ...] = ()
) -> Limits:
    """The limits of a service of these resources; before: of an earlier configuration (F79)."""
    start_s = _longest(resources, lambda resource: resource.start_timeout_s)
    stop_s = _longest(resources, lambda resource: resource.stop_timeout_s)
    former_s = _longest(before, lambda resource: resource.stop_timeout_s)
    return Limits(
        probe_s=sum(resource.stop_timeout_s for resource in (*resources, *before)) + MARGIN_S,
        start_s=start_s + MARGIN_S,
        stop_s=UNBURDEN_S + stop_s + former_s + MARGIN_S,
        recover_s=stop_s + start_s + MARGIN_S,
    )


def of_level(level: FencingSettings, resources: tuple[ResourceSettings, ...]) -> float:
    """The limit of an exclusion method. resources: of all services."""
    if level.method == "stonith":
        return FENCE_WAITS * level.timeout_s + MARGIN_S
    locks = [r.options.times for r in resources if r.type == "sfex"]
    ages_s = [FENCE_WAITS * (times.timeout_s + times.collision_s) for times in locks]
    return max([FENCE_LIMIT_S, *(age_s + MARGIN_S for age_s in ages_s)])


def _longest(
    resources: tuple[ResourceSettings, ...], cost: Callable[[ResourceSettings], float]
) -> float:
    """The longest path through the graph; its resources wait for each other."""
    by_name = {resource.name: resource for resource in resources}
    needs = {resource.name: resource.after for resource in resources}
    ends: dict[str, float] = {}
    for name in graph.order(needs):
        ends[name] = cost(by_name[name]) + max((ends[need] for need in needs[name]), default=0.0)
    return max(ends.values(), default=0.0)
