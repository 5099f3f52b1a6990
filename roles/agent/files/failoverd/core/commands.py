# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an operator asks: planned moves, handover, confirmation of a fence, forgetting failures."""

from __future__ import annotations

from . import lifecycle, placement
from .actions import Leave, Reply
from .events import Command, Verb
from .liveness import prove_gone
from .message import Local
from .state import Life, Move, Proof, Service
from .turn import Turn


def command(turn: Turn, event: Command) -> None:
    """Begin what is asked, or refuse it with the reason."""
    if event.verb is Verb.SWITCHOVER:
        _switchover(turn, event)
    elif event.verb is Verb.HANDOVER:
        _handover(turn, event)
    elif event.verb is Verb.CONFIRM_FENCED:
        _confirm(turn, event)
    else:
        _clear(turn, event)


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
        elif report is None or turn.now >= move.until or service.local is Local.BROKEN:
            _end(turn, service, False, f"{peer} did not hand {service.name} over")
        elif service.local is Local.STOPPED and service.failed_at is not None:
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
    elif turn.now >= move.until and report.local is Local.STOPPED and service.grant is None:
        _end(turn, service, False, f"{peer} did not take {service.name} in time")


def leave(turn: Turn) -> None:
    """F61: once all is stopped here and, where possible, up on the peer, say goodbye."""
    state = turn.state
    if state.leaving <= 0:
        return
    for service in state.services:
        if service.local is Local.RUNNING:
            _move_or_stop(turn, service)
    if any(s.local is not Local.STOPPED for s in turn.state.services):
        _refuse_if_stuck(turn)
        return
    if any(s.move is not None or s.grant is not None for s in turn.state.services):
        return
    turn.do(Reply(state.leaving, True, f"{state.config.node} has handed everything over"))
    turn.set(leaving=-1)
    turn.note("goodbye", f"{state.config.node} leaves the cluster in good order")
    turn.do(Leave())


def _refuse_if_stuck(turn: Turn) -> None:
    stuck = [s for s in turn.state.services if s.local in (Local.BROKEN,)]
    if stuck:
        turn.do(Reply(turn.state.leaving, False, f"{stuck[0].name} is broken here: {stuck[0].why}"))
        turn.set(leaving=0)


def _switchover(turn: Turn, event: Command) -> None:
    state = turn.state
    node, peer = state.config.node, state.config.peer
    service = state.service(event.argument)
    if service is None:
        known = ", ".join(s.name for s in state.services)
        return _refuse(turn, event, f"no service {event.argument!r}; there is: {known}")
    report = turn.report(service.name)
    if state.peer.life is not Life.ALIVE or report is None:
        return _refuse(turn, event, f"{peer} is {state.peer.life.value}: a move needs both nodes")
    if service.move is not None:
        return _refuse(turn, event, f"{service.name} is already being moved to {service.move.to}")
    here, there = service.local is Local.RUNNING, report.local is Local.RUNNING
    to = event.to or (peer if here else node)
    if to not in (node, peer):
        return _refuse(turn, event, f"no node {to!r}; there are {node} and {peer}")
    if (to == node and here) or (to == peer and there):
        turn.do(Reply(event.request, True, f"{service.name} already runs on {to}"))
        return None
    if not here and not there:
        doing = f"{service.local.value} on {node} and {report.local.value} on {peer}"
        return _refuse(turn, event, f"{service.name} is {doing}: only a running service is moved")
    why = (report.why or f"{peer} cannot take it") if to == peer and not report.able else ""
    if to == node:
        why = placement.unable(turn, service)
    if why:
        return _refuse(turn, event, f"{service.name} cannot move to {to}: {why}")
    move = Move(to, turn.now + state.config.timing.move_s, event.request)
    service = turn.set_service(service, move=move)
    turn.note(
        "switchover",
        f"{service.name}: planned move to {to} asked by {event.who or '?'}",
        service.name,
    )
    if here:
        lifecycle.stop(turn, service)
    return None


def _pulled(turn: Turn, service: Service) -> Service:
    """The peer's operator asked the peer for this service, which runs here."""
    report = turn.report(service.name)
    wanted = report is not None and report.pull != 0 and report.able
    if wanted and service.local is Local.RUNNING and service.move is None and not service.op:
        _start_move(turn, service)
        return turn.state.service(service.name) or service
    return service


def _start_move(turn: Turn, service: Service) -> None:
    until = turn.now + turn.state.config.timing.move_s
    service = turn.set_service(service, move=Move(turn.state.config.peer, until))
    turn.note(
        "switchover", f"{service.name}: planned move to {turn.state.config.peer}", service.name
    )
    lifecycle.stop(turn, service)


def _move_or_stop(turn: Turn, service: Service) -> None:
    report = turn.report(service.name)
    if turn.state.peer.life is Life.ALIVE and report is not None and report.able:
        _start_move(turn, service)
    else:
        lifecycle.stop(turn, service)


def _end(turn: Turn, service: Service, ok: bool, text: str) -> None:
    move = service.move
    if move is not None and move.request:
        turn.do(Reply(move.request, ok, text))
    turn.note("moved" if ok else "move-failed", text, service.name, alert=not ok)
    turn.set_service(service, move=None)


def _handover(turn: Turn, event: Command) -> None:
    if turn.state.leaving:
        return _refuse(turn, event, f"{turn.state.config.node} is already leaving")
    turn.set(leaving=event.request)
    turn.note("handover", f"{turn.state.config.node} hands over, asked by {event.who or '?'}")
    return None


def _confirm(turn: Turn, event: Command) -> None:
    peer = turn.state.peer
    name = turn.state.config.peer
    if event.argument != name:
        return _refuse(turn, event, f"{event.argument!r} is not the other node, which is {name}")
    if peer.life not in (Life.SILENT, Life.UNSEEN):
        return _refuse(turn, event, f"{name} is {peer.life.value}: only a silent node is confirmed")
    if any(s.disk.connected for s in turn.state.services):
        return _refuse(turn, event, f"{name} still answers over the replication link")
    prove_gone(turn, Proof.OPERATOR, peer.greeted, event.who)
    turn.note("confirmed", f"{event.who or '?'} confirmed that {name} is off", alert=True)
    turn.do(Reply(event.request, True, f"{name} is taken for fenced; recorded"))
    return None


def _clear(turn: Turn, event: Command) -> None:
    named = [s for s in turn.state.services if event.argument in ("", s.name)]
    if not named:
        return _refuse(turn, event, f"no service {event.argument!r}")
    for service in named:
        turn.set_service(service, failed_at=None, failure="", restarts=())
    turn.note("cleared", f"failures forgotten, asked by {event.who or '?'}")
    turn.do(Reply(event.request, True, "failures forgotten"))
    return None


def _refuse(turn: Turn, event: Command, why: str) -> None:
    turn.do(Reply(event.request, False, why))
