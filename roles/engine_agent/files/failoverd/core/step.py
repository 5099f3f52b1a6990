# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The core's whole interface: begin, step, deadline.

A step takes in one event, then lets every rule look at the result, in the order of RULES. Nothing
else changes a state.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from . import events as on
from . import guard, safestop
from .actions import Action
from .clock import Clock
from .config import CoreConfig
from .memory import NOTHING, Memory
from .message import Local

from .rules import clearing, contact, fence, handover, head_start, heartbeat  # isort: skip
from .rules import lease, leave, lifecycle, links, mode_changes, monitors, moves  # isort: skip
from .rules import operator, orders, owner, peer, power_on, repair, replica  # isort: skip
from .state import Exclusion, Life, Peer, Service, State
from .workbench import Step

Actions = tuple[Action, ...]


def begin(
    config: CoreConfig,
    incarnation: int,
    now: float,
    memory: Memory = NOTHING,
) -> tuple[State, Actions]:
    """A new life: knows nothing, says so, and looks at what is there.

    now: monotonic seconds. memory: what earlier lives have ordered to remember.
    """
    services = tuple(
        Service(name, since=now, mine=name in memory.held, split=name in memory.split)
        for name in (service.name for service in config.services)
    )
    state = State(
        config=config,
        incarnation=incarnation,
        started=now,
        peer=Peer(Life.UNSEEN, since=now, last=now, lived=now),
        services=services,
        exclusion=Exclusion(cut=power_on.recalled(config, memory.cut, now)),
        next_beat=now,
        modes=memory.modes,
    )
    begun = Step(state, Clock(now))
    for service in state.services:
        lifecycle.probe(begun, service)
    heartbeat.speak(begun)
    return begun.result()


def step(state: State, event: on.Event, now: float) -> tuple[State, Actions]:
    """Take in one event. Pure: the same arguments give the same result, always. Never raises."""
    if state.defect:
        return safestop.proceed(state, event, now)
    try:
        return _step(state, event, now)
    except Exception as error:
        return safestop.broke_down(state, event, now, error)


def deadline(state: State, now: float) -> float:
    """When the next Tick is due at the latest, in monotonic seconds.

    After a Tick at that time it lies ahead.
    """
    return max(now, state.wake)


def _step(state: State, event: on.Event, now: float) -> tuple[State, Actions]:
    step = Step(state, Clock(now))
    for rule in FIRST:
        rule.look(step)
    _take(step, event)
    for rule in RULES:
        if rule.when is not When.ALWAYS and (rule.when is When.MAINTENANCE) != step.maintenance:
            continue
        if isinstance(rule, Each):
            for service in step.services:
                rule.look(step, step.service(service.name))
        else:
            rule.look(step)
    guard.check(state, event, step)
    return step.result()


# -- what happens -> what takes it in ------------------------------------------------------


def _paused(step: Step, event: on.Paused) -> None:
    """F26: what was believed before the gap is verified anew."""
    lease.paused(step)
    peer.paused(step, event.gap_s)
    orders.paused(step, event.gap_s)
    replica.paused(step)
    for service in step.services:
        if service.local is Local.RUNNING and not service.op:
            lifecycle.probe(step, service)


def _reached(step: Step, event: on.Reached) -> None:
    lease.pinged(step, event)
    head_start.reached(step, event)
    monitors.reached(step, event)


def _probed(step: Step, event: on.AddressesProbed) -> None:
    lease.probed(step, event)
    head_start.probed(step, event)


INTAKE: dict[type, Callable[[Step, Any], None]] = {
    on.Heard: peer.hear,
    on.Paused: _paused,
    on.FenceDone: fence.done,
    on.HandlerAsked: replica.ask,
    on.HandlerGone: replica.forget,
    on.Command: operator.command,
    on.Reached: _reached,
    on.AddressesProbed: _probed,
    on.LockLost: lease.lock_lost,
    on.Eligible: monitors.eligible,
    on.DeviceChecked: monitors.device_checked,
}
"""Tick is taken in by nothing: time has passed, and the rules look."""

INTAKE_OF_SERVICE: dict[type, Callable[[Step, Service, Any], None]] = {
    on.Probed: lifecycle.probed,
    on.OpDone: lifecycle.op_done,
    on.OpProgress: orders.progressed,
    on.ResourceFailed: lifecycle.resource_failed,
    on.DiskChanged: replica.change,
    on.SpaceUsed: monitors.space_used,
    on.DiskTried: monitors.disk_tried,
}
"""An event that names a service. One that is unknown is dropped."""


def _take(step: Step, event: Any) -> None:
    kind = type(event)
    if kind in INTAKE:
        INTAKE[kind](step, event)
    elif kind in INTAKE_OF_SERVICE:
        service = step.state.service(event.service)
        if service is not None:
            INTAKE_OF_SERVICE[kind](step, service, event)


# -- which rules look, and in which order ---------------------------------------------------


class When(Enum):
    """In which mode a rule looks."""

    ALWAYS = "always"
    NORMAL = "unless in maintenance"
    MAINTENANCE = "in maintenance"


@dataclass(frozen=True)
class Rule:
    """One row. why_here: the reason for its place in the order."""

    name: str
    faults: str
    look: Callable[..., None]
    why_here: str
    when: When = When.ALWAYS


class Each(Rule):
    """A rule that looks at one service after the other, each as it is by then."""


FIRST = (
    Rule("distrust", "F07", contact.distrust, "no word of the peer in this event may clear it"),
    Rule("doubt", "F37", replica.doubt, "a word of the peer in this event may be older"),
)
"""These look before the event is taken in."""

NORMAL = When.NORMAL
RULES = (
    Rule("orders", "F76", orders.watch, "an order that has failed changes what all others see"),
    Rule("peer", "F01 F02 F25", peer.watch, "what follows depends on whether the peer is alive"),
    Rule("links", "F11 F20", links.watch, "a link is only to blame while the peer is alive"),
    Rule("modes", "F66", mode_changes.by_heartbeat, "a mode just heard holds in this step"),
    Rule("clearing", "F48 F58", clearing.by_heartbeat, "a forgotten failure decides nothing more"),
    Rule("listen", "F14 F25", lease.listen, "a silence that has ended counts no more"),
    Each("lease", "F25", leave.stop_for(leave.LEASE), "a stop in time precedes all else"),
    Rule("outdate", "F13", lease.outdate, "an old copy is known as such before it is judged"),
    Rule("watchdog", "F25 F29", lease.pet, "after what had to be stopped in time"),
    Each("replica", "F13 F36 F41", replica.settle, "I/O that may flow gives no reason to fence"),
    Rule("fence", "F03 F05 F10", fence.exclude, "a shot needs the newest view of all the above"),
    Each("repair", "F91", repair.watch, "a wish that cannot come true claims nothing"),
    Rule("rest", "F66", owner.rest, "in place of the rules below that decide", When.MAINTENANCE),
    Each("moves", "F62", moves.progress, "a move that is over frees its service", NORMAL),
    Each("retired", "F79", leave.stop_for(leave.RETIRED), "it is not moved first", NORMAL),
    Rule("relocate", "F10 F22 F35", leave.relocate, "one move at a time: old ones first", NORMAL),
    Rule("handover", "F61", handover.proceed, "after the moves that it waits for", NORMAL),
    Each("owner", "S1 L1", owner.decide, "with all that is known in this step", NORMAL),
    Each("breach", "S1", leave.stop_for(leave.BREACH), "after every rule that could err"),
    Rule("heartbeat", "F17 F19", heartbeat.speak, "last: it tells what was decided"),
)
