# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which node could run a service, and how well.

Each node scores itself and says so in its heartbeat. Both compare the same two numbers, and break a
tie in the same way. A difference for a moment is harmless: a claim needs a grant.
"""

from __future__ import annotations

from . import lease
from .facts import SPEAKS, kernel_answers, lacking, peer_speaks
from .message import Local, Reach, ServiceReport
from .modes import is_on
from .state import Life, Repair, Service
from .workbench import View

REPAIRED = "its storage is open alone, for repair"
"""The reason in the report of the node where it is open. It is not moved (F91)."""
BASE = 1000
PREFERRED = 100
WITHOUT_LAN = 500
"""A node that lost its ping targets serves nobody: this outweighs everything else (F22)."""
PER_RESTART = 20
MOST_RESTARTS = 10
FAILED_ON = "it failed on"


def unable(view: View, service: Service) -> str:
    """Why this node could not start the service, whatever the peer does; empty if it could."""
    state, node, settings = view.state, view.node, view.settings(service)
    if state.leaving or state.defect:
        return f"{node} is leaving"
    if state.ineligible:
        return f"{node} may not own services: {state.ineligible}"  # F29
    if is_on(state.modes.standby):
        return f"{node} is in standby mode"
    if settings.retired:
        return "it is being removed"  # F79
    if service.local in (Local.UNKNOWN, Local.BROKEN):
        hangs = ": its probe does not answer" if service.op and service.overtime else ""
        return f"on {node} it is {service.local.value}{hangs}"
    if service.move is not None and service.move.to != node:
        return f"it is being moved to {service.move.to}"
    if service.repair is not Repair.NONE and service.held:
        return REPAIRED
    # Whoever opens its storage for repair knows that it failed (F91).
    if service.repair is Repair.NONE and failed(view, service):
        return f"{FAILED_ON} {node}: {service.failure}"
    if service.sick:
        return f"the disk on {node} {service.sick}"  # F44
    # F07: of two that return only the one with the newest data is able.
    if settings.replicated and lease.stale(view, service):
        text = f"{view.peer_name} may have gone on without the disk here"
        rest = "; wait for it to return" if lease.agreed(view) else f": {lease.DISAGREED}"
        return text + rest
    return (lacking(service) if settings.replicated else "") or _split_there(view, service)


def failure_of(why: str, node: str) -> str:
    """What unable() says of a failure on a node, without saying where; empty if it was another."""
    head = f"{FAILED_ON} {node}: "
    return why.removeprefix(head) if why.startswith(head) else ""


def _split_there(view: View, service: Service) -> str:
    """F39: after a reboot or a reconnection only the other node may still know of the split."""
    said = view.last_word(service.name)
    if service.disk.connected or said is None or not said.split:
        return ""
    where = f"on {view.peer_name} DRBD is StandAlone"
    return f"{where}: the copies may have diverged; see the split-brain recovery"


def expiry_s(view: View, service: Service) -> float:
    """How long failures of this service are remembered."""
    own = view.settings(service).failure_expiry_s
    return view.timing.failure_expiry_s if own is None else own


def failed(view: View, service: Service) -> bool:
    """F48: it failed here, and that is not forgotten yet."""
    failed_at = service.failed_at
    return failed_at is not None and not view.passed(failed_at + expiry_s(view, service))


def recent_restarts(view: View, service: Service) -> tuple[float, ...]:
    """When it was restarted in place, as far as that is not forgotten yet (F50)."""
    if not service.restarts:
        return ()
    limit = expiry_s(view, service)
    return tuple(time for time in service.restarts if not view.passed(time + limit))


def score(view: View, service: Service, why: str) -> int:
    """How well the service would do here; 0 if this node is not able. why: from unable()."""
    if why:
        return 0
    result = BASE - PER_RESTART * min(MOST_RESTARTS, len(recent_restarts(view, service)))
    if view.settings(service).preferred == view.node:
        result += PREFERRED
    if view.state.reach is Reach.LOST:
        result -= WITHOUT_LAN
    return result


def peer_first(view: View, service: Service, report: ServiceReport) -> bool:
    """Of two nodes that could: is it the peer's turn? Both nodes answer the same."""
    theirs = report.score
    if report.able and not theirs:  # F63: a peer that does not know scores yet
        theirs = BASE + PREFERRED * (view.settings(service).preferred == view.peer_name)
    mine = score(view, service, unable(view, service))
    return theirs > mine or (theirs == mine and view.peer_name < view.node)


def silence(view: View) -> str:
    """Why a silent peer is not taken for gone, and which command ends that (S3, F03, F04)."""
    peer, life = view.peer_name, view.peer.life
    failure = view.exclusion.failure or view.state.watch.answered
    if life is Life.UNSEEN and not view.passed(view.state.started + view.timing.startup_s):
        return f"waiting to hear {peer} after the start"
    if life is Life.UNSEEN:
        text = f"{peer} has not been heard since the start and is not proven gone"
    else:
        text = f"{peer} is {life.value} and not proven gone"
    if kernel_answers(view):
        # F12: a person's word would be refused as well.
        text += ": its kernel answers over the replication link"
        return f"{text}; look at failoverd there and at the heartbeat links"
    if peer_speaks(view):
        # F73: a person's word would be refused as well.
        text += f": {SPEAKS}"
        return f"{text}; look at failoverd and at the heartbeat links there"
    if not lease.agreed(view):
        text += f": {lease.DISAGREED}"
    elif failure:
        text += f": {failure}"
    return f"{text}; when you know it is off: failoverctl confirm-fenced {peer}"
