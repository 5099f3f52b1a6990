# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What need not be thought about again: heartbeats, taken in and sent, that say nothing new.

If all rules have looked at a state and changed nothing, they change nothing before an event comes,
or the first time that one of them compared the present with (see clock). A heartbeat that repeats
what the peer said last changes only when it was heard, and a tick only makes this node repeat
itself. The rules are left alone meanwhile.
"""

from __future__ import annotations

from . import lease, links, liveness, speech
from .actions import Action, Send
from .change import changed
from .clock import Clock
from .events import Event, Heard, Tick
from .message import Message
from .state import Life, Peer, State
from .turn import Turn

LOOK_S = 1.0
"""A step that changed something is followed by another after so long, if not before."""

Result = tuple[State, tuple[Action, ...]]


def nothing_new(state: State, event: Event, now: float) -> Result | None:
    """The whole step, if the event gives the rules nothing to do; None if it may."""
    clock = Clock(now)
    if clock.reached(_until(state)) or liveness.overdue(state, clock):
        return None
    if isinstance(event, Heard):
        noted = _repeated(state, event, clock)
        return None if noted is None else _beat(noted, clock)
    return _beat(state, clock) if isinstance(event, Tick) else None


def _until(state: State) -> float:
    """The first time at which a rule may come to another result."""
    silent_at = state.peer.last + state.quiet_s if state.quiet_s else state.settled_until
    return min(state.settled_until, silent_at)


def wake(state: State, clock: Clock) -> float:
    """When the next Tick is due: something was asked for then, or a heartbeat is to be sent."""
    return min(_until(state), state.next_beat) if state.settled_until else _soon(state, clock)


def _soon(state: State, clock: Clock) -> float:
    """What was changed in this step is looked at by every rule before long."""
    silent_at = state.peer.last + clock.silence_s if clock.silence_s else clock.ahead
    return min(clock.ahead, silent_at, state.next_beat, clock.now + LOOK_S)


def _repeated(state: State, event: Heard, clock: Clock) -> State | None:
    """The state with this message noted down, if it repeats what is known.

    What was silent until now is news, however little it says: a comparison with the time at which
    it was last heard comes out otherwise again.
    """
    message, peer = event.message, state.peer
    known = peer.message
    if known is None or peer.life is not Life.ALIVE or peer.incarnation != peer.greeted:
        return None
    if message is not known and not _repeats(state, message, known):
        return None
    dead_s, at = state.config.timing.dead_s, links.heard_at(state, event.link)
    if at is None or clock.reached(at + dead_s) or not lease.may_start(state, clock):
        return None
    if clock.reached(peer.last + links.LATE_SHARE * dead_s):
        return None
    return liveness.noted(state, event, clock.now)


def _repeats(state: State, message: Message, known: Message) -> bool:
    return (
        message.incarnation == known.incarnation == state.peer.incarnation
        and message.echo == state.incarnation
        and message.node == known.node
        and message.cluster == known.cluster
        and liveness.same_word(message, known)
    )


def _beat(state: State, clock: Clock) -> Result:
    if not clock.reached(state.next_beat) or state.said is None:
        at = wake(state, clock)
        return (state if at == state.wake else changed(state, wake=at)), ()
    hears, heard = liveness.hears(state, clock), liveness.answered(state)
    message = changed(state.said, sequence=state.sequence + 1, hears=hears, heard=heard)
    state = speech.spoken(state, message, clock.now)
    return changed(state, wake=wake(state, clock)), (Send(message),)


def settle(turn: Turn, before: State) -> None:
    """Remember until when nothing but an event can change anything, if all rules have looked."""
    after, clock = turn.state, turn.clock
    beaten = changed(
        before,
        peer=after.peer,
        sequence=after.sequence,
        said=after.said,
        next_beat=after.next_beat,
        contact=after.contact,
    )
    same = beaten == after and _same(after.peer, before.peer)
    after = changed(after, settled_until=clock.ahead if same else 0.0, quiet_s=clock.silence_s)
    turn.state = changed(after, wake=wake(after, clock))


def _same(peer: Peer, before: Peer) -> bool:
    """The peer is what it was, but for the time when it was heard."""
    if peer is before:
        return True
    new, old = peer.message, before.message
    if new is not old and (new is None or old is None or not liveness.same_word(new, old)):
        return False
    return peer == changed(
        before,
        heard=peer.heard,
        last=peer.last,
        lived=peer.lived,
        pace=peer.pace,
        sequence=peer.sequence,
        message=new,
    )
