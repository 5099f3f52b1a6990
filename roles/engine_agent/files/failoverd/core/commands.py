# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an operator asks for. Each verb returns its refusal, or nothing once it has begun."""

from __future__ import annotations

from . import clearing, lifecycle, mode_changes, placement, repair
from .actions import Reply
from .events import Command, Verb
from .liveness import SPEAKS, prove_gone, speaks
from .message import Local
from .modes import is_on
from .state import Life, Move, Proof, Repair
from .transitions import Cause
from .turn import Turn

MAINTAINED = "maintenance mode is on: nothing is moved; end it with failoverctl maintenance off"


def command(turn: Turn, event: Command) -> None:
    """Begin what is asked, or refuse it with the reason."""
    why = _COMMANDS[event.verb](turn, event)
    if why:
        turn.do(Reply(event.request, False, why))


def _switchover(turn: Turn, event: Command) -> str:
    state = turn.state
    node, peer = state.config.node, state.config.peer
    if is_on(state.modes.maintenance):
        return MAINTAINED
    service = state.service(event.argument)
    if service is None:
        known = ", ".join(s.name for s in state.services)
        return f"no service {event.argument!r}; there is: {known}"
    report = turn.report(service.name)
    if state.peer.life is not Life.ALIVE or report is None:
        return f"{peer} is {state.peer.life.value}: a move needs both nodes"
    if service.move is not None:
        return f"{service.name} is already being moved to {service.move.to}"
    if service.repair is not Repair.NONE or report.why == placement.REPAIRED:
        return f"{service.name}: {placement.REPAIRED}; failoverctl repair close ends that"
    here, there = service.local is Local.RUNNING, report.local is Local.RUNNING
    to = event.to or (peer if here else node)
    if to not in (node, peer):
        return f"no node {to!r}; there are {node} and {peer}"
    if (to == node and here) or (to == peer and there):
        turn.do(Reply(event.request, True, f"{service.name} already runs on {to}"))
        return ""
    if not here and not there:
        doing = f"{service.local.value} on {node} and {report.local.value} on {peer}"
        return f"{service.name} is {doing}: only a running service is moved"
    why = (report.why or f"{peer} cannot take it") if to == peer and not report.able else ""
    if to == node:
        why = placement.unable(turn, service)
    # F91: what is stopped now would not start again on either node.
    why = why or service.cramped if here else why
    if not why and there and report.cramped:
        why = f"a start would find no room on its file system: ask on {peer}, which says more"
    if why:
        return f"{service.name} cannot move to {to}: {why}"
    move = Move(to, turn.now + state.config.timing.move_s, event.request)
    service = turn.set_service(service.name, move=move)
    turn.note(
        "switchover",
        f"{service.name}: planned move to {to} asked by {event.who or '?'}",
        service.name,
    )
    if here:
        lifecycle.stop(turn, service, Cause.MOVE)
    return ""


def _handover(turn: Turn, event: Command) -> str:
    if is_on(turn.state.modes.maintenance):
        return MAINTAINED
    if turn.state.leaving:
        return f"{turn.state.config.node} is already leaving"
    turn.set(leaving=event.request)
    turn.note("handover", f"{turn.state.config.node} hands over, asked by {event.who or '?'}")
    return ""


def _confirm(turn: Turn, event: Command) -> str:
    """F04: no device can say it, so a person does; who and when is recorded."""
    peer = turn.state.peer
    name = turn.state.config.peer
    if event.argument != name:
        return f"{event.argument!r} is not the other node, which is {name}"
    if peer.life not in (Life.SILENT, Life.UNSEEN):
        return f"{name} is {peer.life.value}: only a silent node is confirmed"
    if any(s.disk.connected for s in turn.state.services):
        return f"{name} still answers over the replication link"
    if speaks(turn.state, turn.clock):
        return f"{name} runs: {SPEAKS}; look at failoverd there, or switch {name} off and ask again"
    prove_gone(turn, Proof.OPERATOR, peer.greeted, event.who)
    turn.note("confirmed", f"{event.who or '?'} confirmed that {name} is off", alert=True)
    turn.do(Reply(event.request, True, f"{name} is taken for fenced; recorded"))
    return ""


def _clear(turn: Turn, event: Command) -> str:
    named = [s for s in turn.state.services if event.argument in ("", s.name)]
    if not named:
        return f"no service {event.argument!r}"
    for service in named:
        clearing.begin(turn, service)
    peer, life = turn.state.config.peer, turn.state.peer.life
    turn.note("cleared", f"failures forgotten, asked by {event.who or '?'}")
    untold = "" if life is Life.ALIVE else f"; {peer} is told when it is heard again"
    turn.do(Reply(event.request, True, f"failures forgotten{untold}"))
    return ""


_COMMANDS = {
    Verb.SWITCHOVER: _switchover,
    Verb.HANDOVER: _handover,
    Verb.CONFIRM_FENCED: _confirm,
    Verb.CLEAR: _clear,
    Verb.STANDBY: mode_changes.standby,
    Verb.ONLINE: mode_changes.standby,
    Verb.MAINTENANCE: mode_changes.maintenance,
    Verb.OPEN_STORAGE: repair.opened,
    Verb.CLOSE_STORAGE: repair.closed,
}
