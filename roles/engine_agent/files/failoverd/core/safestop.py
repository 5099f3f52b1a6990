# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens when a rule breaks down: the daemon lives on, and nothing is left half up.

An event whose rules break down is dropped, as if it had been lost on the way; the state stays as
it was. That harms nobody when it was a heartbeat, a tick or a wish. When it was the outcome of an
order, when rules break down again and again, or when an order would have broken the contract, this
life ends in order: every service here is stopped, the peer is told goodbye, and the shell begins a
new life, which finds out anew what is so. What cannot be stopped is doomed as ever: the peer fences
this node.
"""

from __future__ import annotations

from . import lifecycle, orders, speech, vigil
from .actions import Action, AnswerHandler, Leave, Reply
from .clock import Clock
from .data import NOT_EXCLUDED
from .events import Command, DiskChanged, Event, FenceDone, HandlerAsked, OpDone, Probed
from .invariants import ACTIVE, Breach
from .message import Local
from .state import State
from .transitions import Cause
from .turn import Turn

OUTCOMES = (OpDone, Probed, FenceDone, DiskChanged)
"""Nobody says these twice."""
LIMIT = 3
WINDOW_S = 60.0

Result = tuple[State, tuple[Action, ...]]


def broke_down(state: State, event: Event, now: float, error: Exception) -> Result:
    """A rule raised this. state: as it was before the event."""
    turn = Turn(state, Clock(now))
    text = f"{type(event).__name__}: {type(error).__name__}: {error}"
    turn.note("core-error", f"a rule broke down over {text}", alert=True)
    recent = (*(time for time in state.defects if not turn.passed(time + WINDOW_S)), now)
    turn.set(defects=recent)
    _next(turn)
    if isinstance(error, Breach) or isinstance(event, OUTCOMES) or len(recent) >= LIMIT:
        return _begin(turn, text)
    _refuse(turn, event)
    return turn.state, tuple(turn.actions)


def proceed(state: State, event: Event, now: float) -> Result:
    """One step on the way down: no rule looks at the state any more."""
    turn = Turn(state, Clock(now))
    try:
        _refuse(turn, event)
        if isinstance(event, OpDone | Probed):
            service = turn.state.service(event.service)
            if service is not None and isinstance(event, OpDone):
                lifecycle.op_done(turn, service, event)
            elif service is not None and isinstance(event, Probed):
                lifecycle.probed(turn, service, event)
        orders.watch(turn)
        _stop_all(turn)
        _part(turn)
        vigil.pet(turn)
        speech.speak(turn)
        turn.set(wake=turn.clock.ahead)
    except Exception as error:
        # Not even this can be done: without heartbeats the peer fences this node.
        turn = Turn(state, Clock(now))
        _next(turn)
        turn.note("core-error", f"the safe stop broke down: {error}", alert=True)
    return turn.state, tuple(turn.actions)


def _next(turn: Turn) -> None:
    """A step that has broken down is not repeated before the next heartbeat would be due."""
    state = turn.state
    turn.set(wake=max(state.wake, turn.now + state.config.timing.heartbeat_s))


def _begin(turn: Turn, why: str) -> Result:
    text = f"{turn.state.config.node} stops its services and begins a new life"
    turn.note("safe-stop", f"{text}: {why}", alert=True)
    for service in turn.state.services:
        for waiting in service.waiting:
            turn.do(AnswerHandler(waiting.request, NOT_EXCLUDED))
        if service.move is not None and service.move.request:
            turn.do(Reply(service.move.request, False, text))
        if service.repair_request:
            turn.do(Reply(service.repair_request, False, text))
        turn.set_service(service.name, claim=0, move=None, waiting=(), repair_request=0)
    if turn.state.leaving > 0:
        turn.do(Reply(turn.state.leaving, False, text))
    turn.set(defect=why, leaving=0)
    _stop_all(turn)
    return turn.state, tuple(turn.actions)


def _stop_all(turn: Turn) -> None:
    for service in turn.state.services:
        if service.local in ACTIVE:
            lifecycle.stop(turn, service, Cause.SAFE_STOP)


def _part(turn: Turn) -> None:
    state = turn.state
    if state.leaving == 0 and all(s.local is Local.STOPPED for s in state.services):
        turn.set(leaving=-1)
        turn.note("goodbye", f"{state.config.node} ends this life with every service stopped")
        turn.do(Leave())


def _refuse(turn: Turn, event: Event) -> None:
    """Whoever waits for an answer gets one."""
    if isinstance(event, HandlerAsked):
        turn.do(AnswerHandler(event.request, NOT_EXCLUDED))
    elif isinstance(event, Command):
        turn.do(Reply(event.request, False, "the core found a defect in itself; see the history"))
