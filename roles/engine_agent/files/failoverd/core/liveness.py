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
        _new_life(turn, peer, message)
    _hear_on_link(turn, event)


def watch(turn: Turn) -> None:
    """Let silence grow into suspicion, and suspicion into silence. Never into more."""
    peer, timing = turn.state.peer, turn.state.config.timing
    if peer.life is Life.ALIVE and turn.passed(peer.last + timing.suspect_s):
        silent_s = turn.now - peer.last
        peer = turn.set_peer(life=Life.SUSPECT, since=turn.now)
        turn.note(
            "peer-suspect", f"{turn.state.config.peer} has not been heard for {silent_s:.1f} s"
        )
    if peer.life in (Life.ALIVE, Life.SUSPECT) and turn.passed(peer.lived + timing.dead_s):
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
        now = turn.now
        turn.set_peer(
            life=life, since=now, last=now, lived=now, proof=Proof.NONE, message=None, heard=()
        )


def recover_from_pause(turn: Turn, gap_s: float) -> None:
    """F26, F27: what was believed before the gap is stale; silence is counted from now."""
    peer = turn.state.peer
    turn.note("paused", f"this daemon did not run for {gap_s:.1f} s; verifying anew", alert=True)
    if peer.life in (Life.ALIVE, Life.SUSPECT, Life.SILENT):
        now = turn.now
        turn.set_peer(life=Life.SUSPECT, since=now, last=now, lived=now, heard=())
    if peer.signed_at is not None:
        # Nobody listened during the gap: that nothing was heard in it is no silence (F26, F73).
        turn.set_peer(signed_at=turn.now)
    turn.set_exclusion(due=None)
    for service in turn.state.services:
        renewed = turn.number() if service.promise else 0
        turn.set_service(service.name, claim=0, promise=renewed)


def overdue(state: State, clock: Clock) -> bool:
    """Its own heartbeat is overdue by a whole interval: it does not see things as they happen."""
    return clock.passed(state.next_beat + state.config.timing.heartbeat_s)


def hears(state: State, clock: Clock) -> tuple[str, ...]:
    """Links on which the peer was heard within the dead time (F11, F17)."""
    dead_s = state.config.timing.dead_s
    heard = [link for link in state.peer.heard if not clock.passed(link.at + dead_s)]
    return tuple(sorted([link.name for link in heard]))


def answered(state: State) -> int:
    """The newest heartbeat of the peer's present life, which ours echoes; 0 if it is not heard."""
    peer = state.peer
    if peer.incarnation != peer.greeted or peer.life is Life.GONE:
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


def _new_life(turn: Turn, peer: Peer, message: Message) -> None:
    again = peer.incarnation != 0
    turn.note("peer-life", f"{message.node} {'starts a new life' if again else 'is heard'}")
    turn.set_peer(
        incarnation=message.incarnation,
        sequence=0,
        pace=None,
        heard=(),
        message=None,
        proof=Proof.NONE,
        told_old=False,
    )


def noted(state: State, event: Heard, now: float) -> State:
    """The state with this message noted down; the same if it was heard on that link or is too old.

    A copy of what came over another link is no news.
    """
    message, peer = event.message, state.peer
    others = []
    for link in peer.heard:
        if link.name != event.link:
            others.append(link)
        elif message.sequence <= link.sequence:
            return state
    if message.sequence + REORDER < peer.sequence:
        return state
    state = lease.acknowledged(state, message)
    pace = _pace(state, message, now)
    lived = min(now, pace + (message.sequence + 1) * state.config.timing.heartbeat_s)
    blind = not message.heard or not message.hears
    if blind and message.sequence > peer.sequence:
        lived = now  # it is too old to say what it answers, or does not hear this node (F17, F63)
    heard = (*others, LinkHeard(event.link, message.sequence, now))
    new = changed(peer, heard=heard, last=now, pace=pace, lived=max(peer.lived, lived))
    if message.sequence > peer.sequence:
        new = changed(new, sequence=message.sequence, message=message)
    return changed(state, peer=new)


def _pace(state: State, message: Message, now: float) -> float:
    """F81: a message that was held back on its way is known by its number.

    A node sends at least one message in each heartbeat. So the earliest of them tell when each was
    due; one that comes later says that the peer lived when it was due, and little more. If the peer
    itself was late (F21), its messages show it: what answers a heartbeat of this node was sent
    after that one.
    """
    peer, at = state.peer, message.sequence * state.config.timing.heartbeat_s
    pace = now - at if peer.pace is None else peer.pace
    answers = state.contact.answered_at
    if answers is not None and message.sequence > peer.sequence:
        pace = max(pace, answers - at)
    return min(pace, now - at)


def _hear_on_link(turn: Turn, event: Heard) -> None:
    before, message = turn.state.peer, event.message
    state = noted(turn.state, event, turn.now)
    if state is turn.state:
        return
    turn.state = state
    if before.heard and before.life in (Life.ALIVE, Life.SUSPECT):
        links.late(turn, turn.now - before.last)
    known = state.peer.sequence == before.sequence
    late = known or turn.passed(state.peer.lived + state.config.timing.dead_s)
    if before.life is Life.SILENT and late:
        turn.set_peer(last=before.last)  # words of before the silence do not end it (F18, F81)
        return
    if known:
        return
    was = before.life
    if was is not Life.ALIVE:
        met = lease.met_again(changed(state, peer=before), turn.clock)
        turn.set(contact=met.contact)
    since = before.since if was is Life.ALIVE else turn.now
    turn.set_peer(life=Life.ALIVE, since=since, proof=Proof.NONE)
    if message.goodbye and all(s.local is Local.STOPPED for s in message.services):
        prove_gone(turn, Proof.GOODBYE, message.incarnation)
    elif was is not Life.ALIVE:
        turn.note("peer-alive", f"{message.node} is alive")
