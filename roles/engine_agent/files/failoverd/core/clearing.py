# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Failures are forgotten for the cluster, on whichever node an operator says so (F48, F58).

The request stands in the heartbeats until the peer says that it has carried it out. So it outlives
lost frames, and reaches a peer that was away; one that is too old to know it never answers (F63).
"""

from __future__ import annotations

from . import lifecycle
from .message import Local
from .state import Service
from .turn import Turn


def begin(turn: Turn, service: Service) -> None:
    """An operator has asked here. Which copy is the good one is said of this node alone (F39)."""
    split = service.split and service.disk.split
    _forget(turn, turn.set_service(service.name, split=split, clear=turn.number()))


def by_heartbeat(turn: Turn) -> None:
    """The peer asks, or has done what it was asked."""
    for service in turn.state.services:
        report = turn.report(service.name)
        if report is None:
            continue
        if service.clear and report.cleared == service.clear:
            turn.set_service(service.name, clear=0)
        if report.clear and report.clear != service.cleared:
            turn.set_service(service.name, cleared=report.clear)
            _forget(turn, service)
            text = f"{service.name}: failures forgotten, asked on {turn.state.config.peer}"
            turn.note("cleared", text, service.name)


def _forget(turn: Turn, service: Service) -> None:
    turn.set_service(service.name, failed_at=None, failure="", restarts=())
    if service.local is Local.BROKEN:
        lifecycle.look_again(turn, service)  # F58: it may have been repaired
