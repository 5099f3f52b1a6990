# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is the peer alive? Only a fresh, signed message is a sign of life; silence proves nothing.

A dead, hung or frozen peer is silent alike (F01, F02, F25): it has to be excluded first.
"""

from __future__ import annotations

from . import lease, links, lives, strangers
from .actions import KeepLife
from .change import changed
from .clock import Clock
from .events import Heard
from .message import Local, Message
from .state import Life, LinkHeard, Peer, Proof, State
from .turn import Turn

SPEAKS = "signed heartbeats of it arrive, but none that answers this life of failoverd"
REORDER = 10
"""How many heartbeats a slower link may lag behind the quickest and still count (F18)."""


def hear(turn: Turn, event: Heard) -> None:
    """Take in one message: F17, F18, F19."""
    message, state = event.message, turn.state
    peer = state.peer
    if message.node != state.config.peer or message.cluster != state.config.cluster:
        strangers.met(turn, message)
        return
    if peer.life is not Life.ALIVE:
        peer = turn.set_peer(signed_at=turn.now)
    if message.echo > state.incarnation:
        state = _raise(turn, message.echo)
    if message.incarnation <= peer.dead or message.incarnation < peer.greeted:
        _tell_old(turn)
        return
    if message.incarnation > peer.greeted:
        peer = turn.set_peer(greeted=message.incarnation, greeted_at=turn.now)
        for service in state.services:
            # Its requests are numbered anew: an old answer must not fit a new one (F13).
            turn.set_service(service.name, outdated=0, outdating=0, cleared=0)
    if message.echo != state.incarnation:
        # It does not know this life yet: our next heartbeat tells it. A replay stays here (F19).
        return
    if message.incarnation > peer.incarnation:
        peer = _new_life(turn, peer, message)
    _hear_on_link(turn, peer, event)


def watch(turn: Turn) -> None:
    """Let silence grow into suspicion, and suspicion into silence. Never into more."""
    peer, timing = turn.state.peer, turn.state.config.timing
    if peer.life is Life.ALIVE and turn.clock.silent(peer.last, timing.suspect_s):
        silent_s = turn.now - peer.last
        peer = turn.set_peer(life=Life.SUSPECT, since=turn.now)
        turn.note(
            "peer-suspect", f"{turn.state.config.peer} has not been heard for {silent_s:.1f} s"
        )
    if peer.life is Life.SUSPECT and turn.clock.silent(peer.last, timing.dead_s):
        turn.set_peer(life=Life.SILENT, since=turn.now)
        turn.note("peer-silent", f"{turn.state.config.peer} is silent on every link", alert=True)


def prove_gone(turn: Turn, proof: Proof, life: int, detail: str = "") -> bool:
    """Record that every life of the peer up to this incarnation is over. False if outlived."""
    peer = turn.state.peer
    if peer.greeted > life or peer.incarnation > life:
        turn.note("proof-void", f"{turn.state.config.peer} has started anew: {proof.value} is void")
        return False
    turn.set_peer(life=Life.GONE, since=turn.now, dead=max(peer.dead, life), proof=proof)
    for service in turn.state.services:
        turn.set_service(service.name, grant=None)
    text = f"{turn.state.config.peer} is gone: {proof.value}"
    turn.note("peer-gone", f"{text} ({detail})" if detail else text)
    return True


def power_returned(turn: Turn, how: str) -> None:
    """The peer's kernel has connected, or may have, since the peer was proven off (F12).

    Until it is heard, nothing is known of it; the next loss of its kernel needs a new proof.
    """
    peer = turn.state.peer
    turn.set_exclusion(query_op=0)  # what is answered now was asked before
    if peer.life is Life.GONE and peer.proof.powerless:
        turn.note("proof-void", f"{turn.state.config.peer} {how}")
        # F09: who was never heard is not shot for its silence either.
        life = Life.SUSPECT if peer.incarnation else Life.UNSEEN
        turn.set_peer(
            life=life, since=turn.now, last=turn.now, proof=Proof.NONE, message=None, heard=()
        )


def recover_from_pause(turn: Turn, gap_s: float) -> None:
    """F26, F27: what was believed before the gap is stale; silence is counted from now."""
    peer = turn.state.peer
    turn.note("paused", f"this daemon did not run for {gap_s:.1f} s; verifying anew", alert=True)
    if peer.life in (Life.ALIVE, Life.SUSPECT, Life.SILENT):
        turn.set_peer(life=Life.SUSPECT, since=turn.now, last=turn.now, heard=())
    turn.set_exclusion(due=None)
    for service in turn.state.services:
        renewed = turn.number() if service.promise else 0
        turn.set_service(service.name, claim=0, promise=renewed)


def overdue(state: State, clock: Clock) -> bool:
    """Its own heartbeat is overdue by a whole interval: it does not see things as they happen."""
    return clock.reached(state.next_beat + state.config.timing.heartbeat_s)


def hears(state: State, clock: Clock) -> tuple[str, ...]:
    """Links on which the peer was heard within the dead time (F11, F17)."""
    dead_s = state.config.timing.dead_s
    heard = [link for link in state.peer.heard if not clock.passed(link.at + dead_s)]
    return tuple(sorted([link.name for link in heard]))


def answered(state: State) -> int:
    """The newest heartbeat of the peer's present life, which ours echoes; 0 if it is not heard."""
    peer = state.peer
    if state.config.lease is None or peer.incarnation != peer.greeted or peer.life is Life.GONE:
        return 0
    return peer.sequence


def _raise(turn: Turn, known: int) -> State:
    """F73: the peer knows a later life of this node. It takes this one for over: it hears nothing.

    This life goes on under a number that is greater. The peer has signed what it knows, so it is
    true however old the message is: a replay leads to a greater number, and to nothing more.
    """
    state = turn.state
    number = lives.after(known, state.incarnation)
    if number is None:
        return state
    text = f"{state.config.peer} knows a later life of this node; it goes on under a greater number"
    turn.note("life-raised", text, alert=True)
    turn.set(incarnation=number)
    turn.do(KeepLife(number))
    return turn.state


def speaks(state: State, clock: Clock) -> bool:
    """A signed message of the peer came of late, whether it counts or not (F73, F80)."""
    at = state.peer.signed_at
    late = at is not None and not clock.passed(at + state.config.timing.dead_s)
    return late or strangers.speak(state, clock)


def _tell_old(turn: Turn) -> None:
    """F18, F73: late words pass soon; what goes on is replayed, or a number that went back."""
    peer = turn.state.peer
    over = max(peer.greeted_at, peer.since if peer.life is Life.GONE else 0.0)
    if peer.told_old or not turn.passed(over + turn.state.config.timing.dead_s):
        return
    turn.set_peer(told_old=True)
    name = turn.state.config.peer
    text = f"signed heartbeats of an older life of {name} arrive, and count for nothing"
    turn.note(
        "old-life",
        f"{text}: somebody replays them, or {name} runs and was taken for off",
        alert=True,
    )


def _new_life(turn: Turn, peer: Peer, message: Message) -> Peer:
    again = peer.incarnation != 0
    turn.note("peer-life", f"{message.node} {'starts a new life' if again else 'is heard'}")
    return turn.set_peer(
        incarnation=message.incarnation,
        sequence=0,
        heard=(),
        message=None,
        proof=Proof.NONE,
        told_old=False,
    )


def same_word(new: Message, old: Message) -> bool:
    """Two heartbeats of one life say the same, whenever they were sent."""
    return (
        new.services == old.services
        and new.goodbye is old.goodbye
        and new.reach is old.reach
        and new.maintenance == old.maintenance
        and new.standby == old.standby
        and new.peer_standby == old.peer_standby
    )


def noted(peer: Peer, event: Heard, now: float) -> Peer:
    """The peer with this message noted down: heard anew, a copy over another link, or too old."""
    message = event.message
    others = []
    for link in peer.heard:
        if link.name != event.link:
            others.append(link)
        elif message.sequence <= link.sequence:
            return peer
    if message.sequence + REORDER < peer.sequence:
        return peer
    heard = (*others, LinkHeard(event.link, message.sequence, now))
    if message.sequence <= peer.sequence:
        return changed(peer, heard=heard, last=now)
    return changed(peer, heard=heard, last=now, sequence=message.sequence, message=message)


def _hear_on_link(turn: Turn, peer: Peer, event: Heard) -> None:
    message, was = event.message, peer.life
    new = noted(peer, event, turn.now)
    if new is peer:
        return
    turn.state = lease.acknowledged(turn.state, message)
    if peer.heard and was in (Life.ALIVE, Life.SUSPECT):
        links.late(turn, turn.now - peer.last)
    turn.set_peer(heard=new.heard, sequence=new.sequence, message=new.message)
    if new.sequence == peer.sequence:
        if was is not Life.SILENT:  # a late copy of what was heard before does not end it (F18)
            turn.set_peer(last=turn.now)
        return
    if was is not Life.ALIVE:
        turn.state = lease.met_again(turn.state, turn.clock)
    since = peer.since if was is Life.ALIVE else turn.now
    turn.set_peer(life=Life.ALIVE, since=since, last=turn.now, proof=Proof.NONE)
    if message.goodbye and all(s.local is Local.STOPPED for s in message.services):
        prove_gone(turn, Proof.GOODBYE, message.incarnation)
    elif was is not Life.ALIVE:
        turn.note("peer-alive", f"{message.node} is alive")
