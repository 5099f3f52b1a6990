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


L, C = Local, Cause
TABLE = (
    Transition(L.UNKNOWN, C.FOUND_STOPPED, L.STOPPED, "The probe found nothing of it here."),
    Transition(
        L.UNKNOWN,
        C.FOUND_RUNNING,
        L.RUNNING,
        "The daemon restarted; what this node started earlier goes on untouched (F31).",
    ),
    Transition(
        L.UNKNOWN,
        C.FOUND_PARTIAL,
        L.STOPPING,
        "This node had started it, but only a part is up: the rest is taken down.",
    ),
    Transition(
        L.UNKNOWN,
        C.FOUND_FOREIGN,
        L.BROKEN,
        "Somebody started it by hand: not ours to stop, not safe to start elsewhere (F58).",
    ),
    Transition(
        L.UNKNOWN,
        C.MOVE,
        L.STOPPING,
        "This node leaves while a start that its earlier life has begun goes on (F61, F77).",
    ),
    Transition(
        L.STOPPED,
        C.START,
        L.STARTING,
        "The peer granted it, or is proven gone, and the data is up to date (F01, F05).",
    ),
    Transition(
        L.STOPPED,
        C.LOOK_AGAIN,
        L.UNKNOWN,
        "Maintenance has ended: people may have started something (F66).",
    ),
    Transition(L.STARTING, C.STARTED, L.RUNNING, "Every part is up."),
    Transition(
        L.STARTING,
        C.FAILED,
        L.STOPPING,
        "A part did not start: what is up is stopped in reverse (F48).",
    ),
    Transition(
        L.STARTING, C.MOVE, L.STOPPING, "This node leaves: a start may get on for long (F61, F77)."
    ),
    Transition(L.STARTING, C.SAFE_STOP, L.STOPPING, "The core found a defect in itself (S3)."),
    Transition(
        L.RUNNING,
        C.RECOVER,
        L.RECOVERING,
        "A part failed and the threshold is not reached: restarted in place (F50).",
    ),
    Transition(
        L.RUNNING,
        C.FAILED,
        L.STOPPING,
        "Failed too often, or found down after a pause: it leaves this node (F48, F50, F26).",
    ),
    Transition(
        L.RUNNING, C.MOVE, L.STOPPING, "A planned move, a handover or an eviction (F22, F35, F61)."
    ),
    Transition(L.RUNNING, C.RETIRED, L.STOPPING, "The configuration names it no more (F79)."),
    Transition(
        L.RUNNING,
        C.SAFE_STOP,
        L.STOPPING,
        "It is up on the peer too, or without a right, or the core found a defect in itself (S1).",
    ),
    Transition(L.RECOVERING, C.RECOVERED, L.RUNNING, "The part is up again."),
    Transition(L.RECOVERING, C.FAILED, L.STOPPING, "The restart in place failed (F50)."),
    Transition(
        L.RECOVERING,
        C.MOVE,
        L.STOPPING,
        "This node leaves: a restart in place may get on for long (F61, F77).",
    ),
    Transition(L.RECOVERING, C.SAFE_STOP, L.STOPPING, "The core found a defect in itself (S3)."),
    Transition(L.STOPPING, C.STOPPED, L.STOPPED, "Every part is provably down: may be given."),
    Transition(
        L.STOPPING,
        C.STOP_FAILED,
        L.BROKEN,
        "It may run on; only exclusion of this node ends that (F47).",
    ),
    Transition(
        L.BROKEN,
        C.LOOK_AGAIN,
        L.UNKNOWN,
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
