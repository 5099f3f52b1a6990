# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What need not be thought about again: heartbeats, taken in and sent, that say nothing new.

Rules look at nothing but the state and the time. If all of them have looked at a state and changed
nothing, they have nothing to do before an event changes it or a time in it comes. A heartbeat that
repeats what the peer said last changes only when it was heard, and a tick only makes this node
repeat itself. The rules are left alone meanwhile, but never for longer than LOOK_S.
"""

from __future__ import annotations

from . import lease, links, liveness, orders, placement, repower, speech, vigil
from .actions import Action, Send
from .change import changed
from .events import Event, Heard, Tick
from .message import Message
from .state import Life, Peer, State
from .turn import Turn

LOOK_S = 2.0
"""At least this often every rule looks at the state, whatever happens."""

Result = tuple[State, tuple[Action, ...]]


def nothing_new(state: State, event: Event, now: float) -> Result | None:
    """The whole step, if the event gives the rules nothing to do; None if it may."""
    if now >= state.settled_until or liveness.overdue(state, now):
        return None
    if isinstance(event, Heard):
        noted = _repeated(state, event, now)
        if noted is not None and vigil.pet_due(noted, now):
            return None
        if noted is None or now < state.next_beat:
            return None if noted is None else (noted, ())
        return _beat(noted, now)
    if not isinstance(event, Tick) or vigil.pet_due(state, now):
        return None
    return _beat(state, now)


def _repeated(state: State, event: Heard, now: float) -> State | None:
    message, peer = event.message, state.peer
    known = peer.message
    if known is None or peer.life is not Life.ALIVE or peer.incarnation != peer.greeted:
        return None
    if message is not known and not _repeats(state, message, known):
        return None
    dead_s, at = state.config.timing.dead_s, links.heard_at(state, event.link)
    if at is None or now >= at + dead_s or now - peer.last >= links.LATE_SHARE * dead_s:
        return None
    new = liveness.noted(peer, event, now)
    return changed(state if new is peer else lease.acknowledged(state, message), peer=new)


def _repeats(state: State, message: Message, known: Message) -> bool:
    return (
        message.incarnation == known.incarnation == state.peer.incarnation
        and message.echo == state.incarnation
        and message.node == known.node
        and message.cluster == known.cluster
        and liveness.same_word(message, known)
    )


def _beat(state: State, now: float) -> Result | None:
    peer, said = state.peer, state.said
    if peer.life is Life.ALIVE and now - peer.last >= state.config.timing.suspect_s:
        return None
    if peer.life is Life.SUSPECT or said is None or said.echo != peer.greeted:
        return None
    if now < state.next_beat:
        return state, ()
    hears, heard = liveness.hears(state, now), liveness.answered(state)
    message = changed(said, sequence=state.sequence + 1, hears=hears, heard=heard)
    return speech.spoken(state, message, now), (Send(message),)


def settle(turn: Turn, before: State) -> None:
    """Remember until when nothing but an event can change anything, if all rules have looked."""
    after = turn.state
    beaten = changed(
        before,
        peer=after.peer,
        sequence=after.sequence,
        said=after.said,
        next_beat=after.next_beat,
        contact=after.contact,
    )
    same = beaten == after and _same(after.peer, before.peer)
    until = _next_time(after, turn.now) if same else 0.0
    if after.settled_until != until:
        turn.set(settled_until=until)


def _same(peer: Peer, before: Peer) -> bool:
    """The peer is what it was, but for the time when it was heard."""
    if peer is before:
        return True
    new, old = peer.message, before.message
    if new is not old and (new is None or old is None or not liveness.same_word(new, old)):
        return False
    return peer == changed(
        before, heard=peer.heard, last=peer.last, sequence=peer.sequence, message=new
    )


def _next_time(state: State, now: float) -> float:
    """The first time to come that any rule compares the present with."""
    timing, work = state.config.timing, state.exclusion
    times = [
        *orders.times(state),
        now + LOOK_S,
        work.next_query,
        work.retry_at,
        state.started + timing.startup_s,
        (state.peer.signed_at or 0.0) + timing.dead_s,
        (state.peer.stranger.at or 0.0) + timing.dead_s,
    ]
    times += [work.due] if work.due is not None else []
    times += repower.times(state)
    times += [*links.next_times(state), *vigil.times(state)]
    if state.lan_lost_since is not None:
        times.append(state.lan_lost_since + timing.witness_s)
    times.append(state.ineligible_since + timing.witness_s)
    for service in state.services:
        times += [service.next_outdate, service.next_resume, service.split_at or 0.0]
        times += [waiting.until for waiting in service.waiting]
        if service.move is not None:
            times.append(service.move.until)
        if service.failed_at is not None or service.restarts:
            expiry_s = placement.expiry_s(state, service)
            times += [time + expiry_s for time in service.restarts]
            times.append((service.failed_at or 0.0) + expiry_s)
        if service.home_since is not None:
            config = placement.config_of(state, service.name)
            times.append(service.home_since + config.failback_delay_s)
    return min(time for time in times if time > now)
