# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The life of a service on one node, as a table. No service changes its state but through it.

docs/transitions.md is drawn from this table.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from .message import Local


class Cause(Enum):
    """Why a service changes its state on this node."""

    FOUND_STOPPED = "found stopped"
    FOUND_RUNNING = "found running"
    FOUND_PARTIAL = "found half up"
    FOUND_FOREIGN = "found, but not ours"
    START = "start"
    STARTED = "started"
    FAILED = "failed"
    RECOVER = "recover"
    RECOVERED = "recovered"
    MOVE = "move away"
    RETIRED = "removed"
    SAFE_STOP = "safe stop"
    STOPPED = "stopped"
    STOP_FAILED = "stop failed"
    LOOK_AGAIN = "look again"


class ForbiddenTransition(AssertionError):
    """A rule wants what is not in the table: a defect, which ends in a safe stop."""


@dataclass(frozen=True)
class Transition:
    """One line of the table."""

    source: Local
    cause: Cause
    target: Local
    why: str


TABLE = (
    Transition(
        Local.UNKNOWN, Cause.FOUND_STOPPED, Local.STOPPED, "The probe found nothing of it here."
    ),
    Transition(
        Local.UNKNOWN,
        Cause.FOUND_RUNNING,
        Local.RUNNING,
        "The daemon restarted; what this node started earlier goes on untouched (F31).",
    ),
    Transition(
        Local.UNKNOWN,
        Cause.FOUND_PARTIAL,
        Local.STOPPING,
        "This node had started it, but only a part is up: the rest is taken down.",
    ),
    Transition(
        Local.UNKNOWN,
        Cause.FOUND_FOREIGN,
        Local.BROKEN,
        "Somebody started it by hand: not ours to stop, not safe to start elsewhere (F58).",
    ),
    Transition(
        Local.UNKNOWN,
        Cause.MOVE,
        Local.STOPPING,
        "This node leaves while a start that its earlier life has begun goes on (F61, F77).",
    ),
    Transition(
        Local.STOPPED,
        Cause.START,
        Local.STARTING,
        "The peer granted it, or is proven gone, and the data is up to date (F01, F05).",
    ),
    Transition(
        Local.STOPPED,
        Cause.LOOK_AGAIN,
        Local.UNKNOWN,
        "Maintenance has ended: people may have started something (F66).",
    ),
    Transition(Local.STARTING, Cause.STARTED, Local.RUNNING, "Every part is up."),
    Transition(
        Local.STARTING,
        Cause.FAILED,
        Local.STOPPING,
        "A part did not start: what is up is stopped in reverse (F48).",
    ),
    Transition(
        Local.STARTING,
        Cause.MOVE,
        Local.STOPPING,
        "This node leaves: a start may get on for long (F61, F77).",
    ),
    Transition(
        Local.STARTING, Cause.SAFE_STOP, Local.STOPPING, "The core found a defect in itself (S3)."
    ),
    Transition(
        Local.RUNNING,
        Cause.RECOVER,
        Local.RECOVERING,
        "A part failed and the threshold is not reached: restarted in place (F50).",
    ),
    Transition(
        Local.RUNNING,
        Cause.FAILED,
        Local.STOPPING,
        "Failed too often, or found down after a pause: it leaves this node (F48, F50, F26).",
    ),
    Transition(
        Local.RUNNING,
        Cause.MOVE,
        Local.STOPPING,
        "A planned move, a handover or an eviction (F22, F35, F61).",
    ),
    Transition(
        Local.RUNNING, Cause.RETIRED, Local.STOPPING, "The configuration names it no more (F79)."
    ),
    Transition(
        Local.RUNNING,
        Cause.SAFE_STOP,
        Local.STOPPING,
        "It is up on the peer too, or without a right, or the core found a defect in itself (S1).",
    ),
    Transition(Local.RECOVERING, Cause.RECOVERED, Local.RUNNING, "The part is up again."),
    Transition(
        Local.RECOVERING, Cause.FAILED, Local.STOPPING, "The restart in place failed (F50)."
    ),
    Transition(
        Local.RECOVERING,
        Cause.MOVE,
        Local.STOPPING,
        "This node leaves: a restart in place may get on for long (F61, F77).",
    ),
    Transition(
        Local.RECOVERING, Cause.SAFE_STOP, Local.STOPPING, "The core found a defect in itself (S3)."
    ),
    Transition(
        Local.STOPPING, Cause.STOPPED, Local.STOPPED, "Every part is provably down: may be given."
    ),
    Transition(
        Local.STOPPING,
        Cause.STOP_FAILED,
        Local.BROKEN,
        "It may run on; only exclusion of this node ends that (F47).",
    ),
    Transition(
        Local.BROKEN,
        Cause.LOOK_AGAIN,
        Local.UNKNOWN,
        "The operator repaired it and said clear, or maintenance ended (F58, F66).",
    ),
)

_TARGETS = {(line.source, line.cause): line.target for line in TABLE}


def after(local: Local, cause: Cause) -> Local:
    """The state that follows; raises ForbiddenTransition for what the table does not know."""
    target = _TARGETS.get((local, cause))
    if target is None:
        raise ForbiddenTransition(f"a service that is {local.value} cannot have {cause.value!r}")
    return target
