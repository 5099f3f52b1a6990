# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fencing: ask about a silent peer, shoot it for a reason, and never believe a timeout."""

from __future__ import annotations

from failoverd.core import lease, placement
from failoverd.core.actions import Ask, Fence
from failoverd.core.config import Kind
from failoverd.core.events import FenceDone, Power
from failoverd.core.facts import frozen, peer_was_off, stranger_speaks, visibly_primary
from failoverd.core.state import Life, Proof
from failoverd.core.workbench import Step

from . import power_on
from .peer import prove_gone

LONGEST_S = 60.0
"""The longest pause between two tries."""


def exclude(step: Step) -> None:
    """Start what is due: a question, a shot, the peer's power."""
    if not step.config.levels or step.state.left:
        return
    _question(step)
    _shoot(step)
    power_on.watch(step)


def done(step: Step, event: FenceDone) -> None:
    """A fence device has answered, or has not."""
    work = step.exclusion
    if event.op == work.query_op:
        _answered(step, event)
    elif event.op == work.shot_op:
        _shot(step, event)
    elif event.op == work.on_op:
        power_on.done(step, event)


def reason_to_shoot(step: Step) -> str:
    """Why the peer has to be fenced now, empty if it need not be."""
    name, life = step.peer_name, step.peer.life
    for service in step.services:
        report = step.report(service.name)
        if report is not None and report.doomed:
            return f"{name} could not stop {service.name}"  # F47
    if life is Life.GONE and not peer_was_off(step):
        waits = any(frozen(service) for service in step.services)
        return f"{name} left, but its disk may pass for current" if waits else ""
    if life is not Life.SILENT:
        return ""
    if any(visibly_primary(s) or (s.held and s.disk.connected) for s in step.services):
        return ""  # F12: its kernel answers over the replication link
    if stranger_speaks(step):
        return ""  # F80: it lives, under another name
    doubtful = [service for service in step.services if not lease.excused(step, service)]
    for service in doubtful:
        if service.held:
            return f"{name} is silent while {service.name} is here"
    for service in doubtful:
        if placement.unable(step, service) == "":
            return f"{name} is silent and {service.name} could be taken over"
    return ""


def head_start(step: Step) -> float:
    """Seconds to wait before the shot: the owner goes first (F14, F15)."""
    delay = step.timing.fence_delay_s
    for service in step.services:
        theirs = step.last_word(service.name)
        if service.held:
            return 0.0
        if theirs is not None and theirs.local.held:
            return delay
    return 0.0 if step.node < step.peer_name else delay


def _question(step: Step) -> None:
    """A question does no harm, so it is asked at the first suspicion (F05)."""
    work, life = step.exclusion, step.peer.life
    started = step.state.started
    unseen_long = life is Life.UNSEEN and step.passed(started + step.timing.startup_s)
    first = _following(step, -1, Ask.STATUS)
    if first is None or work.query_op or work.shot_op or not step.passed(work.next_query):
        return
    if life in (Life.SUSPECT, Life.SILENT) or unseen_long or reason_to_shoot(step):
        step.set_exclusion(query_of=step.peer.greeted)
        _query(step, first)


def _query(step: Step, level: int) -> None:
    op, until = step.number(), _until(step, level)
    step.set_exclusion(query_op=op, query_until=until, query_level=level)
    step.do(Fence(op, level, Ask.STATUS))


def _answered(step: Step, event: FenceDone) -> None:
    work, life = step.exclusion, step.peer.life
    following = _following(step, work.query_level, Ask.STATUS)
    if peer_was_off(step):
        step.set_exclusion(query_op=0)  # a fenced peer stays fenced, by this node (F10)
    elif event.power is Power.OFF and life is not Life.ALIVE:
        step.set_exclusion(query_op=0, due=None)
        power_on.found_off(step, work.query_level)
        prove_gone(step, Proof.FOUND_OFF, work.query_of, _level(step, work.query_level))
    elif following is not None and life not in (Life.ALIVE, Life.GONE):
        _query(step, following)
    else:
        step.set_exclusion(query_op=0, next_query=step.now + step.timing.query_s)


def _shoot(step: Step) -> None:
    work = step.exclusion
    reason = "" if step.maintenance else reason_to_shoot(step)  # F66
    if not reason:
        if work.due is not None:
            step.set_exclusion(due=None, tries=0, retry_at=0.0)
        return
    first = _following(step, -1, Ask.OFF)
    if first is None:
        return  # a lease runs out by itself: there is nothing to wait for here
    if work.due is None:
        doomed = step.peer.life is Life.ALIVE
        work = step.set_exclusion(due=step.now + (0.0 if doomed else head_start(step)))
    if work.shot_op or not step.passed(max(work.due or 0.0, work.retry_at)):
        return
    step.set_exclusion(shot_of=step.peer.greeted)
    _order_off(step, first)
    step.note("fence", f"fencing {step.peer_name}: {reason}", alert=True)


def _order_off(step: Step, level: int) -> None:
    op, until = step.number(), _until(step, level)
    step.set_exclusion(shot_op=op, shot_until=until, shot_level=level)
    power_on.ordered(step, level)
    step.do(Fence(op, level, Ask.OFF))


def _shot(step: Step, event: FenceDone) -> None:
    work = step.exclusion
    level = _level(step, work.shot_level)
    power_on.answered(step, event.power)
    if event.power is Power.OFF and step.config.kind(work.shot_level) is Kind.SFEX:
        _locked_out(step)
        if not reason_to_shoot(step):
            _hit(step)
            return
    elif event.power is Power.OFF:
        _hit(step)
        prove_gone(step, Proof.FENCED, work.shot_of, level)
        return
    else:
        # F03: whatever is not a verified "off" is a failure, a timeout above all.
        text = f"{level} did not fence {step.peer_name}"
        step.note("fence-failed", f"{text}: {event.detail}", alert=True)
        step.set_exclusion(failure=f"{level}: {event.detail or 'no answer'}")
    following = _following(step, work.shot_level, Ask.OFF)
    if following is not None and not step.maintenance and reason_to_shoot(step):
        _order_off(step, following)
        return
    pause = min(LONGEST_S, step.timing.fence_retry_s * 2.0 ** min(work.tries, 10))
    step.set_exclusion(shot_op=0, tries=work.tries + 1, retry_at=step.now + pause)


def _hit(step: Step) -> None:
    step.set_exclusion(shot_op=0, due=None, tries=0, retry_at=0.0, failure="")


def _locked_out(step: Step) -> None:
    """Every lock is here: whatever the peer had on the shared disk has reset itself (F65)."""
    if step.peer.life is not Life.SILENT:
        return
    for service in step.services:
        if step.settings(service).locked:
            step.set_service(service.name, proof=Proof.LOCK, proof_at=step.now)
    step.note("locked-out", f"{step.peer_name}: {Proof.LOCK.value}")


def _following(step: Step, level: int, ask: Ask) -> int | None:
    """The next level that can be asked this: locks are taken only, a lease runs out by itself.

    F80: a peer that reckons with other durations may live on for longer without its locks.
    """
    locks = ask is not Ask.STATUS and lease.agreed(step)
    fit = (Kind.STONITH, Kind.SFEX) if locks else (Kind.STONITH,)
    for number in range(level + 1, len(step.config.levels)):
        if step.config.kind(number) in fit:
            return number
    return None


def _until(step: Step, level: int) -> float:
    """When what is asked of that level now has failed without an answer (F76)."""
    return step.now + step.config.fence_limit_s(level)


def _level(step: Step, number: int) -> str:
    levels = step.config.levels
    return levels[number] if number < len(levels) else str(number)
