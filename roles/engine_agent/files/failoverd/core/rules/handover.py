# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A node leaves the cluster in good order: it hands its services over, then says goodbye (F61)."""

from __future__ import annotations

from failoverd.core.actions import Leave, Reply
from failoverd.core.facts import peer_takes
from failoverd.core.message import Local
from failoverd.core.state import Repair, Service
from failoverd.core.transitions import Cause
from failoverd.core.workbench import Step

from . import lifecycle, moves


def proceed(step: Step) -> None:
    """Once all is stopped here and, where possible, up on the peer, say goodbye.

    A start may get on for hours (F77): a node that leaves does not wait for it.
    """
    if not step.state.handover:
        return
    for service in step.services:
        if service.move is not None and service.move.to == step.node:
            moves.end(step, service, False, f"{step.node} leaves the cluster")
    for service in step.services:
        if service.local.up or _settles(service):
            _move_or_stop(step, service)
    if any(s.local is not Local.STOPPED for s in step.services):
        _refuse_if_stuck(step)
        return
    # Only a peer that is heard can tell that it has started what it was granted.
    heard = step.peer.life.heard
    if any(s.move is not None or (s.grant is not None and heard) for s in step.services):
        return
    step.do(Reply(step.state.handover, True, f"{step.node} has handed everything over"))
    step.set(handover=0, left=True)
    step.note("goodbye", f"{step.node} leaves the cluster in good order")
    step.do(Leave())


def _settles(service: Service) -> bool:
    """A start that an earlier life has begun goes on here, and may for long (F77)."""
    return service.local is Local.UNKNOWN and service.mine and bool(service.op and service.doing)


def _refuse_if_stuck(step: Step) -> None:
    for service in step.services:
        unknown = service.local is Local.UNKNOWN and service.overtime
        if service.local is Local.BROKEN or unknown:
            why = service.why or "its probe does not answer"
            text = f"{service.name} is {service.local.value} here: {why}"
            step.do(Reply(step.state.handover, False, text))
            step.set(handover=0)
            return


def _move_or_stop(step: Step, service: Service) -> None:
    if service.move is not None:
        moves.end(step, service, False, f"{step.node} leaves the cluster")
    if peer_takes(step, service) and service.repair is Repair.NONE:
        moves.start(step, service)
    else:
        lifecycle.stop(step, service, Cause.MOVE)
