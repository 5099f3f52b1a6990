# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The watchdog lease as rules: who may hold, who may take over, whose data may be used.

Times: L is the last contact of an owner, lease_s + watchdog_s + margin_s = takeover_s.

- An owner that is bound stops at L + lease_s/2, does not pet its watchdog from L + lease_s on, so
  that it is reset by L + lease_s + watchdog_s (F25).
- Contact is a heartbeat of this node that the peer says it has heard, dated when it was sent; or a
  ping target that answers without a gap, while a service is up here: then its address answers a
  probe too, and one answer is enough to keep the peer from taking over anything. Where its storage
  alone is open, no address is up, and a ping target is no contact (F91).
- A standby takes over only what the peer held, or had been granted, by the last word that was heard
  of it: of two nodes that are silent to each other at most one may.
- Its right ends takeover_s + window_s after its anchor, a time at which the owner had heard it. No
  anchor is later than the owner's own last word of it, so that closed_s after that word the owner
  is bound no longer.
"""

from __future__ import annotations

from .change import changed
from .clock import Clock
from .config import Kind, ServiceConfig
from .contact import Contact
from .message import Local, Message
from .state import Life, Proof, Repair, Service, State

DISAGREED = (
    "neither lease nor lock proves anything, because their durations or the addresses are"
    " configured otherwise there: make them the same on both nodes"
)
HOLDING = (Local.STARTING, Local.RUNNING, Local.RECOVERING, Local.STOPPING)
ACTIVE = (Local.STARTING, Local.RUNNING, Local.RECOVERING)
PING_GAP_S = 2.5
"""Longest time between two answers of a ping target that passes for none."""
STEADY_S = 2.5
"""So long a ping target has to be reached to count: longer than from one probe to the next."""


def asked(state: State, sequence: int, now: float) -> State:
    """This heartbeat is sent now; its answer is waited for if no other is."""
    if state.contact.asked:
        return state
    return changed(state, contact=changed(state.contact, asked=sequence, asked_at=now))


def acknowledged(state: State, message: Message) -> State:
    """A fresh message of the peer's present life says what it has heard from here."""
    contact = state.contact
    if not contact.asked or message.heard < contact.asked:
        return state
    at = contact.asked_at
    if state.config.lease is None:
        return changed(state, contact=changed(contact, asked=0, answered_at=at))
    linked = {report.name for report in message.services if report.linked}
    anchors = dict(contact.anchors)
    for service, config in zip(state.services, state.config.services, strict=True):
        if not config.replicated or (service.disk.connected and service.name in linked):
            anchors[service.name] = at
    contact = changed(contact, asked=0, answered_at=at, acked_at=at, anchors=tuple(anchors.items()))
    return changed(state, contact=contact)


def heard_at(state: State) -> float:
    """When the peer was really last heard: a pause only makes it look heard (F26)."""
    contact = state.contact
    return contact.heard_at if state.peer.last == contact.paused_at else state.peer.last


def anchor(contact: Contact, name: str) -> float | None:
    """The last time at which the peer is known to have had both this node and its data."""
    return dict(contact.anchors).get(name)


def contact_at(state: State) -> float | None:
    """L: when this node was last in contact, None if never in this life."""
    vigil, at = state.vigil, state.contact.acked_at
    if vigil.ping_at is None or vigil.ping_since is None:
        return at
    steady = vigil.ping_at >= vigil.ping_since + STEADY_S
    if steady and any(map(_answers, state.services, state.config.services)):
        return vigil.ping_at if at is None else max(at, vigil.ping_at)
    return at


def _answers(service: Service, config: ServiceConfig) -> bool:
    """Its address is up here, and the peer asks for it.

    Where its storage alone is open for repair it is not up (F91). For that of a removed service
    nobody asks any more (F79).
    """
    up = service.local is Local.RUNNING and not config.retired
    return up and service.repair is Repair.NONE


def excused(state: State, service: Service) -> bool:
    """A proof was given that the peer does not have this service, and it was not heard since."""
    if service.proof is Proof.NONE or state.peer.life is Life.ALIVE:
        return False
    return heard_at(state) <= service.proof_at


def bound(state: State, service: Service, clock: Clock) -> bool:
    """The peer might take it over by the lease: it may be held here only in contact."""
    lease, peer = state.config.lease, state.peer
    if lease is None or excused(state, service):
        return False
    if peer.life is Life.GONE and peer.greeted <= peer.dead:
        return False  # no life of the peer is left that has heard this node
    return not clock.passed(heard_at(state) + lease.closed_s)


def met_again(state: State, clock: Clock) -> State:
    """The peer is heard again by a node that it had no right against: a lease begins now.

    It can get a right only from what it hears of this node from now on.
    """
    if state.config.lease is None or any(bound(state, s, clock) for s in state.services if s.held):
        return state
    return changed(state, contact=changed(state.contact, acked_at=clock.now, asked=0))


def lapsing(state: State, service: Service, clock: Clock) -> bool:
    """It has to be stopped here: half of the lease has passed without contact."""
    lease = state.config.lease
    if lease is None or service.local not in ACTIVE or not bound(state, service, clock):
        return False
    at = contact_at(state)
    return clock.passed((state.started if at is None else at) + lease.lease_s / 2)


def may_pet(state: State, clock: Clock) -> bool:
    """Whether this node may go on living: F25, F47."""
    lease, gone = state.config.lease, state.peer.life is Life.GONE
    alone = lease is not None or not any(
        state.config.kind(level) is Kind.STONITH for level in range(len(state.config.levels))
    )
    if alone and not gone and any(service.doomed for service in state.services):
        return False  # F47: what could not be stopped ends with the node
    if lease is None:
        return True
    if not any(s.local is not Local.STOPPED and bound(state, s, clock) for s in state.services):
        return True
    at = contact_at(state)
    return at is not None and not clock.passed(at + lease.lease_s)


def may_start(state: State, clock: Clock) -> bool:
    """A granted service is started only while the peer is known to have heard this node."""
    lease, at = state.config.lease, state.contact.acked_at
    return lease is None or (at is not None and not clock.passed(at + lease.lease_s / 2))


def may_hold(state: State, service: Service) -> bool:
    """By the last word that was heard of it the peer held the service, or was granted it."""
    if service.grant is not None:
        return True
    message = state.peer.message
    for report in () if message is None else message.services:
        if report.name == service.name:
            return report.local in HOLDING or report.doomed
    return False


def right_until(state: State, service: Service) -> float:
    """When this node's right to take it over by the lease ends."""
    lease, at = state.config.lease, anchor(state.contact, service.name)
    if lease is None or at is None:
        return float("-inf")
    return at + lease.takeover_s + lease.window_s


def agreed(state: State) -> bool:
    """F80: by its last word the peer reckons with the same durations, and has the same addresses.

    While a configuration is changed node by node, or where that was broken off, its lease may last
    longer than is waited for here, and another address may be up there than is asked for.
    """
    message = state.peer.message
    return message is None or message.pact == state.config.pact


def ran_out(state: State, service: Service, clock: Clock) -> bool:
    """The peer's lease on it has run out, and this node is the one that may take it over."""
    lease, quiet = state.config.lease, state.vigil.quiet_since
    if lease is None or quiet is None or state.peer.life is not Life.SILENT or not agreed(state):
        return False
    if not clock.passed(quiet + lease.takeover_s) or clock.beyond(right_until(state, service)):
        return False
    return may_hold(state, service)


def stale_at(state: State, service: Service) -> float | None:
    """From when on the peer may have gone on without this copy; None: it cannot have."""
    lease, disk = state.config.lease, service.disk
    # What the metadata calls outdated is the peer's copy: this one went on alone.
    leads = disk.connected or not disk.current or disk.peer_disk == "Outdated"
    if lease is None or service.held or leads:
        return None
    at = anchor(state.contact, service.name)
    if at is None or not agreed(state):
        return float("-inf")
    if may_hold(state, service):
        return right_until(state, service)
    return at + lease.lease_s + lease.watchdog_s


def stale(state: State, service: Service, clock: Clock) -> bool:
    """The copy may lack what the peer wrote alone. A peer that was off in time wrote nothing."""
    end, peer = stale_at(state, service), state.peer
    off = peer.life is Life.GONE and peer.proof.powerless
    if end is None:
        return False
    return peer.since > end if off else clock.beyond(end)


def distrusted(state: State, clock: Clock) -> State:
    """A copy that is old stays old, whatever is heard of the peer later, until it is linked again.

    A standby's copy is left out: it is outdated by order when its right is over (see vigil).
    """
    anchors = state.contact.anchors
    if state.config.lease is None or not anchors:
        return state
    sure = agreed(state)
    old = {
        s.name
        for s in state.services
        if stale(state, s, clock) and not (sure and may_hold(state, s))
    }
    kept = tuple((name, at) for name, at in anchors if name not in old)
    if len(kept) == len(anchors):
        return state
    return changed(state, contact=changed(state.contact, anchors=kept))


def may_go_on(state: State, service: Service, clock: Clock) -> bool:
    """The peer does not use its copy before a resync: frozen I/O may flow without it."""
    lease, peer = state.config.lease, state.peer
    if lease is None:
        return False
    if service.proof is Proof.LEASE and excused(state, service):
        return True
    stonith = any(state.config.kind(i) is Kind.STONITH for i in range(len(state.config.levels)))
    if peer.life is Life.GONE:
        return peer.proof is Proof.GOODBYE and peer.greeted <= peer.dead and not stonith
    return service.local in ACTIVE and clock.passed(heard_at(state) + lease.closed_s)
