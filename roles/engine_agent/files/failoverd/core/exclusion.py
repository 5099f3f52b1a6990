# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fencing: asking about a silent peer, shooting it for a reason, and never believing a timeout."""

from __future__ import annotations

from . import data, lease, placement, repower, strangers
from .actions import Ask, Fence
from .config import CoreConfig, Kind
from .events import FenceDone, Power
from .liveness import prove_gone
from .message import Local
from .modes import is_on
from .state import Life, Proof, State
from .turn import Turn


def exclude(turn: Turn) -> None:
    """Start what is due: a question, a shot, the peer's power."""
    if not turn.state.config.levels or turn.state.leaving < 0:
        return
    _question(turn)
    _shoot(turn)
    repower.watch(turn)


def done(turn: Turn, event: FenceDone) -> None:
    """A fence device has answered, or has not."""
    work = turn.state.exclusion
    if event.op == work.query_op:
        _answered(turn, event)
    elif event.op == work.shot_op:
        _shot(turn, event)
    elif event.op == work.on_op:
        repower.done(turn, event)


def reason_to_shoot(turn: Turn) -> str:
    """Why the peer has to be fenced now, empty if it need not be."""
    state = turn.state
    for service in state.services:
        report = turn.report(service.name)
        if report is not None and report.doomed:
            return f"{state.config.peer} could not stop {service.name}"  # F47
    peer = state.peer
    if peer.life is Life.GONE and not peer.proof.powerless:
        frozen = any(s.waiting or s.disk.suspended for s in state.services)
        return f"{state.config.peer} left, but its disk may pass for current" if frozen else ""
    if peer.life is not Life.SILENT:
        return ""
    if any(data.visibly_primary(s) or (s.held and s.disk.connected) for s in state.services):
        return ""  # F12: its kernel answers over the replication link
    if strangers.speak(state, turn.clock):
        return ""  # F80: it lives, under another name
    doubtful = [s for s in state.services if not lease.excused(state, s)]
    for service in doubtful:
        if service.held:
            return f"{state.config.peer} is silent while {service.name} is here"
    for service in doubtful:
        if placement.unable(turn, service) == "":
            return f"{state.config.peer} is silent and {service.name} could be taken over"
    return ""


def head_start(state: State) -> float:
    """Seconds to wait before the shot: the owner goes first (F14, F15)."""
    delay = state.config.timing.fence_delay_s
    message = state.peer.message
    theirs = (
        {r.name for r in message.services if r.local not in (Local.STOPPED, Local.UNKNOWN)}
        if message is not None
        else set()
    )
    for service in state.services:
        if service.held:
            return 0.0
        if service.name in theirs:
            return delay
    return 0.0 if state.config.node < state.config.peer else delay


def _question(turn: Turn) -> None:
    """Only asking harms nobody, so it may start at the first suspicion (F05)."""
    state, work = turn.state, turn.state.exclusion
    life = state.peer.life
    unseen_long = life is Life.UNSEEN and turn.passed(state.started + state.config.timing.startup_s)
    first = _following(state, -1, Ask.STATUS)
    if first is None or work.query_op or work.shot_op or not turn.passed(work.next_query):
        return
    if life in (Life.SUSPECT, Life.SILENT) or unseen_long or reason_to_shoot(turn):
        op = turn.number()
        until = _until(turn, first)
        of = state.peer.greeted
        turn.set_exclusion(query_op=op, query_until=until, query_level=first, query_of=of)
        turn.do(Fence(op, first, Ask.STATUS))


def _answered(turn: Turn, event: FenceDone) -> None:
    state, work = turn.state, turn.state.exclusion
    life = state.peer.life
    following = _following(state, work.query_level, Ask.STATUS)
    if life is Life.GONE and state.peer.proof.powerless:
        turn.set_exclusion(query_op=0)  # a fenced peer stays fenced, by this node (F10)
    elif event.power is Power.OFF and life is not Life.ALIVE:
        turn.set_exclusion(query_op=0, due=None)
        repower.found_off(turn, work.query_level)
        prove_gone(turn, Proof.FOUND_OFF, work.query_of, _level(state.config, work.query_level))
    elif following is not None and life not in (Life.ALIVE, Life.GONE):
        op = turn.number()
        until = _until(turn, following)
        turn.set_exclusion(query_op=op, query_until=until, query_level=following)
        turn.do(Fence(op, following, Ask.STATUS))
    else:
        turn.set_exclusion(query_op=0, next_query=turn.now + state.config.timing.query_s)


def _shoot(turn: Turn) -> None:
    work = turn.state.exclusion
    reason = "" if is_on(turn.state.modes.maintenance) else reason_to_shoot(turn)  # F66
    if not reason:
        if work.due is not None:
            turn.set_exclusion(due=None, tries=0, retry_at=0.0)
        return
    first = _following(turn.state, -1, Ask.OFF)
    if first is None:
        return  # a lease runs out by itself: there is nothing to wait for here
    if work.due is None:
        doomed = turn.state.peer.life is Life.ALIVE
        work = turn.set_exclusion(due=turn.now + (0.0 if doomed else head_start(turn.state)))
    if work.shot_op or not turn.passed(max(work.due or 0.0, work.retry_at)):
        return
    op = turn.number()
    until, of = _until(turn, first), turn.state.peer.greeted
    turn.set_exclusion(shot_op=op, shot_until=until, shot_level=first, shot_of=of)
    repower.ordered(turn, first)
    turn.do(Fence(op, first, Ask.OFF))
    turn.note("fence", f"fencing {turn.state.config.peer}: {reason}", alert=True)


def _shot(turn: Turn, event: FenceDone) -> None:
    state, work = turn.state, turn.state.exclusion
    timing = state.config.timing
    level = _level(state.config, work.shot_level)
    locks = state.config.kind(work.shot_level) is Kind.SFEX
    repower.answered(turn, event.power)
    if event.power is Power.OFF and locks:
        _locked_out(turn)
        if not reason_to_shoot(turn):
            turn.set_exclusion(shot_op=0, due=None, tries=0, retry_at=0.0, failure="")
            return
    elif event.power is Power.OFF:
        turn.set_exclusion(shot_op=0, due=None, tries=0, retry_at=0.0, failure="")
        prove_gone(turn, Proof.FENCED, work.shot_of, level)
        return
    else:
        # F03: whatever is not a verified "off" is a failure, a timeout above all.
        text = f"{level} did not fence {state.config.peer}"
        turn.note("fence-failed", f"{text}: {event.detail}", alert=True)
        turn.set_exclusion(failure=f"{level}: {event.detail or 'no answer'}")
    following = _following(state, work.shot_level, Ask.OFF)
    goes_on = not is_on(state.modes.maintenance) and reason_to_shoot(turn)
    if following is not None and goes_on:
        op = turn.number()
        turn.set_exclusion(shot_op=op, shot_until=_until(turn, following), shot_level=following)
        repower.ordered(turn, following)
        turn.do(Fence(op, following, Ask.OFF))
        return
    pause = min(60.0, timing.fence_retry_s * 2.0 ** min(work.tries, 10))
    turn.set_exclusion(shot_op=0, tries=work.tries + 1, retry_at=turn.now + pause)


def _locked_out(turn: Turn) -> None:
    """Every lock is here: whatever the peer had on the shared disk has reset itself (F65)."""
    state = turn.state
    if state.peer.life is not Life.SILENT:
        return
    for service in state.services:
        if placement.config_of(state, service.name).locked:
            turn.set_service(service.name, proof=Proof.LOCK, proof_at=turn.now)
    turn.note("locked-out", f"{state.config.peer}: {Proof.LOCK.value}")


def _following(state: State, level: int, ask: Ask) -> int | None:
    """The next level that can be asked this: locks are taken only, a lease runs out by itself.

    F80: a peer that reckons with other durations may live on for longer without its locks.
    """
    locks = ask is not Ask.STATUS and lease.agreed(state)
    fit = (Kind.STONITH, Kind.SFEX) if locks else (Kind.STONITH,)
    for number in range(level + 1, len(state.config.levels)):
        if state.config.kind(number) in fit:
            return number
    return None


def _until(turn: Turn, level: int) -> float:
    """When what is asked of that level now has failed without an answer (F76)."""
    return turn.now + turn.state.config.fence_limit_s(level)


def _level(config: CoreConfig, number: int) -> str:
    return config.levels[number] if number < len(config.levels) else str(number)
