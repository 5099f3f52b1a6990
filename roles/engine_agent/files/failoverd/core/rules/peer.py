# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is the peer alive? Only a fresh, signed message is a sign of life; silence proves nothing.

A dead, hung or frozen peer is silent alike (F01, F02, F25): it has to be excluded first.
"""

from __future__ import annotations

from failoverd.core import lives
from failoverd.core.actions import KeepLife
from failoverd.core.change import changed
from failoverd.core.events import Heard
from failoverd.core.facts import peer_was_off
from failoverd.core.message import REORDER, Local, Message
from failoverd.core.state import UNKNOWN_LIFE, Life, LinkHeard, Proof, Stranger
from failoverd.core.workbench import Step

from . import contact, links


def hear(step: Step, event: Heard) -> None:
    """Take in one message: F17, F18, F19."""
    message = event.message
    if message.node != step.peer_name or message.cluster != step.config.cluster:
        _meet_stranger(step, message)
        return
    if step.peer.life is not Life.ALIVE:
        step.set_peer(signed_at=step.now)
    if message.echo > step.state.incarnation:
        _raise(step, message.echo)
    peer = step.peer
    if message.incarnation <= peer.dead or message.incarnation < peer.greeted:
        _tell_old(step)
        return
    if message.incarnation > peer.greeted:
        step.set_peer(greeted=message.incarnation, greeted_at=step.now)
        for service in step.services:
            # Its requests are numbered anew: an old answer must not fit a new one (F13).
            step.set_service(service.name, outdated=0, outdating=0, cleared=0)
    if message.echo != step.state.incarnation:
        # It does not know this life yet: our next heartbeat tells it. A replay stays here (F19).
        return
    if message.incarnation > peer.incarnation:
        _new_life(step, message)
    _hear_on_link(step, event)


def watch(step: Step) -> None:
    """Silence becomes suspicion, and suspicion becomes silence. It never becomes a proof."""
    peer, timing = step.peer, step.timing
    if peer.life is Life.ALIVE and step.passed(peer.last + timing.suspect_s):
        silent_s = step.now - peer.last
        peer = step.set_peer(life=Life.SUSPECT, since=step.now)
        step.note("peer-suspect", f"{step.peer_name} has not been heard for {silent_s:.1f} s")
    if peer.life.heard and step.passed(peer.lived + timing.dead_s):
        step.set_peer(life=Life.SILENT, since=step.now)
        step.note("peer-silent", f"{step.peer_name} is silent on every link", alert=True)


def prove_gone(step: Step, proof: Proof, life: int, detail: str = "") -> bool:
    """Record that every life of the peer up to this incarnation is over. False if outlived."""
    peer = step.peer
    if peer.greeted > life or peer.incarnation > life:
        step.note("proof-void", f"{step.peer_name} has lived since: {proof.value} is void")
        return False
    step.set_peer(life=Life.GONE, since=step.now, dead=max(peer.dead, life), proof=proof)
    for service in step.services:
        step.set_service(service.name, grant=None)
    text = f"{step.peer_name} is gone: {proof.value}"
    step.note("peer-gone", f"{text} ({detail})" if detail else text)
    return True


def power_returned(step: Step, how: str) -> None:
    """The peer's kernel has connected, or may have, since the peer was proven off (F12).

    Until it is heard, nothing is known of it; the next loss of its kernel needs a new proof.
    """
    _outlived(step)
    if peer_was_off(step):
        step.note("proof-void", f"{step.peer_name} {how}")
        # F09: who was never heard is not shot for its silence either.
        life = Life.SUSPECT if step.peer.incarnation else Life.UNSEEN
        now = step.now
        step.set_peer(
            life=life, since=now, last=now, lived=now, proof=Proof.NONE, message=None, heard=()
        )


def _outlived(step: Step) -> None:
    """The peer has shown a sign of life: what the devices were asked before proves nothing (F80).

    A shot that is under way may have hit before it, and the peer was switched on since.
    """
    void = tuple(changed(asked, of=UNKNOWN_LIFE) for asked in step.exclusion.shots)
    step.set_exclusion(questions=(), shots=void)


def paused(step: Step, gap_s: float) -> None:
    """F26, F27: what was believed before the gap is stale; silence is counted from now."""
    peer, now = step.peer, step.now
    step.note("paused", f"this daemon did not run for {gap_s:.1f} s; verifying anew", alert=True)
    if peer.life.heard or peer.life is Life.SILENT:
        step.set_peer(life=Life.SUSPECT, since=now, last=now, lived=now, heard=())
    elif peer.life is Life.UNSEEN:
        step.set_peer(last=now)
    if peer.signed_at is not None:
        # Nobody listened during the gap: that nothing was heard in it is no silence (F26, F73).
        step.set_peer(signed_at=now)
    step.set_exclusion(since=None)
    for service in step.services:
        renewed = step.number() if service.promise else 0
        step.set_service(service.name, claim=0, promise=renewed)


def _meet_stranger(step: Step, message: Message) -> None:
    """The peer's machine speaks under another name: it has the key, so it is not fenced (F80).

    The two nodes disagree on the name of the cluster or of a node, as while one of them is renamed.
    Nothing else that such a message says counts. It cannot answer this life, because it takes no
    notice of it; so it counts only if its number is greater than all that was heard before (F19).
    What this node itself has said may be sent back to it: that is nobody's sign of life.
    """
    known, number = step.peer.stranger, (message.incarnation, message.sequence)
    new = message.incarnation > step.peer.greeted and number > (known.incarnation, known.sequence)
    if new and message.node != step.node:
        _outlived(step)
        step.set_peer(stranger=Stranger(*number, step.now))


def _raise(step: Step, known: int) -> None:
    """F73: the peer knows a later life of this node. It takes this one for over: it hears nothing.

    This life goes on under a number that is greater. The peer has signed what it knows, so it is
    true however old the message is: a replay leads to a greater number, and to nothing more.
    """
    number = lives.after(known, step.state.incarnation)
    if number is None:
        return
    text = f"{step.peer_name} knows a later life of this node; it goes on under a greater number"
    step.note("life-raised", text, alert=True)
    step.set(incarnation=number)
    step.do(KeepLife(number))


def _tell_old(step: Step) -> None:
    """F18, F73: late messages end soon. If they go on, they are replayed, or a number went back."""
    peer = step.peer
    over = max(peer.greeted_at, peer.since if peer.life is Life.GONE else 0.0)
    if peer.told_old or not step.passed(over + step.timing.dead_s):
        return
    step.set_peer(told_old=True)
    name = step.peer_name
    text = f"signed heartbeats of an older life of {name} arrive, and count for nothing"
    why = f"somebody replays them, or {name} runs and was taken for off"
    step.note("old-life", f"{text}: {why}", alert=True)


def _new_life(step: Step, message: Message) -> None:
    what = "starts a new life" if step.peer.incarnation else "is heard"
    step.note("peer-life", f"{message.node} {what}")
    step.set_peer(
        incarnation=message.incarnation,
        sequence=0,
        pace=None,
        heard=(),
        message=None,
        proof=Proof.NONE,
        told_old=False,
    )


def _hear_on_link(step: Step, event: Heard) -> None:
    before, message = step.peer, event.message
    if not _note_down(step, event):
        return
    if before.heard and before.life.heard:
        links.late(step, step.now - before.last)
    known = step.peer.sequence == before.sequence
    late = known or step.passed(step.peer.lived + step.timing.dead_s)
    if before.life is Life.SILENT and late:
        step.set_peer(last=before.last)  # words of before the silence do not end it (F18, F81)
        return
    if known:
        return
    returned = before.life is not Life.ALIVE
    if returned:
        contact.met_again(step, before)
    since = step.now if returned else before.since
    step.set_peer(life=Life.ALIVE, since=since, proof=Proof.NONE)
    if message.goodbye and all(s.local is Local.STOPPED for s in message.services):
        prove_gone(step, Proof.GOODBYE, message.incarnation)
    elif returned:
        step.note("peer-alive", f"{message.node} is alive")


def _note_down(step: Step, event: Heard) -> bool:
    """Remember this message. False if it was heard on that link before, or is too old.

    A copy of what came over another link is no news.
    """
    message, peer = event.message, step.peer
    others = [link for link in peer.heard if link.name != event.link]
    heard = [link for link in peer.heard if link.name == event.link]
    if any(message.sequence <= link.sequence for link in heard):
        return False
    if message.sequence + REORDER < peer.sequence:
        return False
    contact.acknowledged(step, message)
    pace = _pace(step, message)
    lived = min(step.now, pace + (message.sequence + 1) * step.timing.heartbeat_s)
    new = message.sequence > peer.sequence
    if new and not (message.heard and message.hears):
        lived = step.now  # too old to say what it answers, or it does not hear this node (F17, F63)
    link = LinkHeard(event.link, message.sequence, step.now)
    lived = max(peer.lived, lived)
    step.set_peer(heard=(*others, link), last=step.now, pace=pace, lived=lived)
    if new:
        step.set_peer(sequence=message.sequence, message=message)
    return True


def _pace(step: Step, message: Message) -> float:
    """F81: a message that was held back on its way is known by its number.

    A node sends at least one message in each heartbeat. So the earliest of them tell when each was
    due; one that comes later says that the peer lived when it was due, and little more. If the peer
    itself was late (F21), its messages show it: what answers a heartbeat of this node was sent
    after that one.
    """
    peer, at = step.peer, message.sequence * step.timing.heartbeat_s
    pace = step.now - at if peer.pace is None else peer.pace
    answers = step.state.contact.answered_at
    if answers is not None and message.sequence > peer.sequence:
        pace = max(pace, answers - at)
    return min(pace, step.now - at)
