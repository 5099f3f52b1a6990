# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The durations of Corosync and Pacemaker, out of failover_timing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ..._daemon import Timing
from ..._problems import Problem

OBEYED = ("dead_s", "fence_delay_s", "witness_s", "failure_expiry_s")
"""What of failover_timing this engine obeys."""
LEAST_TOKEN_S = 1.0
"""A shorter token takes a busy machine for a dead one."""
CONSENSUS = 1.2
"""Corosync wants at least so many tokens until it forms a membership anew."""


def seconds(value: float) -> str:
    """A duration as agents take it: whole seconds, never less than was asked for."""
    return str(math.ceil(value))


def given(model: Mapping[str, Any], key: str) -> float:
    """A duration of failover_timing, or its default."""
    return float(model["timing"].get(key, getattr(Timing(), key)))


def token_ms(model: Mapping[str, Any]) -> int:
    """Silence after which a node counts as lost."""
    return round(1000 * given(model, "dead_s"))


def consensus_ms(model: Mapping[str, Any]) -> int:
    """How long the others take then to form a membership without it."""
    return math.ceil(CONSENSUS * token_ms(model))


def check(model: Mapping[str, Any]) -> None:
    """Refuse a duration with which Corosync is not steady. Raises Problem."""
    dead = given(model, "dead_s")
    if dead < LEAST_TOKEN_S:
        raise Problem(
            f"failover_timing.dead_s: {dead:g} is less than {LEAST_TOKEN_S:g}; Corosync would take"
            " a busy node for a dead one."
        )
