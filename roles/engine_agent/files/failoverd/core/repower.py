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

from .actions import Ask, Fence, KeepCut
from .change import changed
from .config import CoreConfig, Kind
from .events import FenceDone, Power
from .message import Local
from .modes import is_on
from .state import UNKNOWN_LIFE, Cut, Life, Proof
from .turn import Turn

LONGEST_S = 60.0
"""The longest pause between two tries."""
OFF = (Proof.FENCED, Proof.FOUND_OFF)
OVER = (Proof.GOODBYE, Proof.OPERATOR)
"""It was on since, or people take care of it."""


def recalled(config: CoreConfig, level: str, now: float) -> Cut | None:
    """What an earlier life of this daemon has ordered. level: its name, empty if it ordered none.

    Its shot may hit as late as one whose answer was lost.
    """
    devices = [i for i in range(len(config.levels)) if config.kind(i) is Kind.STONITH]
    if not level or not config.power_on or not devices:
        return None
    known = [i for i in devices if config.levels[i] == level]
    due = now + config.timing.power_on_s
    return Cut((known or devices)[0], life=UNKNOWN_LIFE, due=due)


def ordered(turn: Turn, level: int) -> None:
    """A shot at the peer begins."""
    config = turn.state.config
    if config.power_on and config.kind(level) is Kind.STONITH:
        _remember(turn, Cut(level))


def answered(turn: Turn, power: Power) -> None:
    """The shot has ended, in whatever way."""
    cut = turn.state.exclusion.cut
    if cut is not None:
        life, verified = turn.state.peer.greeted, power is Power.OFF
        _remember(turn, changed(cut, due=_due(turn), life=life, verified=verified))


def found_off(turn: Turn, level: int) -> None:
    """The device of that level says so. Which one has done it is known only if it has said so."""
    cut = turn.state.exclusion.cut
    if cut is not None:
        level = cut.level if cut.verified else level
        _remember(turn, changed(cut, level=level, due=_due(turn)))
    elif turn.state.config.power_on:
        peer, node = turn.state.config.peer, turn.state.config.node
        text = f"{peer} is off, and {node} does not know that it has switched it off"
        turn.note("off-unasked", f"{text}: switch {peer} on when it is in order", alert=True)


def watch(turn: Turn) -> None:
    """Order what is due; forget what is over."""
    state, cut = turn.state, turn.state.exclusion.cut
    if cut is None:
        return
    if _over(turn, cut):
        _remember(turn, None)
        return
    off = state.peer.life is Life.GONE and state.peer.proof in OFF
    busy = any(s.local in (Local.STARTING, Local.STOPPING) for s in state.services)
    waits = state.exclusion.on_op or is_on(state.modes.maintenance) or busy
    if off and not waits and _passed(turn, cut):
        op = turn.number()
        until = turn.now + state.config.fence_limit_s(cut.level)
        turn.set_exclusion(on_op=op, on_until=until)
        turn.do(Fence(op, cut.level, Ask.ON))


def done(turn: Turn, event: FenceDone) -> None:
    """The order to switch it on has ended; one that failed is given again, with growing pauses."""
    cut, ok = turn.state.exclusion.cut, event.power is Power.ON
    turn.set_exclusion(on_op=0)
    again = ""
    if cut is not None and ok:
        _remember(turn, None)
    elif cut is not None:
        timing = turn.state.config.timing
        first_s = max(timing.power_on_s, timing.fence_retry_s)
        pause_s = min(LONGEST_S, first_s * 2.0 ** min(cut.tries, 10))
        _remember(turn, changed(cut, due=turn.now + pause_s, tries=cut.tries + 1))
        again = f"; it is tried again in {pause_s:g} s"
    text = f"{turn.state.config.peer}: power {event.power.value}{again}"
    turn.note("power-on", text, alert=not ok and (cut is None or cut.tries == 0))


def _remember(turn: Turn, cut: Cut | None) -> None:
    known = turn.state.exclusion.cut
    turn.set_exclusion(cut=cut)
    if cut is None or known is None or cut.level != known.level:
        level = turn.state.config.levels[cut.level] if cut is not None else ""
        turn.do(KeepCut(level))


def _over(turn: Turn, cut: Cut) -> bool:
    peer = turn.state.peer
    if cut.due is None:
        return False  # whoever is heard while it is shot at may have been hit
    if peer.life is Life.ALIVE:
        new = cut.life != UNKNOWN_LIFE and peer.incarnation > cut.life
        return new or _passed(turn, cut)
    return peer.life is Life.GONE and peer.proof in OVER


def _passed(turn: Turn, cut: Cut) -> bool:
    return cut.due is not None and turn.passed(cut.due)


def _due(turn: Turn) -> float:
    return turn.now + turn.state.config.timing.power_on_s
