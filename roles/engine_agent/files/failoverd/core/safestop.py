# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens when a rule breaks down: the daemon lives on, and nothing is left half up.

An event whose rules break down is dropped, as if it had been lost on the way; the state stays as
it was. That does no harm if it was a heartbeat, a tick or a command. When it was the outcome of an
order, when rules break down again and again, or when an order would have broken the contract, this
life ends in order: the node stops its services and says goodbye, and the shell begins a new life,
which probes everything anew. If a service cannot be stopped, the peer fences this node, as ever.
"""

from __future__ import annotations

from .actions import Action, AnswerHandler, Leave, Reply
from .clock import Clock
from .events import (
    Command,
    DiskChanged,
    Event,
    FenceDone,
    HandlerAsked,
    OpDone,
    OpProgress,
    Paused,
    Probed,
)
from .facts import all_stopped
from .guard import Breach
from .message import Local
from .rules import heartbeat, lease, lifecycle, orders
from .rules.replica import NOT_EXCLUDED
from .state import State
from .transitions import Cause
from .workbench import Step

OUTCOMES = (OpDone, Probed, FenceDone, DiskChanged)
"""These events come once only."""
LIMIT = 3
WINDOW_S = 60.0

Result = tuple[State, tuple[Action, ...]]


def broke_down(state: State, event: Event, now: float, error: Exception) -> Result:
    """A rule raised this. state: as it was before the event."""
    step = Step(state, Clock(now))
    text = f"{type(event).__name__}: {type(error).__name__}: {error}"
    step.note("core-error", f"a rule broke down over {text}", alert=True)
    recent = (*(time for time in state.defects if not step.passed(time + WINDOW_S)), now)
    step.set(defects=recent)
    _next(step)
    if isinstance(error, Breach) or isinstance(event, OUTCOMES) or len(recent) >= LIMIT:
        return _begin(step, text)
    _refuse(step, event)
    return step.state, tuple(step.actions)


def proceed(state: State, event: Event, now: float) -> Result:
    """One step on the way down: no rule looks at the state any more."""
    step = Step(state, Clock(now))
    try:
        _refuse(step, event)
        _answered(step, event)
        orders.watch(step)
        _stop_all(step)
        _part(step)
        lease.pet(step)
        heartbeat.speak(step)
        return step.result()
    except Exception as error:
        # Not even this can be done: without heartbeats the peer fences this node.
        step = Step(state, Clock(now))
        _next(step)
        step.note("core-error", f"the safe stop broke down: {error}", alert=True)
    return step.state, tuple(step.actions)


def _answered(step: Step, event: Event) -> None:
    if isinstance(event, Paused):
        orders.paused(step, event.gap_s)
    if not isinstance(event, OpDone | Probed | OpProgress):
        return
    service = step.state.service(event.service)
    if service is None:
        return
    if isinstance(event, OpDone):
        lifecycle.op_done(step, service, event)
    elif isinstance(event, Probed):
        lifecycle.probed(step, service, event)
    elif service.local is Local.UNKNOWN:
        orders.progressed(step, service, event)  # F75: it cannot be asked yet


def _next(step: Step) -> None:
    """A step that has broken down is not repeated before the next heartbeat would be due."""
    step.set(wake=max(step.state.wake, step.now + step.timing.heartbeat_s))


def _begin(step: Step, why: str) -> Result:
    text = f"{step.node} stops its services and begins a new life"
    step.note("safe-stop", f"{text}: {why}", alert=True)
    for service in step.services:
        for waiting in service.waiting:
            step.do(AnswerHandler(waiting.request, NOT_EXCLUDED))
        if service.move is not None and service.move.request:
            step.do(Reply(service.move.request, False, text))
        if service.repair_request:
            step.do(Reply(service.repair_request, False, text))
        step.set_service(service.name, claim=0, move=None, waiting=(), repair_request=0)
    if step.state.handover:
        step.do(Reply(step.state.handover, False, text))
    step.set(defect=why, handover=0, left=False)
    _stop_all(step)
    return step.state, tuple(step.actions)


def _stop_all(step: Step) -> None:
    for service in step.services:
        if service.local.up:
            lifecycle.stop(step, service, Cause.SAFE_STOP)


def _part(step: Step) -> None:
    if not step.state.leaving and all_stopped(step):
        step.set(left=True)
        step.note("goodbye", f"{step.node} ends this life with every service stopped")
        step.do(Leave())


def _refuse(step: Step, event: Event) -> None:
    """A handler or an operator that waits gets its answer."""
    if isinstance(event, HandlerAsked):
        step.do(AnswerHandler(event.request, NOT_EXCLUDED))
    elif isinstance(event, Command):
        step.do(Reply(event.request, False, "the core found a defect in itself; see the history"))
