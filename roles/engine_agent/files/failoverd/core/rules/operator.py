# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an operator asks for. Each verb returns its refusal, or nothing once it has begun."""

from __future__ import annotations

from failoverd.core import placement
from failoverd.core.actions import Reply
from failoverd.core.events import Command, Verb
from failoverd.core.facts import SPEAKS, kernel_answers, peer_speaks
from failoverd.core.message import Local
from failoverd.core.state import Life, Move, Proof, Repair
from failoverd.core.transitions import Cause
from failoverd.core.workbench import Step

from . import clearing, lifecycle, mode_changes, repair
from .peer import prove_gone

MAINTAINED = "maintenance mode is on: nothing is moved; end it with failoverctl maintenance off"


def command(step: Step, event: Command) -> None:
    """Begin what is asked, or refuse it with the reason."""
    why = _COMMANDS[event.verb](step, event)
    if why:
        step.do(Reply(event.request, False, why))


def _switchover(step: Step, event: Command) -> str:
    node, peer = step.node, step.peer_name
    if step.maintenance:
        return MAINTAINED
    service = step.state.service(event.argument)
    if service is None:
        known = ", ".join(s.name for s in step.services)
        return f"no service {event.argument!r}; there is: {known}"
    report = step.report(service.name)
    if step.peer.life is not Life.ALIVE or report is None:
        return f"{peer} is {step.peer.life.value}: a move needs both nodes"
    if service.move is not None:
        return f"{service.name} is already being moved to {service.move.to}"
    if service.repair is not Repair.NONE or report.why == placement.REPAIRED:
        return f"{service.name}: {placement.REPAIRED}; failoverctl repair close ends that"
    here, there = service.local is Local.RUNNING, report.local is Local.RUNNING
    to = event.to or (peer if here else node)
    if to not in (node, peer):
        return f"no node {to!r}; there are {node} and {peer}"
    if (to == node and here) or (to == peer and there):
        step.do(Reply(event.request, True, f"{service.name} already runs on {to}"))
        return ""
    if not here and not there:
        doing = f"{service.local.value} on {node} and {report.local.value} on {peer}"
        return f"{service.name} is {doing}: only a running service is moved"
    why = (report.why or f"{peer} cannot take it") if to == peer and not report.able else ""
    if to == node:
        why = placement.unable(step, service)
    # F91: what is stopped now would not start again on either node.
    why = why or service.cramped if here else why
    if not why and there and report.cramped:
        why = f"a start would find no room on its file system: ask on {peer}, which says more"
    if why:
        return f"{service.name} cannot move to {to}: {why}"
    move = Move(to, step.now + step.timing.move_s, event.request)
    service = step.set_service(service.name, move=move)
    text = f"{service.name}: planned move to {to} asked by {event.who or '?'}"
    step.note("switchover", text, service.name)
    if here:
        lifecycle.stop(step, service, Cause.MOVE, planned=True)
    return ""


def _handover(step: Step, event: Command) -> str:
    if step.maintenance:
        return MAINTAINED
    if step.state.leaving:
        return f"{step.node} is already leaving"
    step.set(handover=event.request)
    step.note("handover", f"{step.node} hands over, asked by {event.who or '?'}")
    return ""


def _confirm(step: Step, event: Command) -> str:
    """F04: no device can say it, so a person does; who and when is recorded."""
    peer = step.peer
    name = step.peer_name
    if event.argument != name:
        return f"{event.argument!r} is not the other node, which is {name}"
    if peer.life not in (Life.SILENT, Life.UNSEEN):
        return f"{name} is {peer.life.value}: only a silent node is confirmed"
    if kernel_answers(step):
        return f"{name} still answers over the replication link"
    if peer_speaks(step):
        return f"{name} runs: {SPEAKS}; look at failoverd there, or switch {name} off and ask again"
    listens_s = step.timing.dead_s
    if not step.passed(peer.last + listens_s):  # F26, F73: it would not know by now
        return f"failoverd has just begun to listen for {name}; ask again in {listens_s:g} s"
    prove_gone(step, Proof.OPERATOR, peer.greeted, event.who)
    step.note("confirmed", f"{event.who or '?'} confirmed that {name} is off", alert=True)
    done = f"{name} is taken for fenced; recorded"
    if step.exclusion.shots:  # It is let go on, because a person may be wrong.
        done += (
            f"; an order to switch it off is under way: do not switch {name} on before that ends"
        )
    step.do(Reply(event.request, True, done))
    return ""


def _clear(step: Step, event: Command) -> str:
    named = [s for s in step.services if event.argument in ("", s.name)]
    if not named:
        return f"no service {event.argument!r}"
    for service in named:
        clearing.begin(step, service)
    peer, life = step.peer_name, step.peer.life
    step.note("cleared", f"failures forgotten, asked by {event.who or '?'}")
    untold = "" if life is Life.ALIVE else f"; {peer} is told when it is heard again"
    step.do(Reply(event.request, True, f"failures forgotten{untold}"))
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
