# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps what the peer is known to have heard from here, and when (see state.Contact)."""

from __future__ import annotations

from failoverd.core import lease
from failoverd.core.change import changed
from failoverd.core.message import Message
from failoverd.core.state import Peer
from failoverd.core.workbench import Step, View


def asked(step: Step, sequence: int) -> None:
    """This heartbeat is sent now; its answer is waited for if no other is."""
    if not step.state.contact.asked:
        _set(step, asked=sequence, asked_at=step.now)


def acknowledged(step: Step, message: Message) -> None:
    """A fresh message of the peer's present life says what it has heard from here."""
    contact = step.state.contact
    if not contact.asked or message.heard < contact.asked:
        return
    at = contact.asked_at
    _set(step, asked=0, answered_at=at)
    if step.config.lease is None:
        return
    linked = {report.name for report in message.services if report.linked}
    anchors = dict(contact.anchors)
    for service in step.services:
        connected = service.disk.connected and service.name in linked
        if connected or not step.settings(service).replicated:
            anchors[service.name] = at
    _set(step, acked_at=at, anchors=tuple(anchors.items()))


def met_again(step: Step, before: Peer) -> None:
    """The peer is heard again by a node that it had no right against: a lease begins now.

    It can get a right only from what it hears of this node from now on.
    """
    then = View(changed(step.state, peer=before), step.clock)
    bound = any(lease.bound(then, service) for service in step.services if service.held)
    if step.config.lease is not None and not bound:
        _set(step, acked_at=step.now, asked=0)


def distrust(step: Step) -> None:
    """A copy that is old stays old, whatever is heard of the peer later, until it is linked again.

    A standby's copy is left out: it is outdated by order when its right is over (rules/lease).
    """
    anchors = step.state.contact.anchors
    if step.config.lease is None or not anchors:
        return
    agreed = lease.agreed(step)
    old = {
        service.name
        for service in step.services
        if lease.stale(step, service) and not (agreed and lease.may_hold(step, service))
    }
    kept = tuple((name, at) for name, at in anchors if name not in old)
    if len(kept) != len(anchors):
        _set(step, anchors=kept)


def paused(step: Step) -> None:
    """F26: a pause only makes the peer look heard; the age of a contact goes on counting."""
    _set(step, heard_at=lease.heard_at(step), paused_at=step.now)


def _set(step: Step, **changes: object) -> None:
    step.set(contact=changed(step.state.contact, **changes))
