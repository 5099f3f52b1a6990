# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Planned moves: begun here, carried on by both nodes, ended or rolled back (F62)."""

from __future__ import annotations

from failoverd.core import placement
from failoverd.core.actions import Reply
from failoverd.core.message import Local, ServiceReport
from failoverd.core.state import Life, Move, Repair, Service
from failoverd.core.transitions import Cause
from failoverd.core.workbench import Step

from . import lifecycle


def progress(step: Step, service: Service) -> None:
    """Carry a planned move on, end it, or roll it back."""
    if _pulled(step, service):
        start(step, service)
    service = step.service(service.name)
    move = service.move
    if move is None:
        return
    report = step.report(service.name)
    if move.to == step.node:
        _to_this_node(step, service, move, report)
    else:
        _to_the_peer(step, service, move, report)


def _to_this_node(step: Step, service: Service, move: Move, report: ServiceReport | None) -> None:
    name, node, peer = service.name, step.node, step.peer_name
    if service.local is Local.RUNNING:
        end(step, service, True, f"{name} runs on {node}")
    elif report is None or step.passed(move.until) or service.local is Local.BROKEN:
        end(step, service, False, f"{peer} did not hand {name} over")
    elif report.cramped and report.local is Local.RUNNING:
        end(step, service, False, f"{name} stays on {peer}: there is no room to start")
    elif service.local is Local.STOPPED and placement.failed(step, service):
        end(step, service, False, f"{name} did not start on {node}: {service.failure}")


def _to_the_peer(step: Step, service: Service, move: Move, report: ServiceReport | None) -> None:
    name, peer = service.name, step.peer_name
    if report is not None and report.local is Local.RUNNING:
        end(step, service, True, f"{name} runs on {peer}")
    elif service.local is Local.BROKEN:
        end(step, service, False, f"{name} could not be stopped on {step.node}")
    elif service.local is not Local.STOPPED:
        return
    elif report is None or step.peer.life is Life.SILENT:
        end(step, service, False, f"{peer} was lost during the move")
    elif report.local is Local.STOPPED and not report.able:
        end(step, service, False, f"{name} does not start on {peer}: {report.why}")
    elif step.passed(move.until) and report.local is not Local.STARTING and service.grant is None:
        end(step, service, False, f"{peer} did not take {name} in time")


def start(step: Step, service: Service, why: str = "", *, served: bool = True) -> None:
    """Move a service that runs here to the peer. why: for people. served: its clients are."""
    peer = step.peer_name
    until = step.now + step.timing.move_s
    service = step.set_service(service.name, move=Move(peer, until))
    text = f"{service.name}: planned move to {peer}"
    step.note("switchover", f"{text}: {why}" if why else text, service.name)
    lifecycle.stop(step, service, Cause.MOVE, planned=served)


def _pulled(step: Step, service: Service) -> bool:
    """The peer's operator asked the peer for this service, which runs here."""
    report = step.report(service.name)
    wanted = report is not None and report.pull != 0 and report.able
    # F91: the peer sees why it stays, and ends its move.
    free = service.move is None and service.repair is Repair.NONE and not service.cramped
    return wanted and service.local is Local.RUNNING and free and not service.op


def end(step: Step, service: Service, ok: bool, text: str) -> None:
    """The planned move is over; whoever waits for it is told."""
    move = service.move
    if move is not None and move.request:
        step.do(Reply(move.request, ok, text))
    step.note("moved" if ok else "move-failed", text, service.name, alert=not ok)
    step.set_service(service.name, move=None)
