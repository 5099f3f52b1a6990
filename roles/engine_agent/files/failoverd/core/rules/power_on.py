# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""F10: what this node switched off it switches on again, and nothing else.

That it was ordered off is remembered apart from what proves that it is off: a proof may be void
because a new life was heard meanwhile, or given up after a pause, and a shot whose answer was lost
may have hit all the same. It is over when the peer lives again after the shot, or when a person has
said that it is off. A daemon that restarts knows it still. After a boot it does not: then a peer
that is found off stays off until a person switches it on, who is told.
"""

from __future__ import annotations

from failoverd.core.actions import Ask, Fence, KeepCut
from failoverd.core.change import changed
from failoverd.core.config import CoreConfig, Kind
from failoverd.core.events import FenceDone, Power
from failoverd.core.message import Local
from failoverd.core.state import UNKNOWN_LIFE, Cut, Life, Proof
from failoverd.core.workbench import Step

LONGEST_S = 60.0
"""The longest pause between two tries."""
OFF = (Proof.FENCED, Proof.FOUND_OFF)


def recalled(config: CoreConfig, level: str, now: float) -> Cut | None:
    """What an earlier life of this daemon has ordered. level: its name, empty if it ordered none.

    Its shot may hit as late as one whose answer was lost.
    """
    devices = tuple(i for i in range(len(config.levels)) if config.kind(i) is Kind.STONITH)
    if not level or not config.power_on or not devices:
        return None
    known = tuple(i for i in devices if config.levels[i] == level)
    due = now + config.timing.power_on_s
    return Cut(known or devices[:1], life=UNKNOWN_LIFE, due=due, at=now)


def ordered(step: Step, level: int) -> None:
    """A shot at the peer begins. The last one is switched on first: others may need its power."""
    config, cut = step.config, step.exclusion.cut
    if config.power_on and config.kind(level) is Kind.STONITH:
        before = cut.levels if cut is not None else ()
        levels = (level, *(other for other in before if other != level))
        # The answer of an order to switch it on says nothing of what this shot does after it.
        step.set_exclusion(on_op=0)
        _remember(step, Cut(levels, at=step.now))


def answered(step: Step) -> None:
    """A shot has ended, in whatever way. What is under way still may hit what was switched on."""
    cut = step.exclusion.cut
    if cut is not None:
        due = None if step.exclusion.shots else _due(step)
        _remember(step, changed(cut, due=due, at=step.now, life=step.peer.greeted))


def found_off(step: Step, level: int) -> None:
    """The device of that level says so."""
    cut = step.exclusion.cut
    if cut is not None:
        levels = (level, *(other for other in cut.levels if other != level))
        # A shot that is under way may hit later still.
        due = None if cut.due is None else _due(step)
        _remember(step, changed(cut, levels=levels, due=due))
    elif step.config.power_on:
        peer, node = step.peer_name, step.node
        text = f"{peer} is off, and {node} does not know that it has switched it off"
        step.note("off-unasked", f"{text}: switch {peer} on when it is in order", alert=True)


def watch(step: Step) -> None:
    """Order what is due; forget what is over."""
    cut = step.exclusion.cut
    if cut is None:
        return
    if _over(step, cut):
        _remember(step, None)
        return
    off = step.peer.life is Life.GONE and step.peer.proof in OFF
    busy = any(s.local in (Local.STARTING, Local.STOPPING) for s in step.services)
    waits = step.exclusion.on_op or step.maintenance or busy
    if off and not waits and _passed(step, cut):
        op = step.number()
        until = step.now + step.config.fence_limit_s(cut.levels[0])
        step.set_exclusion(on_op=op, on_until=until)
        step.do(Fence(op, cut.levels[0], Ask.ON))


def done(step: Step, event: FenceDone) -> None:
    """The order to switch it on has ended; one that failed is given again, with growing pauses."""
    cut, ok = step.exclusion.cut, event.power is Power.ON
    step.set_exclusion(on_op=0)
    again = ""
    if cut is not None and ok:
        _remember(step, changed(cut, levels=cut.levels[1:]) if cut.levels[1:] else None)
    elif cut is not None:
        timing = step.timing
        first_s = max(timing.power_on_s, timing.fence_retry_s)
        pause_s = min(LONGEST_S, first_s * 2.0 ** min(cut.tries, 10))
        levels = (*cut.levels[1:], cut.levels[0])
        due = step.now + pause_s
        _remember(step, changed(cut, levels=levels, due=due, tries=cut.tries + 1))
        again = f"; it is tried again in {pause_s:g} s"
    text = f"{step.peer_name}: power {event.power.value}{again}"
    step.note("power-on", text, alert=not ok and (cut is None or cut.tries == 0))


def _remember(step: Step, cut: Cut | None) -> None:
    known = step.exclusion.cut
    step.set_exclusion(cut=cut)
    if cut is None or known is None or cut.levels[0] != known.levels[0]:
        level = step.config.levels[cut.levels[0]] if cut is not None else ""
        step.do(KeepCut(level))


def _over(step: Step, cut: Cut) -> bool:
    peer = step.peer
    if cut.due is None:
        return False  # whoever is heard while it is shot at may have been hit
    if peer.life is Life.ALIVE:
        new = cut.life != UNKNOWN_LIFE and peer.incarnation > cut.life
        return _lived_since(step, cut) and (new or _passed(step, cut))
    if peer.life is not Life.GONE:
        return False
    # A goodbye of before the shot is none of a node that was on after it. A person who has said
    # that it is off takes care of it, also if the shot was under way then.
    said_since = peer.proof is Proof.GOODBYE and peer.since > cut.at
    return said_since or peer.proof is Proof.OPERATOR


def _lived_since(step: Step, cut: Cut) -> bool:
    """It has answered what was sent after the shot: words that come late may be older (F18)."""
    answered_at = step.state.contact.answered_at
    return answered_at is not None and answered_at > cut.at


def _passed(step: Step, cut: Cut) -> bool:
    return cut.due is not None and step.passed(cut.due)


def _due(step: Step) -> float:
    return step.now + step.timing.power_on_s
