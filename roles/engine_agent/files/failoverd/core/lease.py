# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The watchdog lease as facts: who may hold, who may take over, whose data may be used.

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

from .config import ServiceConfig
from .facts import peer_is_over, peer_was_off
from .message import Local
from .state import Contact, Life, Proof, Repair, Service
from .workbench import View

DISAGREED = (
    "neither lease nor lock proves anything, because their durations or the addresses are"
    " configured otherwise there: make them the same on both nodes"
)
PING_GAP_S = 2.5
"""Two answers of a ping target with a longer time between them count as a gap."""
STEADY_S = 2.5
"""How long a ping target is reached before it counts: longer than between two probes."""


def heard_at(view: View) -> float:
    """When the peer was really heard last. A pause sets peer.last, but nothing was heard (F26)."""
    contact = view.state.contact
    return contact.heard_at if view.peer.last == contact.paused_at else view.peer.last


def anchor(contact: Contact, name: str) -> float | None:
    """The last time at which the peer is known to have had both this node and its data."""
    return dict(contact.anchors).get(name)


def contact_at(view: View) -> float | None:
    """L: when this node was last in contact, None if never in this life."""
    watch, at = view.state.watch, view.state.contact.acked_at
    if watch.ping_at is None or watch.ping_since is None:
        return at
    steady = watch.ping_at >= watch.ping_since + STEADY_S
    if steady and any(map(_answers, view.services, view.config.services)):
        return watch.ping_at if at is None else max(at, watch.ping_at)
    return at


def _answers(service: Service, config: ServiceConfig) -> bool:
    """Its address is up here, and the peer asks for it.

    Where its storage alone is open for repair it is not up (F91). For that of a removed service
    nobody asks any more (F79).
    """
    up = service.local is Local.RUNNING and not config.retired
    return up and service.repair is Repair.NONE


def excused(view: View, service: Service) -> bool:
    """A proof was given that the peer does not have this service, and it was not heard since."""
    if service.proof is Proof.NONE or view.peer.life is Life.ALIVE:
        return False
    return heard_at(view) <= service.proof_at


def bound(view: View, service: Service) -> bool:
    """The peer might take it over by the lease: it may be held here only in contact."""
    lease = view.config.lease
    if lease is None or excused(view, service) or peer_is_over(view):
        return False
    return not view.passed(heard_at(view) + lease.closed_s)


def lapsing(view: View, service: Service) -> bool:
    """It has to be stopped here: half of the lease has passed without contact."""
    lease = view.config.lease
    if lease is None or not service.local.up or not bound(view, service):
        return False
    at = contact_at(view)
    return view.passed((view.state.started if at is None else at) + lease.lease_s / 2)


def may_pet(view: View) -> bool:
    """Whether the watchdog may be petted, so that this node lives on: F25, F47."""
    lease, gone = view.config.lease, view.peer.life is Life.GONE
    alone = lease is not None or not view.config.has_stonith
    if alone and not gone and any(service.doomed for service in view.services):
        return False  # F47: what could not be stopped ends with the node
    if lease is None:
        return True
    if not any(s.local is not Local.STOPPED and bound(view, s) for s in view.services):
        return True
    at = contact_at(view)
    return at is not None and not view.passed(at + lease.lease_s)


def may_start(view: View) -> bool:
    """A granted service is started only while the peer is known to have heard this node."""
    lease, at = view.config.lease, view.state.contact.acked_at
    return lease is None or (at is not None and not view.passed(at + lease.lease_s / 2))


def may_hold(view: View, service: Service) -> bool:
    """By the last word that was heard of it the peer held the service, or was granted it."""
    if service.grant is not None:
        return True
    report = view.last_word(service.name)
    return report is not None and (report.local.holding or report.doomed)


def right_until(view: View, service: Service) -> float:
    """When this node's right to take it over by the lease ends."""
    lease, at = view.config.lease, anchor(view.state.contact, service.name)
    if lease is None or at is None:
        return float("-inf")
    return at + lease.takeover_s + lease.window_s


def agreed(view: View) -> bool:
    """F80: by its last word the peer reckons with the same durations, and has the same addresses.

    While a configuration is changed node by node, or where that was broken off, its lease may last
    longer than is waited for here, and another address may be up there than is asked for.
    """
    message = view.peer.message
    return message is None or message.pact == view.config.pact


def ran_out(view: View, service: Service) -> bool:
    """The peer's lease on it has run out, and this node is the one that may take it over."""
    lease, quiet = view.config.lease, view.state.watch.quiet_since
    if lease is None or quiet is None or view.peer.life is not Life.SILENT or not agreed(view):
        return False
    if not view.passed(quiet + lease.takeover_s) or view.beyond(right_until(view, service)):
        return False
    return may_hold(view, service)


def stale_at(view: View, service: Service) -> float | None:
    """From when on the peer may have gone on without this copy; None: it cannot have."""
    lease, disk = view.config.lease, service.disk
    # What the metadata calls outdated is the peer's copy: this one went on alone.
    leads = disk.connected or not disk.current or disk.peer_disk == "Outdated"
    if lease is None or service.held or leads:
        return None
    at = anchor(view.state.contact, service.name)
    if at is None or not agreed(view):
        return float("-inf")
    if may_hold(view, service):
        return right_until(view, service)
    return at + lease.lease_s + lease.watchdog_s


def stale(view: View, service: Service) -> bool:
    """The copy may lack what the peer wrote alone. A peer that was off in time wrote nothing."""
    end = stale_at(view, service)
    if end is None:
        return False
    return view.peer.since > end if peer_was_off(view) else view.beyond(end)


def may_go_on(view: View, service: Service) -> bool:
    """The peer does not use its copy before a resync: frozen I/O may flow without it."""
    lease = view.config.lease
    if lease is None:
        return False
    if service.proof is Proof.LEASE and excused(view, service):
        return True
    if view.peer.life is Life.GONE:
        left = view.peer.proof is Proof.GOODBYE and peer_is_over(view)
        return left and not view.config.has_stonith
    return service.local.up and view.passed(heard_at(view) + lease.closed_s)
