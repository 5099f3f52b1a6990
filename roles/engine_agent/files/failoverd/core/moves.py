# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Planned moves: begun here, carried on by both nodes, ended or rolled back. And leaving (F61)."""

from __future__ import annotations

from . import lifecycle, placement
from .actions import Leave, Reply
from .message import Local
from .state import Life, Move, Repair, Service
from .transitions import Cause
from .turn import Turn

RISING = (Local.STARTING, Local.RECOVERING)


def progress(turn: Turn, service: Service) -> None:
    """Carry a planned move on, end it, or roll it back (F62)."""
    service = _pulled(turn, service)
    move = service.move
    if move is None:
        return
    node, peer = turn.state.config.node, turn.state.config.peer
    report = turn.report(service.name)
    if move.to == node:
        if service.local is Local.RUNNING:
            _end(turn, service, True, f"{service.name} runs on {node}")
        elif report is None or turn.passed(move.until) or service.local is Local.BROKEN:
            _end(turn, service, False, f"{peer} did not hand {service.name} over")
        elif report.cramped and report.local is Local.RUNNING:
            _end(turn, service, False, f"{service.name} stays on {peer}: there is no room to start")
        elif service.local is Local.STOPPED and placement.failed(turn.state, service, turn.clock):
            _end(turn, service, False, f"{service.name} did not start on {node}: {service.failure}")
        return
    if report is not None and report.local is Local.RUNNING:
        _end(turn, service, True, f"{service.name} runs on {peer}")
    elif service.local is Local.BROKEN:
        _end(turn, service, False, f"{service.name} could not be stopped on {node}")
    elif service.local is not Local.STOPPED:
        return
    elif report is None or turn.state.peer.life is Life.SILENT:
        _end(turn, service, False, f"{peer} was lost during the move")
    elif report.local is Local.STOPPED and not report.able:
        _end(turn, service, False, f"{service.name} does not start on {peer}: {report.why}")
    elif turn.passed(move.until) and report.local is not Local.STARTING and service.grant is None:
        _end(turn, service, False, f"{peer} did not take {service.name} in time")


def start_move(turn: Turn, service: Service, why: str = "") -> None:
    """Move a service that runs here to the peer. why: for people."""
    peer = turn.state.config.peer
    until = turn.now + turn.state.config.timing.move_s
    service = turn.set_service(service.name, move=Move(peer, until))
    text = f"{service.name}: planned move to {peer}"
    turn.note("switchover", f"{text}: {why}" if why else text, service.name)
    lifecycle.stop(turn, service, Cause.MOVE)


def retire(turn: Turn, service: Service) -> None:
    """F79: what the configuration names no more is stopped. Its data stay."""
    if not placement.config_of(turn.state, service.name).retired:
        return
    if service.local is Local.RUNNING and not service.op and service.move is None:
        text = f"{service.name} is not in the configuration any more: it is stopped"
        turn.note("retired", text, service.name)
        lifecycle.stop(turn, service, Cause.RETIRED)


def leave(turn: Turn) -> None:
    """F61: once all is stopped here and, where possible, up on the peer, say goodbye.

    A start may get on for hours (F77): nobody waits for it who leaves.
    """
    state = turn.state
    if state.leaving <= 0:
        return
    for service in state.services:
        if service.local in (Local.RUNNING, *RISING) or _settles(service):
            _move_or_stop(turn, service)
    if any(s.local is not Local.STOPPED for s in turn.state.services):
        _refuse_if_stuck(turn)
        return
    # Only a peer that is heard can tell that it has started what it was granted.
    heard = state.peer.life in (Life.ALIVE, Life.SUSPECT)
    if any(s.move is not None or (s.grant is not None and heard) for s in turn.state.services):
        return
    turn.do(Reply(state.leaving, True, f"{state.config.node} has handed everything over"))
    turn.set(leaving=-1)
    turn.note("goodbye", f"{state.config.node} leaves the cluster in good order")
    turn.do(Leave())


def _settles(service: Service) -> bool:
    """A start that an earlier life has begun goes on here, and may for long (F77)."""
    return service.local is Local.UNKNOWN and service.mine and bool(service.op and service.doing)


def _refuse_if_stuck(turn: Turn) -> None:
    for service in turn.state.services:
        unknown = service.local is Local.UNKNOWN and service.overtime
        if service.local is Local.BROKEN or unknown:
            why = service.why or "its probe does not answer"
            text = f"{service.name} is {service.local.value} here: {why}"
            turn.do(Reply(turn.state.leaving, False, text))
            turn.set(leaving=0)
            return


def _pulled(turn: Turn, service: Service) -> Service:
    """The peer's operator asked the peer for this service, which runs here."""
    report = turn.report(service.name)
    wanted = report is not None and report.pull != 0 and report.able
    # F91: the peer sees why it stays, and ends its move.
    free = service.move is None and service.repair is Repair.NONE and not service.cramped
    if wanted and service.local is Local.RUNNING and free and not service.op:
        start_move(turn, service)
        return turn.service(service.name)
    return service


def _move_or_stop(turn: Turn, service: Service) -> None:
    report = turn.report(service.name)
    free = service.repair is Repair.NONE
    if service.move is not None:
        _end(turn, service, False, f"{turn.state.config.node} leaves the cluster")
    if turn.state.peer.life is Life.ALIVE and report is not None and report.able and free:
        start_move(turn, service)
    else:
        lifecycle.stop(turn, service, Cause.MOVE)


def _end(turn: Turn, service: Service, ok: bool, text: str) -> None:
    move = service.move
    if move is not None and move.request:
        turn.do(Reply(move.request, ok, text))
    turn.note("moved" if ok else "move-failed", text, service.name, alert=not ok)
    turn.set_service(service.name, move=None)
