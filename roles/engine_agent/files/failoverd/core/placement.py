# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a stopped service belongs, and why a node may not have it.

Each node scores itself and says so in its heartbeat; both compare the same two numbers, and what
breaks a tie is the same on both. A difference for a moment is harmless: a claim needs a grant.
"""

from __future__ import annotations

from . import data, lease
from .clock import Clock
from .config import ServiceConfig
from .message import Local, Reach, ServiceReport
from .modes import is_on
from .state import Repair, Service, State
from .turn import Turn

REPAIRED = "its storage is open alone, for repair"
"""Says the node where it is, and why it moves nowhere (F91)."""
BASE = 1000
PREFERRED = 100
WITHOUT_LAN = 500
"""A node that lost its ping targets serves nobody: this outweighs everything else (F22)."""
PER_RESTART = 20
MOST_RESTARTS = 10
FAILED_ON = "it failed on"


def config_of(state: State, name: str) -> ServiceConfig:
    """The configuration of a service of this state."""
    for config in state.config.services:
        if config.name == name:
            return config
    raise LookupError(name)


def unable(turn: Turn, service: Service) -> str:
    """Why this node could not start the service, whatever the peer does; empty if it could."""
    state, node = turn.state, turn.state.config.node
    if state.leaving or state.defect:
        return f"{node} is leaving"
    if state.ineligible:
        return f"{node} may not own services: {state.ineligible}"  # F29
    if is_on(state.modes.standby):
        return f"{node} is in standby mode"
    if config_of(state, service.name).retired:
        return "it is being removed"  # F79
    if service.local in (Local.UNKNOWN, Local.BROKEN):
        hangs = ": its probe does not answer" if service.op and service.overtime else ""
        return f"on {node} it is {service.local.value}{hangs}"
    if service.move is not None and service.move.to != node:
        return f"it is being moved to {service.move.to}"
    if service.repair is not Repair.NONE and service.held:
        return REPAIRED
    # Whoever opens its storage for repair knows that it failed (F91).
    if failed(state, service, turn.clock) and service.repair is Repair.NONE:
        return f"{FAILED_ON} {node}: {service.failure}"
    if service.sick:
        return f"the disk on {node} {service.sick}"  # F44
    # F07: of two that return only the one with the newest data is able.
    replicated = config_of(state, service.name).replicated
    if replicated and lease.stale(state, service, turn.clock):
        text = f"{state.config.peer} may have gone on without the disk here"
        rest = "; wait for it to return" if lease.agreed(state) else f": {lease.DISAGREED}"
        return text + rest
    return data.lacking(service, replicated) or _split_there(turn, service)


def failure_of(why: str, node: str) -> str:
    """What unable() says of a failure on a node, without saying where; empty if it was another."""
    head = f"{FAILED_ON} {node}: "
    return why.removeprefix(head) if why.startswith(head) else ""


def _split_there(turn: Turn, service: Service) -> str:
    """F39: after a reboot or a reconnection only the other node may still know of the split."""
    peer = turn.state.peer
    said = peer.message.services if peer.message is not None else ()
    if service.disk.connected or not any(r.split and r.name == service.name for r in said):
        return ""
    where = f"on {turn.state.config.peer} DRBD is StandAlone"
    return f"{where}: the copies may have diverged; see the split-brain recovery"


def expiry_s(state: State, service: Service) -> float:
    """How long failures of this service are remembered."""
    own = config_of(state, service.name).failure_expiry_s
    return state.config.timing.failure_expiry_s if own is None else own


def failed(state: State, service: Service, clock: Clock) -> bool:
    """F48: it failed here and that is not forgotten yet. Nobody else decides that."""
    if service.failed_at is None:
        return False
    return not clock.passed(service.failed_at + expiry_s(state, service))


def recent_restarts(turn: Turn, service: Service) -> tuple[float, ...]:
    """When it was restarted in place, as far as that is not forgotten yet (F50)."""
    if not service.restarts:
        return ()
    limit = expiry_s(turn.state, service)
    return tuple(time for time in service.restarts if not turn.passed(time + limit))


def score(turn: Turn, service: Service, why: str) -> int:
    """How well the service would do here; 0 if this node is not able. why: from unable()."""
    if why:
        return 0
    state = turn.state
    result = BASE
    if config_of(state, service.name).preferred == state.config.node:
        result += PREFERRED
    if state.reach is Reach.LOST:
        result -= WITHOUT_LAN
    return result - PER_RESTART * min(MOST_RESTARTS, len(recent_restarts(turn, service)))


def peer_first(turn: Turn, service: Service, report: ServiceReport) -> bool:
    """Of two nodes that could: is it the peer's turn? Both nodes answer the same."""
    state, config = turn.state, turn.state.config
    theirs = report.score
    if report.able and not theirs:  # F63: a peer that does not know scores yet
        preferred = config_of(state, service.name).preferred == config.peer
        theirs = BASE + PREFERRED * preferred
    mine = score(turn, service, unable(turn, service))
    return theirs > mine or (theirs == mine and config.peer < config.node)
