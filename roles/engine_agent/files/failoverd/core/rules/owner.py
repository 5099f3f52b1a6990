# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ownership by agreement, or over a proof. The rules that keep S1.

A node starts a service only (a) on a grant that the live peer gave to this very claim of this very
life, or (b) when the peer is proven gone. A node that has granted does not claim until the other
has taken or dropped its claim; a node that claims does not grant. So of two claims at most one is
granted, and a late grant fits no claim.
"""

from __future__ import annotations

from failoverd.core import lease, placement
from failoverd.core.actions import Own, Start
from failoverd.core.config import Kind
from failoverd.core.facts import peer_was_off, visibly_primary
from failoverd.core.message import Grant, Local, ServiceReport
from failoverd.core.state import Life, Proof, Repair, Service
from failoverd.core.transitions import Cause
from failoverd.core.workbench import Step

from . import lifecycle, replica


def decide(step: Step, service: Service) -> None:
    """Give leave, claim, or start: whatever the rules allow for one service now."""
    report = step.report(service.name)
    service = _grant(step, service, report)
    if service.local is not Local.STOPPED:
        _explain(step, service, "")
        return
    why = placement.unable(step, service)
    life = step.peer.life
    if life is Life.GONE:
        _take_over(step, service, why)
    elif life.heard and report is not None:
        _agree(step, service, report, why)
    else:
        service = step.set_service(service.name, claim=0)
        proof = _proof(step, service)
        if why or proof is Proof.NONE:
            _explain(step, service, why or placement.silence(step))
        else:
            service = step.set_service(service.name, proof=proof, proof_at=step.now, grant=None)
            _start_alone(step, service, proof)


def rest(step: Step) -> None:
    """F66: in maintenance mode, this node claims, grants and starts nothing."""
    for service in step.services:
        report = step.report(service.name)
        there = report is not None and report.local is not Local.STOPPED
        down = service.local is Local.STOPPED and not there
        _explain(step, service, "maintenance mode is on" if down else service.why)


def _grant(step: Step, service: Service, report: ServiceReport | None) -> Service:
    if report is None:
        return service
    given = service.grant
    if given is not None:
        lapsed = report.claim != given.claim or step.peer.incarnation != given.incarnation
        taken = report.local.held
        if taken or (lapsed and report.local is Local.STOPPED):
            service = step.set_service(service.name, grant=None)
    wanted = report.claim != 0 and report.local is Local.STOPPED
    if wanted and service.local is Local.STOPPED and _yields(step, service, report):
        leave = Grant(report.claim, step.peer.incarnation)
        if service.grant is None:
            step.note("grant", f"{service.name}: granted to {step.peer_name}", service.name)
            service = step.set_service(service.name, grant=leave, claim=0)
    return service


def _yields(step: Step, service: Service, report: ServiceReport) -> bool:
    """Of two open claims the first choice's stands; the same answer on both nodes."""
    if _takes_lock(step, service):
        return False
    if step.settings(service).retired:
        return False  # F79: the peer has not read yet that it is removed
    return service.claim == 0 or placement.peer_first(step, service, report)


def _takes_lock(step: Step, service: Service) -> bool:
    """The peer is heard again while this node takes its lock to exclude it (F48, F64).

    What the peer starts meanwhile would fail for want of that lock. It is given back soon.
    """
    taking = any(step.config.kind(shot.level) is Kind.SFEX for shot in step.exclusion.shots)
    return taking and step.settings(service).locked


def _agree(step: Step, service: Service, report: ServiceReport, why: str) -> None:
    if report.local is not Local.STOPPED or why or service.grant is not None:
        step.set_service(service.name, claim=0)
        settled = report.local.holding
        coming = service.grant is not None or (report.able and report.local is Local.STOPPED)
        _explain(step, service, "" if settled or coming else _reason(step, report, why))
        return
    if service.claim == 0:
        repaired = service.repair is not Repair.NONE
        if report.able and not repaired and placement.peer_first(step, service, report):
            _explain(step, service, "")
            return
        service = step.set_service(service.name, claim=step.number())
        step.note("claim", f"{service.name}: claimed", service.name)
    leave = report.grant
    mine = Grant(service.claim, step.state.incarnation)
    if leave == mine and report.claim == 0 and lease.may_start(step):
        start(step, service, report.generation)


def _take_over(step: Step, service: Service, why: str) -> None:
    if not why and visibly_primary(service):
        service = replica.drop_peer(step, service)
        # A fence device may lie; a kernel that still holds the disk open does not (F12).
        why = f"{step.peer_name} is said to be gone, but its disk still answers as Primary"
    if why:
        service = step.set_service(service.name, claim=0)
        if not replica.dropping(step, service):
            _explain(step, service, why)
        return
    _start_alone(step, service, step.peer.proof)


def _proof(step: Step, service: Service) -> Proof:
    """Why a silent peer is known not to have this one service."""
    if lease.excused(step, service):
        return service.proof
    return Proof.LEASE if lease.ran_out(step, service) else Proof.NONE


def _start_alone(step: Step, service: Service, proof: Proof) -> None:
    report = step.last_word(service.name)
    step.note("takeover", f"{service.name}: taking over, {proof.value}", service.name)
    start(step, service, 0 if report is None else report.generation, alone=True)


def start(step: Step, service: Service, known: int, *, alone: bool = False) -> None:
    """Order the start. known: the peer's last known generation. alone: over a proof."""
    generation = max(service.generation, known) + 1
    given = {"generation": generation, "rightful": True, "claim": 0, "why": "", "mine": True}
    service = lifecycle.enter(step, service, Cause.START, **given)
    op = lifecycle.order(step, service)
    repair = service.repair is not Repair.NONE
    step.do(Own(service.name, True, generation, repair))
    # A goodbye is no word for DRBD: the disk of a node that left may still pass for current.
    peer_gone = alone and peer_was_off(step)
    step.do(Start(service.name, op, generation, peer_gone=peer_gone, repair=repair))


def _reason(step: Step, report: ServiceReport, why: str) -> str:
    peer = step.peer_name
    if report.local is not Local.STOPPED:
        return f"on {peer} it is {report.local.value}"
    node = step.node
    here, there = placement.failure_of(why, node), placement.failure_of(report.why, peer)
    if here and here == there:
        return f"it failed on {node} and on {peer}: {here}"
    if why and report.why:
        return f"{node}: {why}; {peer}: {report.why}"
    return why or report.why


def _explain(step: Step, service: Service, why: str) -> None:
    if service.why != why:
        step.set_service(service.name, why=why)
        if why:
            step.note("blocked", f"{service.name} stays down: {why}", service.name, alert=True)
