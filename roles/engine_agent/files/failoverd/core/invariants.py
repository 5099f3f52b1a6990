# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must hold after every step, in production too.

breach() finds a service that must not go on here: it is stopped. check() looks at the orders that a
step wants to give, apart from the rules that gave them. An order that S1 or S2 forbids is a defect
of the rules: none of the step's orders is given, and a safe stop follows (see safestop).
"""

from __future__ import annotations

from . import lease, placement
from .actions import Action, AnswerHandler, Ask, Fence, ResumeIO, Start
from .clock import Clock
from .events import Event, HandlerAsked
from .message import Grant, Local
from .modes import is_on
from .state import Life, Proof, Right, Service, State

ACTIVE = (Local.STARTING, Local.RUNNING, Local.RECOVERING)
FENCED, OUTDATED = 7, 4


class Breach(AssertionError):
    """A rule gave an order that the contract forbids."""


def breach(state: State, service: Service) -> str:
    """Why this service must not go on here, empty if all is well."""
    if service.local not in ACTIVE:
        return ""
    if service.right is Right.NONE:
        return "it is up without any right to it (S1)"
    if service.grant is not None:
        return "it is up although the peer was given leave to start it (S1)"
    message, life = state.peer.message, state.peer.life
    if message is None or life not in (Life.ALIVE, Life.SUSPECT):
        return ""
    for report in message.services:
        rival = report.name == service.name and report.local in ACTIVE
        if rival and not _outranks(state, service, report.generation):
            return "it is up on the peer too, under the newer generation (S1)"
    return ""


def check(before: State, event: Event, after: State, actions: list[Action], clock: Clock) -> None:
    """Raises Breach for an order that must not be given."""
    for action in actions:
        why = ""
        if isinstance(action, Start):
            why = _start(before, after, action)
        elif isinstance(action, AnswerHandler):
            why = _answer(before, event, after, action, clock)
        elif isinstance(action, ResumeIO):
            done = _excluded(after) or _does_without(before, after, action.service, clock)
            why = "" if done else "I/O is resumed although the peer is not excluded (S2, F41)"
        acts = isinstance(action, Start) or (isinstance(action, Fence) and action.ask is Ask.OFF)
        if acts and is_on(after.modes.maintenance):
            why = "something is started or fenced in maintenance mode (F66)"
        if why:
            raise Breach(why)


def _start(before: State, after: State, action: Start) -> str:
    service, old = after.service(action.service), before.service(action.service)
    if service is None or old is None:
        return f"{action.service} is started, but is no service"
    if placement.config_of(after, service.name).replicated and not service.disk.current:
        return f"{service.name} is started on a disk that is {service.disk.disk} (S2)"
    if service.grant is not None or old.local in (*ACTIVE, Local.BROKEN):
        return f"{service.name} is started although it was granted away or not stopped (S1)"
    if action.peer_gone and not _excluded(after):
        return f"{service.name}: DRBD is told at the start, without proof, that its peer is off"
    if after.peer.life is Life.GONE and after.peer.proof is not Proof.NONE:
        return ""
    if service.proof is not Proof.NONE and lease.excused(after, service):
        locked = placement.config_of(after, service.name).locked
        wrong = service.proof is Proof.LOCK and not locked
        return f"{service.name} is started over a lock that it does not have" if wrong else ""
    message = after.peer.message
    for report in () if message is None else message.services:
        mine = report.name == service.name and report.local is Local.STOPPED
        if mine and report.grant == Grant(old.claim, after.incarnation):
            return ""
    return f"{service.name} is started without leave (S1)"


def _answer(before: State, event: Event, after: State, action: AnswerHandler, clock: Clock) -> str:
    if action.code == FENCED and not _excluded(after):
        return "DRBD is told that the peer is fenced, without proof (S2)"
    if action.code == OUTDATED:
        asked = [s.name for s in before.services for w in s.waiting if w.request == action.request]
        if isinstance(event, HandlerAsked) and event.request == action.request:
            asked.append(event.service)
        if not any(_does_without(before, after, name, clock) for name in asked):
            return "DRBD is told that the peer is outdated, without its word (S2)"
    return ""


def _excluded(state: State) -> bool:
    return state.peer.life is Life.GONE and state.peer.proof.powerless


def _does_without(before: State, after: State, name: str, clock: Clock) -> bool:
    """The peer does not use its copy of this service before a resync."""
    service = after.service(name)
    leased = service is not None and lease.may_go_on(after, service, clock)
    return leased or _peer_outdated(before, after, name)


def _peer_outdated(before: State, after: State, name: str) -> bool:
    """It says so of what it was asked before this step: what is asked in it is not answered yet."""
    service, message = before.service(name), after.peer.message
    if service is None or message is None or service.promise == 0:
        return False
    if after.peer.life in (Life.GONE, Life.UNSEEN):
        return False
    return any(r.name == name and r.outdated == service.promise for r in message.services)


def _outranks(state: State, service: Service, theirs: int) -> bool:
    if service.generation != theirs:
        return service.generation > theirs
    return state.config.node < state.config.peer
