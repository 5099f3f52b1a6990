# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Planned moves that no operator asked for: one at a time, only to a peer that can take over."""

from __future__ import annotations

from . import moves, placement
from .message import Local, Reach
from .modes import is_on
from .state import Life, Repair, Service
from .turn import Turn

DETACHED = ("Diskless", "Failed", "Detaching")


def relocate(turn: Turn) -> None:
    """Move the first service that has a reason to leave this node."""
    _watch_lan(turn)
    for service in turn.state.services:
        _watch_home(turn, service)
    if turn.state.leaving or turn.state.peer.life is not Life.ALIVE:
        return
    for service in turn.state.services:
        stays = service.local is not Local.RUNNING or service.repair is not Repair.NONE  # F91
        why = "" if stays else _reason(turn, service)
        report = turn.report(service.name)
        if not why or report is None or not report.able or report.local is not Local.STOPPED:
            continue
        if not any(_busy(turn, other) for other in turn.state.services):
            moves.start_move(turn, service, why)
            return


def _busy(turn: Turn, service: Service) -> bool:
    """Something is under way with it on one of the nodes."""
    report = turn.report(service.name)
    there = Local.STOPPED if report is None else report.local
    moving = service.move is not None or service.grant is not None or service.op != 0
    return moving or there in (Local.STARTING, Local.STOPPING, Local.RECOVERING)


def _reason(turn: Turn, service: Service) -> str:
    """Why a running service has to leave this node, empty if it may stay."""
    state = turn.state
    if is_on(state.modes.standby):
        return "" if service.cramped else "this node is in standby mode"  # F91
    # A daemon that begins has not opened its watchdog yet: what runs here is not moved for that.
    if state.ineligible and turn.passed(state.ineligible_since + state.config.timing.witness_s):
        return f"this node may not own services: {state.ineligible}"  # F29
    disk = service.disk
    if disk.disk in DETACHED and disk.connected and disk.peer_disk == "UpToDate":
        return "its own disk has failed, the peer's is UpToDate"  # F35
    if service.sick and _peer_current(turn, service):
        return f"its own disk {service.sick}"  # F44
    if _lost_lan(turn):
        return "this node has lost its ping targets, the peer reaches them"
    delay = placement.config_of(state, service.name).failback_delay_s
    if service.home_since is not None and turn.passed(service.home_since + delay):
        return "back to its preferred node"
    return ""


def _peer_current(turn: Turn, service: Service) -> bool:
    """The peer's copy is as new as this one."""
    if not placement.config_of(turn.state, service.name).replicated:
        return False
    return service.disk.connected and service.disk.peer_disk == "UpToDate"


def _lost_lan(turn: Turn) -> bool:
    """F22: for long enough that the peer is not only the first to see a target come or go."""
    since = turn.state.lan_lost_since
    return since is not None and turn.passed(since + turn.state.config.timing.witness_s)


def _watch_lan(turn: Turn) -> None:
    """Lost for both means that the target is dead: nothing is gained by a move (F23).

    The time counts from when the two differ: a dead target that returns is seen by one node first.
    """
    state, said = turn.state, turn.state.peer.message
    worse = state.reach is Reach.LOST and said is not None and said.reach is Reach.REACHED
    if not worse or state.peer.life is not Life.ALIVE:
        if state.lan_lost_since is not None:
            turn.set(lan_lost_since=None)
    elif state.lan_lost_since is None:
        turn.set(lan_lost_since=turn.now)


def _watch_home(turn: Turn, service: Service) -> None:
    """F10: since when the automatic way home has been open without a break."""
    if not _home_open(turn, service):
        turn.set_service(service.name, home_since=None)
    elif service.home_since is None:
        turn.set_service(service.name, home_since=turn.now)


def _home_open(turn: Turn, service: Service) -> bool:
    if service.local is not Local.RUNNING or service.op or turn.state.peer.life is not Life.ALIVE:
        return False
    if service.cramped:  # F91
        return False
    config = placement.config_of(turn.state, service.name)
    report = turn.report(service.name)
    if not config.failback or config.preferred != turn.state.config.peer or report is None:
        return False
    disk = service.disk
    whole = disk.connected and disk.current and disk.peer_disk == "UpToDate"
    if config.replicated and not whole:
        return False
    free = report.able and report.local is Local.STOPPED and service.move is None
    return free and placement.peer_first(turn, service, report)
