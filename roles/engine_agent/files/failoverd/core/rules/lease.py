# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The watchdog lease: probes a silent peer's addresses, outdates old copies, pets the watchdog."""

from __future__ import annotations

from failoverd.core import lease
from failoverd.core.actions import Outdate, Pet, ProbeAddresses
from failoverd.core.config import CoreConfig
from failoverd.core.events import AddressesProbed, LockLost, Reached
from failoverd.core.facts import kernel_answers
from failoverd.core.message import Local, Reach
from failoverd.core.state import Life
from failoverd.core.workbench import Step

from . import contact

PETS = 5
"""How often the watchdog is petted within its time-out."""
PROBE_PAUSE_S = 0.5
PROBE_LONG_S = 1.5
"""A probe that took longer says nothing: the address may have come up meanwhile."""
AGAIN_S = 60.0
PROBE_GAP_S = 4.0
"""After so long without the answer to a probe, the silence is unknown."""
OUTDATE_S = 2.0
"""How long an order to outdate is given to show."""


def pet(step: Step) -> None:
    """F25, F29: this node may live on for another while."""
    timeout = timeout_s(step.config)
    if timeout > 0 and lease.may_pet(step) and step.passed(step.state.watch.next_pet):
        step.do(Pet())
        watch = step.set_watch(next_pet=step.now + timeout / PETS)
        step.passed(watch.next_pet)


def timeout_s(config: CoreConfig) -> float:
    """The watchdog's, 0 without one."""
    return config.watchdog_s or (config.lease.watchdog_s if config.lease is not None else 0.0)


def paused(step: Step) -> None:
    """F26: silence and reach are watched anew; the age of a contact goes on counting."""
    if step.config.lease is None:
        return
    contact.paused(step)
    step.set_watch(ping_since=None, quiet_since=None)


def pinged(step: Step, event: Reached) -> None:
    """A ping target has answered, or none does any more."""
    watch, at = step.state.watch, event.asked_at
    if step.config.lease is None:
        return
    if event.reach is not Reach.REACHED:
        step.set_watch(ping_since=None)
    elif not (at > 0 and step.passed(at)):
        return
    elif watch.ping_at is None or at > watch.ping_at + lease.PING_GAP_S:
        step.set_watch(ping_since=at, ping_at=at)
    else:
        since = at if watch.ping_since is None else watch.ping_since
        step.set_watch(ping_since=since, ping_at=max(at, watch.ping_at))


def probed(step: Step, event: AddressesProbed) -> None:
    """Only a probe that was answered by nobody, in time, is silence."""
    watch, now = step.state.watch, step.now
    if event.op != watch.probe_op:
        return
    changes: dict[str, object] = {"probe_op": 0, "next_probe": now + PROBE_PAUSE_S}
    silent = not event.answered and not step.passed(watch.probe_at + PROBE_LONG_S)
    if event.answered != watch.answered:
        changes["answered"] = event.answered
        if event.answered:
            step.note("address-answers", f"the peer may still be there: {event.answered}")
    if not silent:
        changes["quiet_since"] = None
    else:
        changes["probed_at"] = watch.probe_at
        if watch.quiet_since is None and watch.probe_at > step.peer.last:
            changes["quiet_since"] = watch.probe_at
    step.set_watch(**changes)


def lock_lost(step: Step, event: LockLost) -> None:
    """F64, F65: the shell resets this node."""
    text = f"{event.service}: {event.detail}; this node resets itself"
    step.note("lock-lost", text, event.service, alert=True)


def _expects(step: Step) -> bool:
    """Something might be taken over here by the lease, if all is silent."""
    if step.peer.life not in (Life.SUSPECT, Life.SILENT) or step.state.leaving:
        return False
    if kernel_answers(step):
        return False  # F12: its kernel lives
    watch = step.state.watch
    if watch.ping_since is None or watch.ping_at is None:
        return False
    if step.passed(watch.ping_at + lease.PING_GAP_S):
        return False  # a silent LAN may be this node's own fault
    for service in step.services:
        wanted = service.local is Local.STOPPED and lease.may_hold(step, service)
        if wanted and not step.beyond(lease.right_until(step, service)):
            return True
    return False


def listen(step: Step) -> None:
    """While something might be taken over, probe whether the peer's addresses are silent."""
    watch = step.state.watch
    if step.config.lease is None:
        return
    if not _expects(step):
        if watch.quiet_since is not None:
            step.set_watch(quiet_since=None)
        return
    if watch.probe_op and step.passed(watch.probe_at + PROBE_GAP_S):
        watch = step.set_watch(probe_op=0, quiet_since=None)
    if watch.quiet_since is not None and step.passed(watch.probed_at + PROBE_GAP_S):
        watch = step.set_watch(quiet_since=None)
    if not watch.probe_op and step.passed(watch.next_probe):
        op = step.number()
        step.do(ProbeAddresses(op))
        step.set_watch(probe_op=op, probe_at=step.now)


def outdate(step: Step) -> None:
    """The right to take over has passed: what the owner writes from now on is not here."""
    silent = step.config.lease is not None and step.peer.life is Life.SILENT
    if not silent or not lease.agreed(step):
        return
    for service in step.services:
        mine = service.local is Local.STOPPED and lease.may_hold(step, service)
        known = lease.anchor(step.state.contact, service.name) is not None
        if not mine or not known or not step.passed(service.next_outdate):
            continue
        if step.settings(service).replicated and lease.stale(step, service):
            if step.beyond(service.next_outdate + AGAIN_S):
                text = f"{step.peer_name} may have gone on alone: the disk here is outdated"
                step.note("lease-over", f"{service.name}: {text}", service.name)
            step.do(Outdate(service.name))
            step.set_service(service.name, next_outdate=step.now + OUTDATE_S)
