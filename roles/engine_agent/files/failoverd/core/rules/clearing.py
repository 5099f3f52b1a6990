# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Failures are forgotten for the cluster, on whichever node an operator says so (F48, F58).

The request stands in the heartbeats until the peer says that it has carried it out. So it outlives
lost frames, and reaches a peer that was away; one that is too old to know it never answers (F63).
"""

from __future__ import annotations

from failoverd.core.message import Local
from failoverd.core.state import Service
from failoverd.core.workbench import Step

from . import lifecycle, replica


def begin(step: Step, service: Service) -> None:
    """An operator has asked here. Which copy is the good one is said of this node alone (F39)."""
    service = replica.mark_split(step, service, split=service.split and service.disk.split)
    _forget(step, step.set_service(service.name, clear=step.number()))


def by_heartbeat(step: Step) -> None:
    """The peer asks, or has done what it was asked."""
    message = step.peer.message
    # What a life of it before the present one has asked is over.
    if message is None or message.incarnation < step.peer.greeted:
        return
    for service in step.services:
        report = step.report(service.name)
        if report is None:
            continue
        if service.clear and report.cleared == service.clear:
            step.set_service(service.name, clear=0)
        if report.clear and report.clear != service.cleared:
            step.set_service(service.name, cleared=report.clear)
            _forget(step, service)
            text = f"{service.name}: failures forgotten, asked on {step.peer_name}"
            step.note("cleared", text, service.name)


def _forget(step: Step, service: Service) -> None:
    step.set_service(service.name, failed_at=None, failure="", restarts=())
    if service.local is Local.BROKEN:
        lifecycle.look_again(step, service)  # F58: it may have been repaired
