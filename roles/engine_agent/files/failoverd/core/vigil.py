# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lease at work: addresses are probed, services stopped in time, the watchdog petted."""

from __future__ import annotations

from . import data, lease, lifecycle, placement
from .actions import Outdate, Pet, ProbeAddresses
from .change import changed
from .clock import Clock
from .config import CoreConfig
from .contact import Vigil
from .events import AddressesProbed, LockLost, Reached
from .message import Local, Reach
from .state import Life, State
from .transitions import Cause
from .turn import Turn

PETS = 5
"""So often the watchdog is petted within its time."""
PROBE_PAUSE_S = 0.5
PROBE_LONG_S = 1.5
"""A probe that took longer says nothing: the address may have come up meanwhile."""
AGAIN_S = 60.0
PROBE_GAP_S = 4.0
"""Without an answer to a probe for so long nothing is known to be silent."""


def watch(turn: Turn) -> None:
    """Whatever the time asks for, before any other rule decides on services."""
    if turn.state.config.lease is not None:
        _listen(turn)
        _lapse(turn)
        _outdate(turn)
    pet(turn)


def pet(turn: Turn) -> None:
    """F25, F29: this node may live on for another while."""
    if _pet_due(turn):
        turn.do(Pet())
        vigil = _set(turn, next_pet=turn.now + timeout_s(turn.state.config) / PETS)
        turn.passed(vigil.next_pet)


def _pet_due(turn: Turn) -> bool:
    """A watchdog is to be petted now, and may be."""
    state = turn.state
    watched = timeout_s(state.config) > 0 and lease.may_pet(state, turn.clock)
    return watched and turn.passed(state.vigil.next_pet)


def timeout_s(config: CoreConfig) -> float:
    """The watchdog's, 0 without one."""
    return config.watchdog_s or (config.lease.watchdog_s if config.lease is not None else 0.0)


def paused(turn: Turn) -> None:
    """F26: silence and reach are watched anew; the age of a contact goes on counting."""
    if turn.state.config.lease is None:
        return
    last = lease.heard_at(turn.state)
    turn.set(contact=changed(turn.state.contact, heard_at=last, paused_at=turn.now))
    _set(turn, ping_since=None, quiet_since=None)


def pinged(turn: Turn, event: Reached) -> None:
    """A ping target has answered, or none does any more."""
    vigil, at = turn.state.vigil, event.asked_at
    if turn.state.config.lease is None:
        return
    if event.reach is not Reach.REACHED:
        _set(turn, ping_since=None)
    elif not (at > 0 and turn.passed(at)):
        return
    elif vigil.ping_at is None or at > vigil.ping_at + lease.PING_GAP_S:
        _set(turn, ping_since=at, ping_at=at)
    else:
        since = at if vigil.ping_since is None else vigil.ping_since
        _set(turn, ping_since=since, ping_at=max(at, vigil.ping_at))


def probed(turn: Turn, event: AddressesProbed) -> None:
    """Only a probe that was answered by nobody, in time, is silence."""
    vigil, now = turn.state.vigil, turn.now
    if event.op != vigil.probe_op:
        return
    changes: dict[str, object] = {"probe_op": 0, "next_probe": now + PROBE_PAUSE_S}
    silent = not event.answered and not turn.passed(vigil.probe_at + PROBE_LONG_S)
    if event.answered != vigil.answered:
        changes["answered"] = event.answered
        if event.answered:
            turn.note("address-answers", f"the peer may still be there: {event.answered}")
    if not silent:
        changes["quiet_since"] = None
    else:
        changes["probed_at"] = vigil.probe_at
        if vigil.quiet_since is None and vigil.probe_at > turn.state.peer.last:
            changes["quiet_since"] = vigil.probe_at
    _set(turn, **changes)


def lock_lost(turn: Turn, event: LockLost) -> None:
    """F64, F65: the shell resets this node."""
    text = f"{event.service}: {event.detail}; this node resets itself"
    turn.note("lock-lost", text, event.service, alert=True)


def _expects(state: State, clock: Clock) -> bool:
    """Something might be taken over here by the lease, if all is silent."""
    if state.peer.life not in (Life.SUSPECT, Life.SILENT) or state.leaving:
        return False
    if any(service.disk.connected for service in state.services):
        return False  # F12: its kernel lives
    vigil = state.vigil
    if vigil.ping_since is None or vigil.ping_at is None:
        return False
    if clock.passed(vigil.ping_at + lease.PING_GAP_S):
        return False  # a silent LAN may be this node's own fault
    for service in state.services:
        wanted = service.local is Local.STOPPED and lease.may_hold(state, service)
        if wanted and not clock.beyond(lease.right_until(state, service)):
            return True
    return False


def _listen(turn: Turn) -> None:
    state, vigil, now = turn.state, turn.state.vigil, turn.now
    if not _expects(state, turn.clock):
        if vigil.quiet_since is not None:
            _set(turn, quiet_since=None)
        return
    if vigil.probe_op and turn.passed(vigil.probe_at + PROBE_GAP_S):
        vigil = _set(turn, probe_op=0, quiet_since=None)
    if vigil.quiet_since is not None and turn.passed(vigil.probed_at + PROBE_GAP_S):
        vigil = _set(turn, quiet_since=None)
    if not vigil.probe_op and turn.passed(vigil.next_probe):
        op = turn.number()
        turn.do(ProbeAddresses(op))
        _set(turn, probe_op=op, probe_at=now)


def _lapse(turn: Turn) -> None:
    """Without contact for half of the lease: an orderly stop is better than a reset."""
    for service in turn.state.services:
        if lease.lapsing(turn.state, service, turn.clock):
            node = turn.state.config.node
            text = f"{service.name} is stopped: {node} hears neither its peer nor a ping target"
            turn.note("lease-lost", text, service.name, alert=True)
            lifecycle.stop(turn, service, Cause.SAFE_STOP)


def _outdate(turn: Turn) -> None:
    """The right to take over has passed: what the owner writes from now on is not here."""
    state, now = turn.state, turn.now
    if state.peer.life is not Life.SILENT or not lease.agreed(state):
        return
    for service in state.services:
        mine = service.local is Local.STOPPED and lease.may_hold(state, service)
        known = lease.anchor(state.contact, service.name) is not None
        if not mine or not known or not turn.passed(service.next_outdate):
            continue
        if placement.config_of(state, service.name).replicated and lease.stale(
            state, service, turn.clock
        ):
            if turn.clock.beyond(service.next_outdate + AGAIN_S):
                text = f"{state.config.peer} may have gone on alone: the disk here is outdated"
                turn.note("lease-over", f"{service.name}: {text}", service.name)
            turn.do(Outdate(service.name))
            turn.set_service(service.name, next_outdate=now + 4 * data.RETRY_S)


def _set(turn: Turn, **changes: object) -> Vigil:
    vigil = changed(turn.state.vigil, **changes)
    turn.set(vigil=vigil)
    return vigil
