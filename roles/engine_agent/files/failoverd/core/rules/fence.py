# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fencing: ask about a silent peer, shoot it for a reason, and never believe a timeout.

The levels race: all devices are asked at once, and the next one is ordered a little later than the
one before, not after its whole time-out (F83). Whichever has verified its off proves it.
"""

from __future__ import annotations

from failoverd.core import lease, placement
from failoverd.core.actions import Ask, Fence
from failoverd.core.config import LEAD_S, Kind
from failoverd.core.events import FenceDone, Power
from failoverd.core.facts import frozen, peer_was_off, stranger_speaks, visibly_primary
from failoverd.core.state import Asked, Life, Proof
from failoverd.core.workbench import Step

from . import head_start, power_on
from .peer import prove_gone

LONGEST_S = 60.0
"""The longest pause between two tries."""
MUTE_S = 1.5
"""Longer than the answer to a question takes."""
MUTE_LEAD_S = 0.5
"""So long a device that has not answered is alone with an order, and not LEAD_S: it may have lost
its power together with its node."""


def exclude(step: Step) -> None:
    """Start what is due: a question, a shot, the peer's power."""
    if not step.config.levels or step.state.left:
        return
    head_start.watch(step)
    _question(step)
    _shoot(step)
    power_on.watch(step)


def done(step: Step, event: FenceDone) -> None:
    """A fence device has answered, or has not."""
    work = step.exclusion
    for asked in work.questions:
        if event.op == asked.op:
            rest = tuple(other for other in work.questions if other is not asked)
            step.set_exclusion(questions=rest)
            _answered(step, asked, event)
    for asked in work.shots:
        if event.op == asked.op:
            rest = tuple(other for other in work.shots if other is not asked)
            step.set_exclusion(shots=rest)
            _shot(step, asked, event)
    if event.op == work.on_op:
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


def _question(step: Step) -> None:
    """A question does no harm, so it is asked at the first suspicion (F05)."""
    work, life = step.exclusion, step.peer.life
    started = step.state.started
    unseen_long = life is Life.UNSEEN and step.passed(started + step.timing.startup_s)
    if work.questions or work.shots or not step.passed(work.next_query):
        return
    if life in (Life.SUSPECT, Life.SILENT) or unseen_long or reason_to_shoot(step):
        for level in _levels(step, Ask.STATUS):
            asked = _ask(step, level, Ask.STATUS)
            step.set_exclusion(questions=(*step.exclusion.questions, asked))


def _ask(step: Step, level: int, ask: Ask) -> Asked:
    op = step.number()
    step.do(Fence(op, level, ask))
    expires = step.now + step.config.fence_limit_s(level)
    return Asked(op, level, step.now, expires, step.peer.greeted)


def _answered(step: Step, asked: Asked, event: FenceDone) -> None:
    if peer_was_off(step):
        step.set_exclusion(questions=())  # a fenced peer stays fenced, by this node (F10)
    elif event.power is Power.OFF and step.peer.life is not Life.ALIVE:
        step.set_exclusion(questions=(), since=None)
        power_on.found_off(step, asked.level)
        prove_gone(step, Proof.FOUND_OFF, asked.of, _level(step, asked.level))
    elif not step.exclusion.questions:
        step.set_exclusion(next_query=step.now + step.timing.query_s)


def _shoot(step: Step) -> None:
    work = step.exclusion
    reason = "" if step.maintenance else reason_to_shoot(step)  # F66
    if not reason:
        if work.since is not None:
            step.set_exclusion(since=None, tries=0, retry_at=0.0)
        return
    if not _levels(step, Ask.OFF):
        return  # a lease runs out by itself: there is nothing to wait for here
    since = step.now if work.since is None else work.since
    work = step.set_exclusion(since=since)
    doomed = step.peer.life is Life.ALIVE
    due = since + (0.0 if doomed else head_start.seconds(step))
    if not step.passed(max(due, work.retry_at)):
        return
    if not work.shots:
        step.set_exclusion(last_level=-1)
        _order_next(step)
        step.note("fence", f"fencing {step.peer_name}: {reason}", alert=True)
    elif work.last_level >= 0 and _races(step, work.last_level) and step.passed(work.next_at):
        _order_next(step)


def _order_next(step: Step) -> bool:
    """Order the next level of this round; False if there is none."""
    level = _following(step, step.exclusion.last_level)
    if level is None:
        return False
    power_on.ordered(step, level)
    shots = (*step.exclusion.shots, _ask(step, level, Ask.OFF))
    lead_s = MUTE_LEAD_S if _mute(step, level) else LEAD_S
    step.set_exclusion(shots=shots, last_level=level, next_at=step.now + lead_s)
    return True


def _mute(step: Step, level: int) -> bool:
    """The device did not answer when it was checked last, or lets a question wait now."""
    late = [q for q in step.exclusion.questions if step.passed(q.asked_at + MUTE_S)]
    return level in step.state.bad_devices or any(question.level == level for question in late)


def _races(step: Step, level: int) -> bool:
    """The level after this one may be ordered beside it: locks are taken when all else failed."""
    following = _following(step, level)
    if following is None:
        return False
    return all(step.config.kind(each) is Kind.STONITH for each in (level, following))


def _shot(step: Step, asked: Asked, event: FenceDone) -> None:
    level, over = _level(step, asked.level), peer_was_off(step)
    power_on.answered(step)
    if event.power is Power.OFF and step.config.kind(asked.level) is Kind.SFEX:
        _locked_out(step)
        if not reason_to_shoot(step):
            _hit(step)
            return
    elif event.power is Power.OFF and over:
        return  # another level has proved it meanwhile
    elif event.power is Power.OFF:
        _hit(step)
        prove_gone(step, Proof.FENCED, asked.of, level)
        return
    else:
        # F03: whatever is not a verified "off" is a failure, a timeout above all.
        text = f"{level} did not fence {step.peer_name}"
        step.note("fence-failed", f"{text}: {event.detail}", alert=not over)
        if over:
            return
        step.set_exclusion(failure=f"{level}: {event.detail or 'no answer'}")
    work = step.exclusion
    goes_on = not step.maintenance and reason_to_shoot(step)
    if asked.level == work.last_level and goes_on and _order_next(step):
        return
    if not step.exclusion.shots:
        pause = min(LONGEST_S, step.timing.fence_retry_s * 2.0 ** min(work.tries, 10))
        step.set_exclusion(tries=work.tries + 1, retry_at=step.now + pause, last_level=-1)


def _hit(step: Step) -> None:
    step.set_exclusion(since=None, tries=0, retry_at=0.0, failure="", last_level=-1)


def _locked_out(step: Step) -> None:
    """Every lock is here: whatever the peer had on the shared disk has reset itself (F65)."""
    if step.peer.life is not Life.SILENT:
        return
    for service in step.services:
        if step.settings(service).locked:
            step.set_service(service.name, proof=Proof.LOCK, proof_at=step.now)
    step.note("locked-out", f"{step.peer_name}: {Proof.LOCK.value}")


def _levels(step: Step, ask: Ask) -> tuple[int, ...]:
    """The levels that can be asked this: locks are taken only, a lease runs out by itself.

    F80: a peer that reckons with other durations may live on for longer without its locks.
    """
    locks = ask is not Ask.STATUS and lease.agreed(step)
    fit = (Kind.STONITH, Kind.SFEX) if locks else (Kind.STONITH,)
    numbers = range(len(step.config.levels))
    return tuple(number for number in numbers if step.config.kind(number) in fit)


def _following(step: Step, level: int) -> int | None:
    """The next level that can be ordered."""
    return next((number for number in _levels(step, Ask.OFF) if number > level), None)


def _level(step: Step, number: int) -> str:
    levels = step.config.levels
    return levels[number] if number < len(levels) else str(number)
