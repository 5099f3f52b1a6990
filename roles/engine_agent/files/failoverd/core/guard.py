# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must hold after every step, in production too.

breach() finds a service that must not go on here: it is stopped. check() looks at the orders that a
step wants to give, apart from the rules that gave them. An order that S1 or S2 forbids is a defect
of the rules: none of the step's orders is given, and a safe stop follows (see safestop).
"""

from __future__ import annotations

from . import lease
from .actions import Action, AnswerHandler, Ask, DropPeer, Fence, ResumeIO, Start
from .events import Event, HandlerAsked
from .facts import peer_was_off
from .message import Grant, Local
from .state import Life, Proof, Service, State
from .workbench import Step, View

FENCED, OUTDATED = 7, 4
"""Exit codes of DRBD's handler."""


class Breach(AssertionError):
    """A rule gave an order that the contract forbids."""


def breach(view: View, service: Service) -> str:
    """Why this service must not go on here, empty if all is well."""
    if not service.local.up:
        return ""
    if not service.rightful:
        return "it is up without any right to it (S1)"
    if service.grant is not None:
        return "it is up although the peer was given leave to start it (S1)"
    report = view.last_word(service.name) if view.peer.life.heard else None
    if report is not None and report.local.up and not _outranks(view, service, report.generation):
        return "it is up on the peer too, under the newer generation (S1)"
    return ""


def check(before: State, event: Event, step: Step) -> None:
    """Raises Breach for an order that must not be given."""
    for action in step.actions:
        why = ""
        if isinstance(action, Start):
            why = _start(before, step, action)
        elif isinstance(action, AnswerHandler):
            why = _answer(before, event, step, action)
        elif isinstance(action, ResumeIO) and not _does_without(before, step, action.service):
            why = "I/O is resumed although the peer is not excluded (S2, F41)"
        elif isinstance(action, DropPeer):
            why = _drop(step, action)
        if step.maintenance and _acts(action):
            why = "something is started or fenced in maintenance mode (F66)"
        if why:
            raise Breach(why)


def _acts(action: Action) -> bool:
    return isinstance(action, Start) or (isinstance(action, Fence) and action.ask is Ask.OFF)


def _start(before: State, view: View, action: Start) -> str:
    service, old = view.state.service(action.service), before.service(action.service)
    if service is None or old is None:
        return f"{action.service} is started, but is no service"
    name, settings = service.name, view.settings(service)
    if settings.replicated and not service.disk.current:
        return f"{name} is started on a disk that is {service.disk.disk} (S2)"
    if service.grant is not None or old.local.up or old.local is Local.BROKEN:
        return f"{name} is started although it was granted away or not stopped (S1)"
    if action.peer_gone and not peer_was_off(view):
        return f"{name}: DRBD is told at the start, without proof, that its peer is off"
    if view.peer.life is Life.GONE and view.peer.proof is not Proof.NONE:
        return ""
    if service.proof is not Proof.NONE and lease.excused(view, service):
        wrong = service.proof is Proof.LOCK and not settings.locked
        return f"{name} is started over a lock that it does not have" if wrong else ""
    report = view.last_word(name)
    claim = Grant(old.claim, view.state.incarnation)
    if report is not None and report.local is Local.STOPPED and report.grant == claim:
        return ""
    return f"{name} is started without leave (S1)"


def _drop(view: View, action: DropPeer) -> str:
    service = view.state.service(action.service)
    if service is None or service.held or not peer_was_off(view):
        return f"DRBD is told to drop {view.peer_name}, which may use {action.service} (F12)"
    return ""


def _answer(before: State, event: Event, view: View, action: AnswerHandler) -> str:
    if action.code == FENCED and not peer_was_off(view):
        return "DRBD is told that the peer is fenced, without proof (S2)"
    if action.code == OUTDATED:
        asked = [s.name for s in before.services for w in s.waiting if w.request == action.request]
        if isinstance(event, HandlerAsked) and event.request == action.request:
            asked.append(event.service)
        if not any(_unused_there(before, view, name) for name in asked):
            return "DRBD is told that the peer is outdated, without its word (S2)"
    return ""


def _does_without(before: State, view: View, name: str) -> bool:
    """The peer was off, or does not use its copy of this service before a resync."""
    return peer_was_off(view) or _unused_there(before, view, name)


def _unused_there(before: State, view: View, name: str) -> bool:
    """By the lease or by its own word the peer does not use its copy before a resync.

    Its word is on what it was asked before this step: what is asked in it is not answered yet.
    """
    service, old, report = view.state.service(name), before.service(name), view.report(name)
    if service is not None and lease.may_go_on(view, service):
        return True
    asked = 0 if old is None else old.promise
    return report is not None and asked != 0 and report.outdated == asked


def _outranks(view: View, service: Service, theirs: int) -> bool:
    if service.generation != theirs:
        return service.generation > theirs
    return view.node < view.peer_name
