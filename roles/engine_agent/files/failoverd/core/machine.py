# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The core's whole interface: begin, step, deadline.

A step takes in one event, then lets every rule look at the result. Nothing else changes a state.
"""

from __future__ import annotations

from . import (
    clearing,
    commands,
    data,
    exclusion,
    invariants,
    lease,
    lifecycle,
    links,
    liveness,
    mode_changes,
    monitors,
    moves,
    orders,
    ownership,
    relocation,
    repair,
    repower,
    safestop,
    speech,
    vigil,
)
from .actions import Action
from .clock import Clock
from .config import CoreConfig
from .events import (
    AddressesProbed,
    Command,
    DeviceChecked,
    DiskChanged,
    DiskTried,
    Eligible,
    Event,
    FenceDone,
    HandlerAsked,
    HandlerGone,
    Heard,
    LockLost,
    OpDone,
    OpProgress,
    Paused,
    Probed,
    Reached,
    ResourceFailed,
    SpaceUsed,
)
from .message import Local
from .modes import Modes, is_on
from .state import Exclusion, Life, Peer, Service, State
from .transitions import Cause
from .turn import Turn

Actions = tuple[Action, ...]
OfService = Probed | OpDone | OpProgress | ResourceFailed | DiskChanged | SpaceUsed | DiskTried


def begin(
    config: CoreConfig,
    incarnation: int,
    now: float,
    modes: Modes | None = None,
    held: frozenset[str] = frozenset(),
    cut: str = "",
) -> tuple[State, Actions]:
    """A new life: knows nothing, says so, and looks at what is there.

    now: monotonic seconds. modes: the last ones that KeepModes ordered to remember. held: the
    services that Own ordered to remember as held here, in this boot. cut: the level that KeepCut
    ordered to remember, in this boot.
    """
    state = State(
        config=config,
        incarnation=incarnation,
        started=now,
        peer=Peer(Life.UNSEEN, since=now, last=now, lived=now),
        services=tuple(Service(c.name, since=now, mine=c.name in held) for c in config.services),
        exclusion=Exclusion(cut=repower.recalled(config, cut, now)),
        next_beat=now,
        modes=modes or Modes(),
    )
    turn = Turn(state, Clock(now))
    for service in state.services:
        lifecycle.probe(turn, service)
    speech.speak(turn)
    turn.set(wake=turn.clock.ahead)
    return turn.state, tuple(turn.actions)


def step(state: State, event: Event, now: float) -> tuple[State, Actions]:
    """Take in one event. Pure: the same arguments give the same result, always. Never raises."""
    if state.defect:
        return safestop.proceed(state, event, now)
    try:
        return _step(state, event, now)
    except Exception as error:
        return safestop.broke_down(state, event, now, error)


def _step(state: State, event: Event, now: float) -> tuple[State, Actions]:
    clock = Clock(now)
    turn = Turn(lease.distrusted(state, clock), clock)
    data.doubt(turn)
    _take(turn, event)
    orders.watch(turn)
    liveness.watch(turn)
    links.watch(turn)
    mode_changes.by_heartbeat(turn)
    clearing.by_heartbeat(turn)
    vigil.watch(turn)
    for service in turn.state.services:
        data.settle(turn, service)
    exclusion.exclude(turn)
    for service in turn.state.services:
        repair.watch(turn, service)
    if is_on(turn.state.modes.maintenance):
        ownership.rest(turn)
    else:
        _place(turn)
    _stop_breaches(turn)
    speech.speak(turn)
    invariants.check(state, event, turn.state, turn.actions, clock)
    turn.set(wake=clock.ahead)
    return turn.state, tuple(turn.actions)


def deadline(state: State, now: float) -> float:
    """When the next Tick is due at the latest, in monotonic seconds.

    After a Tick at that time it lies ahead.
    """
    return max(now, state.wake)


def _place(turn: Turn) -> None:
    """Where each service belongs, and what has to be done about it."""
    for service in turn.state.services:
        moves.progress(turn, service)
        moves.retire(turn, turn.service(service.name))
    relocation.relocate(turn)
    moves.leave(turn)
    for service in turn.state.services:
        ownership.decide(turn, service)


def _take(turn: Turn, event: Event) -> None:
    if isinstance(event, Heard):
        liveness.hear(turn, event)
    elif isinstance(event, Paused):
        vigil.paused(turn)
        liveness.recover_from_pause(turn, event.gap_s)
        orders.paused(turn, event.gap_s)
        data.paused(turn)
        for service in turn.state.services:
            if service.local is Local.RUNNING and not service.op:
                lifecycle.probe(turn, service)
    elif isinstance(event, FenceDone):
        exclusion.done(turn, event)
    elif isinstance(event, HandlerAsked):
        data.ask(turn, event)
    elif isinstance(event, HandlerGone):
        data.forget(turn, event)
    elif isinstance(event, Command):
        commands.command(turn, event)
    elif isinstance(event, Reached):
        vigil.pinged(turn, event)
        monitors.reached(turn, event)
    elif isinstance(event, AddressesProbed):
        vigil.probed(turn, event)
    elif isinstance(event, LockLost):
        vigil.lock_lost(turn, event)
    elif isinstance(event, Eligible):
        monitors.eligible(turn, event)
    elif isinstance(event, DeviceChecked):
        monitors.device_checked(turn, event)
    elif isinstance(event, OfService):
        _take_for_service(turn, event)


def _take_for_service(turn: Turn, event: OfService) -> None:
    service = turn.state.service(event.service)
    if service is None:
        return
    if isinstance(event, Probed):
        lifecycle.probed(turn, service, event)
    elif isinstance(event, OpDone):
        lifecycle.op_done(turn, service, event)
    elif isinstance(event, OpProgress):
        orders.progressed(turn, service, event)
    elif isinstance(event, ResourceFailed):
        lifecycle.resource_failed(turn, service, event)
    elif isinstance(event, SpaceUsed):
        monitors.space_used(turn, service, event)
    elif isinstance(event, DiskTried):
        monitors.disk_tried(turn, service, event)
    else:
        data.change(turn, service, event.disk)


def _stop_breaches(turn: Turn) -> None:
    for service in turn.state.services:
        why = invariants.breach(turn.state, service)
        if why and not service.op:
            turn.note("breach", f"{service.name} is stopped here: {why}", service.name, alert=True)
            lifecycle.stop(turn, service, Cause.SAFE_STOP)
