# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ownership by agreement, or over a proof. The rules that keep S1.

A node starts a service only (a) on a grant that the live peer gave to this very claim of this very
life, or (b) when the peer is proven gone. A node that has granted does not claim until the other
has taken or dropped its claim; a node that claims does not grant. So of two claims at most one is
granted, and a late grant fits no claim.
"""

from __future__ import annotations

from . import data, lease, lifecycle, liveness, placement
from .actions import Own, Start
from .clock import Clock
from .config import Kind
from .message import Grant, Local, ServiceReport
from .state import Life, Proof, Repair, Right, Service, State
from .transitions import Cause
from .turn import Turn


def decide(turn: Turn, service: Service) -> None:
    """Give leave, claim, or start: whatever the rules allow for one service now."""
    report = turn.report(service.name)
    service = _grant(turn, service, report)
    if service.local is not Local.STOPPED:
        _explain(turn, service, "")
        return
    why = placement.unable(turn, service)
    life = turn.state.peer.life
    if life is Life.GONE:
        _take_over(turn, service, why)
    elif life in (Life.ALIVE, Life.SUSPECT) and report is not None:
        _agree(turn, service, report, why)
    else:
        service = turn.set_service(service.name, claim=0)
        proof = _proof(turn, service)
        if why or proof is Proof.NONE:
            _explain(turn, service, why or silence(turn.state, turn.clock))
        else:
            service = turn.set_service(service.name, proof=proof, proof_at=turn.now, grant=None)
            _start_alone(turn, service, proof)


def rest(turn: Turn) -> None:
    """F66: in maintenance mode nothing is claimed, granted or started."""
    for service in turn.state.services:
        report = turn.report(service.name)
        there = report is not None and report.local is not Local.STOPPED
        down = service.local is Local.STOPPED and not there
        _explain(turn, service, "maintenance mode is on" if down else service.why)


def _grant(turn: Turn, service: Service, report: ServiceReport | None) -> Service:
    if report is None:
        return service
    given = service.grant
    if given is not None:
        lapsed = report.claim != given.claim or turn.state.peer.incarnation != given.incarnation
        taken = report.local not in (Local.STOPPED, Local.UNKNOWN)
        if taken or (lapsed and report.local is Local.STOPPED):
            service = turn.set_service(service.name, grant=None)
    wanted = report.claim != 0 and report.local is Local.STOPPED
    if wanted and service.local is Local.STOPPED and _yields(turn, service, report):
        leave = Grant(report.claim, turn.state.peer.incarnation)
        if service.grant is None:
            turn.note("grant", f"{service.name}: granted to {turn.state.config.peer}", service.name)
            service = turn.set_service(service.name, grant=leave, claim=0)
    return service


def _yields(turn: Turn, service: Service, report: ServiceReport) -> bool:
    """Of two open claims the first choice's stands; the same answer on both nodes."""
    if _takes_lock(turn, service):
        return False
    if placement.config_of(turn.state, service.name).retired:
        return False  # F79: the peer has not read yet that it is removed
    return service.claim == 0 or placement.peer_first(turn, service, report)


def _takes_lock(turn: Turn, service: Service) -> bool:
    """The peer is heard again while this node takes its lock to exclude it (F48, F64).

    What the peer starts meanwhile would fail for want of that lock. It is given back soon.
    """
    state, work = turn.state, turn.state.exclusion
    taking = work.shot_op != 0 and state.config.kind(work.shot_level) is Kind.SFEX
    return taking and placement.config_of(state, service.name).locked


def _agree(turn: Turn, service: Service, report: ServiceReport, why: str) -> None:
    if report.local is not Local.STOPPED or why or service.grant is not None:
        turn.set_service(service.name, claim=0)
        settled = report.local not in (Local.STOPPED, Local.UNKNOWN, Local.BROKEN)
        coming = service.grant is not None or (report.able and report.local is Local.STOPPED)
        _explain(turn, service, "" if settled or coming else _reason(turn, report, why))
        return
    if service.claim == 0:
        repaired = service.repair is not Repair.NONE
        if report.able and not repaired and placement.peer_first(turn, service, report):
            _explain(turn, service, "")
            return
        service = turn.set_service(service.name, claim=turn.number())
        turn.note("claim", f"{service.name}: claimed", service.name)
    leave = report.grant
    mine = Grant(service.claim, turn.state.incarnation)
    if leave == mine and report.claim == 0 and lease.may_start(turn.state, turn.clock):
        start(turn, service, Right.GRANTED, report.generation)


def _take_over(turn: Turn, service: Service, why: str) -> None:
    if not why and data.visibly_primary(service):
        # A fence device may lie; a kernel that still holds the disk open does not (F12).
        why = f"{turn.state.config.peer} is said to be gone, but its disk still answers as Primary"
    if why:
        _explain(turn, turn.set_service(service.name, claim=0), why)
        return
    _start_alone(turn, service, turn.state.peer.proof)


def _proof(turn: Turn, service: Service) -> Proof:
    """Why a silent peer is known not to have this one service."""
    if lease.excused(turn.state, service):
        return service.proof
    return Proof.LEASE if lease.ran_out(turn.state, service, turn.clock) else Proof.NONE


def _start_alone(turn: Turn, service: Service, proof: Proof) -> None:
    message = turn.state.peer.message
    known = (
        next((r.generation for r in message.services if r.name == service.name), 0)
        if message is not None
        else 0
    )
    turn.note("takeover", f"{service.name}: taking over, {proof.value}", service.name)
    start(turn, service, Right.PROVEN, known)


def start(turn: Turn, service: Service, right: Right, known: int) -> None:
    """Order the start. known: the peer's last known generation."""
    generation = max(service.generation, known) + 1
    service = lifecycle.enter(
        turn,
        service,
        Cause.START,
        generation=generation,
        right=right,
        claim=0,
        why="",
        mine=True,
    )
    op = lifecycle.order(turn, service)
    repair = service.repair is not Repair.NONE
    turn.do(Own(service.name, True, generation, repair))
    # A goodbye is no word for DRBD: the disk of a node that left may still pass for current.
    peer_gone = right is Right.PROVEN and turn.state.peer.proof.powerless
    turn.do(Start(service.name, op, generation, peer_gone=peer_gone, repair=repair))


def silence(state: State, clock: Clock) -> str:
    """Why a silent peer is not taken for gone, and which command ends that (S3, F03, F04)."""
    if state.peer.life is Life.UNSEEN and not clock.passed(
        state.started + state.config.timing.startup_s
    ):
        return f"waiting to hear {state.config.peer} after the start"
    peer, failure = state.config.peer, state.exclusion.failure or state.vigil.answered
    if state.peer.life is Life.UNSEEN:
        text = f"{peer} has not been heard since the start and is not proven gone"
    else:
        text = f"{peer} is {state.peer.life.value} and not proven gone"
    if any(service.disk.connected for service in state.services):
        # F12: a person's word would be refused as well.
        text += ": its kernel answers over the replication link"
        return f"{text}; look at failoverd there and at the heartbeat links"
    if liveness.speaks(state, clock):
        # F73: a person's word would be refused as well.
        text += f": {liveness.SPEAKS}"
        return f"{text}; look at failoverd and at the heartbeat links there"
    if not lease.agreed(state):
        text += f": {lease.DISAGREED}"
    elif failure:
        text += f": {failure}"
    return f"{text}; when you know it is off: failoverctl confirm-fenced {peer}"


def _reason(turn: Turn, report: ServiceReport, why: str) -> str:
    peer = turn.state.config.peer
    if report.local is not Local.STOPPED:
        return f"on {peer} it is {report.local.value}"
    node = turn.state.config.node
    here, there = placement.failure_of(why, node), placement.failure_of(report.why, peer)
    if here and here == there:
        return f"it failed on {node} and on {peer}: {here}"
    if why and report.why:
        return f"{node}: {why}; {peer}: {report.why}"
    return why or report.why


def _explain(turn: Turn, service: Service, why: str) -> None:
    if service.why != why:
        turn.set_service(service.name, why=why)
        if why:
            turn.note("blocked", f"{service.name} stays down: {why}", service.name, alert=True)
