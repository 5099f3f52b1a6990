# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a service has to leave this node: REASONS is the whole list, apart from failures (lifecycle).

A reason whose cause is a planned move waits for a peer that can take the service, and moves one
service at a time. Every other reason stops the service at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from failoverd.core import guard, lease
from failoverd.core.facts import peer_copy_current
from failoverd.core.message import Local, Reach
from failoverd.core.modes import is_on
from failoverd.core.placement import peer_first
from failoverd.core.state import Life, Repair, Service
from failoverd.core.transitions import Cause
from failoverd.core.workbench import Step

from . import lifecycle, moves

DETACHED = ("Diskless", "Failed", "Detaching")


@dataclass(frozen=True)
class Reason:
    """One line of the table. holds: the words for people, empty while there is no such reason."""

    name: str
    faults: str
    holds: Callable[[Step, Service], str]
    cause: Cause
    says: str = "{service} is stopped here: {why}"
    alert: bool = False
    served: bool = False
    """Its clients are served well as long as it is here."""


def stop_for(reason: Reason) -> Callable[[Step, Service], None]:
    """The rule that stops a service at once for this reason."""

    def rule(step: Step, service: Service) -> None:
        why = reason.holds(step, service)
        if why:
            text = reason.says.format(service=service.name, why=why)
            step.note(reason.name, text, service.name, alert=reason.alert)
            lifecycle.stop(step, service, reason.cause)

    rule.__name__ = f"stop_for({reason.name})"
    return rule


def relocate(step: Step) -> None:
    """Move the first service that has a reason to leave this node for a peer that can take it."""
    _watch_lan(step)
    for service in step.services:
        _watch_home(step, service)
    if step.state.leaving or step.peer.life is not Life.ALIVE:
        return
    for service in step.services:
        if service.local is not Local.RUNNING or _bound_here(step, service):
            continue
        reasons = ((reason.holds(step, service), reason.served) for reason in MOVES)
        why, served = next((found for found in reasons if found[0]), ("", False))
        if not why or not _free_there(step, service):
            continue
        if not any(_busy(step, other) for other in step.services):
            moves.start(step, service, why, served=served)
            return


def _bound_here(step: Step, service: Service) -> bool:
    """F91: people work on its storage here, or it would not start again anywhere."""
    cramped = bool(service.cramped) and is_on(step.state.modes.standby)
    return service.repair is not Repair.NONE or cramped


def _free_there(step: Step, service: Service) -> bool:
    report = step.report(service.name)
    return report is not None and report.able and report.local is Local.STOPPED


def _busy(step: Step, service: Service) -> bool:
    """Something is under way with it on one of the nodes."""
    report = step.report(service.name)
    there = Local.STOPPED if report is None else report.local
    moving = service.move is not None or service.grant is not None or service.op != 0
    return moving or there.changing


# -- the reasons ----------------------------------------------------------------------------


def _lease(step: Step, service: Service) -> str:
    """Half of the lease has passed without contact. An orderly stop is better than a reset."""
    lapsing = lease.lapsing(step, service)
    return f"{step.node} hears neither its peer nor a ping target" if lapsing else ""


def _retired(step: Step, service: Service) -> str:
    """It is no longer in the configuration. Its data stay."""
    rests = service.local is Local.RUNNING and not service.op and service.move is None
    gone = rests and step.settings(service).retired
    return "is not in the configuration any more" if gone else ""


def _standby(step: Step, service: Service) -> str:
    return "this node is in standby mode" if is_on(step.state.modes.standby) else ""


def _ineligible(step: Step, service: Service) -> str:
    """F29: not at once, because a daemon that begins has not opened its watchdog yet."""
    why, since = step.state.ineligible, step.state.ineligible_since
    sure = why and step.passed(since + step.timing.witness_s)
    return f"this node may not own services: {why}" if sure else ""


def _disk_failed(step: Step, service: Service) -> str:
    disk = service.disk
    failed = disk.disk in DETACHED and disk.connected and disk.peer_disk == "UpToDate"
    return "its own disk has failed, the peer's is UpToDate" if failed else ""


def _disk_sick(step: Step, service: Service) -> str:
    sick = service.sick if service.sick and peer_copy_current(step, service) else ""
    return f"its own disk {sick}" if sick else ""


def _lan_lost(step: Step, service: Service) -> str:
    """For long enough that the peer is not only the first to see a target come or go."""
    since = step.state.lan_lost_since
    lost = since is not None and step.passed(since + step.timing.witness_s)
    return "this node has lost its ping targets, the peer reaches them" if lost else ""


def _home(step: Step, service: Service) -> str:
    since, delay = service.home_since, step.settings(service).failback_delay_s
    open_long = since is not None and step.passed(since + delay)
    return "back to its preferred node" if open_long else ""


def _breach(step: Step, service: Service) -> str:
    return "" if service.op else guard.breach(step, service)


LEASE = Reason(
    "lease-lost", "F25", _lease, Cause.SAFE_STOP, says="{service} is stopped: {why}", alert=True
)
RETIRED = Reason("retired", "F79", _retired, Cause.RETIRED, says="{service} {why}: it is stopped")
BREACH = Reason("breach", "S1", _breach, Cause.SAFE_STOP, alert=True)
MOVES = (
    Reason("standby", "F66", _standby, Cause.MOVE, served=True),
    Reason("ineligible", "F29", _ineligible, Cause.MOVE),
    Reason("disk failed", "F35", _disk_failed, Cause.MOVE),
    Reason("disk sick", "F44", _disk_sick, Cause.MOVE),
    Reason("LAN lost", "F22", _lan_lost, Cause.MOVE),
    Reason("failback", "F10", _home, Cause.MOVE, served=True),
)
REASONS = (LEASE, RETIRED, *MOVES, BREACH)


# -- since when two of them hold ------------------------------------------------------------


def _watch_lan(step: Step) -> None:
    """F22. Lost for both means that the target is dead: nothing is gained by a move (F23).

    The time counts from when the two differ: a dead target that returns is seen by one node first.
    """
    state, said = step.state, step.peer.message
    worse = state.reach is Reach.LOST and said is not None and said.reach is Reach.REACHED
    if not worse or step.peer.life is not Life.ALIVE:
        step.set(lan_lost_since=None)
    elif state.lan_lost_since is None:
        step.set(lan_lost_since=step.now)


def _watch_home(step: Step, service: Service) -> None:
    """F10: since when the automatic way home has been open without a break."""
    if not _home_open(step, service):
        step.set_service(service.name, home_since=None)
    elif service.home_since is None:
        step.set_service(service.name, home_since=step.now)


def _home_open(step: Step, service: Service) -> bool:
    if service.local is not Local.RUNNING or service.op or step.peer.life is not Life.ALIVE:
        return False
    settings, report = step.settings(service), step.report(service.name)
    if service.cramped or not settings.failback or settings.preferred != step.peer_name:
        return False  # F91
    whole = service.disk.current and peer_copy_current(step, service)
    if report is None or (settings.replicated and not whole):
        return False
    free = _free_there(step, service) and service.move is None
    return free and peer_first(step, service, report)
