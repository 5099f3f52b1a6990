# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who shoots first when both nodes live and hear nothing of each other (F14, F15).

The owner goes first. Its standby waits, for longer than a fence takes, and that is most of what a
hung owner costs. Where ping targets are asked, what each node sees of the service network decides:

    the owner reaches a target                                             at once
    the standby reaches every target, and no address of the peer answers   one head start
    the owner reaches no target                                            two head starts
    any other standby                                                      three head starts

So an owner that serves nobody loses. That nobody is served is no reason for a standby to shoot at
once: where only the way between the two is cut, each reaches every target, and sees the other's
addresses as little as those of a dead node.

A node may know of no owner although its peer has heard of one: it has just stopped the service for
a planned move. The node whose name comes first goes first then, the other one two head starts
later. Without a target they are later than every standby. Who has granted the service does not know
whether the peer has it by now: it waits for one head start, and for four if it has another service.
No two of these turns are the same.
"""

from __future__ import annotations

from failoverd.core import lease
from failoverd.core.actions import ProbeAddresses
from failoverd.core.change import changed
from failoverd.core.config import Kind
from failoverd.core.events import AddressesProbed, Reached
from failoverd.core.message import Local, Reach
from failoverd.core.state import Life
from failoverd.core.workbench import Step

OLD_S = 4.0
"""What was seen longer ago says nothing of the present."""
PAUSE_S = 0.5


def seconds(step: Step) -> float:
    """How much later than the dead time this node shoots."""
    return _turn(step) * step.timing.fence_delay_s


def _turn(step: Step) -> int:
    """The number of head starts. The first service that has an owner decides (F15)."""
    witness = step.config.witness
    blind = witness and not _fresh(step, step.state.lan.reached_at)
    for service in step.services:
        theirs = step.last_word(service.name)
        if service.held:
            return 2 if blind else 0
        if service.grant is not None:
            return 4 if any(other.held for other in step.services) else 1
        if theirs is not None and theirs.local.held:
            return _of_standby(step)
    first = step.node < step.peer_name
    if not witness:
        return 0 if first else 2
    if blind:
        return 4 if first else 5
    return 0 if first else 2


def watch(step: Step) -> None:
    """Look at the service network while the peer is not heard."""
    lan, config = step.state.lan, step.config
    devices = [i for i in range(len(config.levels)) if config.kind(i) is Kind.STONITH]
    silent = step.peer.life in (Life.SUSPECT, Life.SILENT)
    if not (config.witness and silent and devices):
        return
    lost = lan.probe_op != 0 and step.passed(lan.probed_at + OLD_S)
    if (lost or not lan.probe_op) and step.passed(lan.probed_at + PAUSE_S):
        op = step.number()
        step.set(lan=changed(lan, probe_op=op, probed_at=step.now))
        step.do(ProbeAddresses(op))


def probed(step: Step, event: AddressesProbed) -> None:
    """Who answers is there; who cannot be asked has not been silent."""
    lan = step.state.lan
    if event.op == lan.probe_op:
        silent_at = None if event.answered else lan.probed_at
        step.set(lan=changed(lan, probe_op=0, silent_at=silent_at))


def reached(step: Step, event: Reached) -> None:
    """Ping targets have answered what was asked at that time."""
    at, lan = event.asked_at, step.state.lan
    if not step.config.witness or event.reach is not Reach.REACHED or not step.passed(at):
        return
    complete_at = at if event.complete else lan.complete_at
    step.set(lan=changed(lan, reached_at=at, complete_at=complete_at))


def _of_standby(step: Step) -> int:
    if not step.config.witness:
        return 1
    words = [step.last_word(service.name) for service in step.services]
    held = [word for word in words if word is not None and word.local.held]
    up = all(word.local is Local.RUNNING for word in held) and lease.agreed(step)
    seen = _fresh(step, step.state.lan.complete_at) and _fresh(step, step.state.lan.silent_at)
    return 1 if up and seen else 3


def _fresh(step: Step, at: float | None) -> bool:
    """It was asked after the peer had become silent, and not long ago."""
    if at is None or at < step.peer.last + step.timing.suspect_s:
        return False
    return not step.passed(at + OLD_S)
