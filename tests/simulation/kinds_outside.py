# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of power, pauses, daemons and links."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from .fault import Fault
from .kinds import Undo, kind, pick
from .setting import REPLICATION
from .systemd import end_of

if TYPE_CHECKING:
    from .node import Node
    from .world import World

LEAST_LATE_S = 0.5
LATE_S = 9.0
"""A buffer on the way holds for so long, up to so much longer (F18)."""


# -- power, pauses, daemons -----------------------------------------------------------------


@kind(3.0, (3.0, 40.0))
def power_cut(world: World, node: Node, fault: Fault) -> Undo:
    """F01, F06: the power goes and comes back later."""
    node.power_off()
    return node.power_on


@kind(1.0, (0.0, 0.0))
def power_reset(world: World, node: Node, fault: Fault) -> Undo:
    """F02: gone, and booting at once."""
    node.power_off()
    node.power_on()
    return None


@kind(0.3, (0.0, 0.0))
def power_button(world: World, node: Node, fault: Fault) -> Undo:
    """F05, F10: somebody switches on what is off, whoever switched it off and why."""
    node.power_on()
    return None


@kind(0.3, (2.0, 20.0))
def blackout(world: World, node: Node, fault: Fault) -> Undo:
    """F07, F08: both lose power; one returns before the other."""
    for one in world.pair:
        one.power_off()
    boots = node.boot

    def returns() -> None:
        if node.boot == boots:
            node.power_on()

    world.clock.after(fault.a * 20.0, returns)
    return world.nodes[node.peer].power_on


@kind(1.5, (0.3, 20.0))
def freeze(world: World, node: Node, fault: Fault) -> Undo:
    """F25 to F27: the whole node is paused; its clock may stand still meanwhile."""
    node.freeze(clock_stops=fault.a < 0.5)
    return node.thaw


@kind(1.0, (0.3, 20.0))
def stall(world: World, node: Node, fault: Fault) -> Undo:
    """F25, F26: the daemon alone is paused."""
    node.daemon.stall()
    return node.daemon.go_on


@kind(1.5, (0.0, 0.0))
def kill_daemon(world: World, node: Node, fault: Fault) -> Undo:
    """F31, F72."""
    node.daemon.kill(0.1 if fault.a < 0.6 else fault.b * 8.0, end_of(fault.b))
    return None


@kind(0.5)
def lag(world: World, node: Node, fault: Fault) -> Undo:
    """F21: the daemon is starved."""
    node.daemon.lag = 0.05 + 0.6 * fault.a

    def undo() -> None:
        node.daemon.lag = 0.0

    return undo


@kind(0.4)
def forget_record(world: World, node: Node, fault: Fault) -> Undo:
    """F58: what runs looks as if it had been started by hand."""
    node.services.forget()
    node.daemon.kill(0.1)
    return None


# -- links ----------------------------------------------------------------------------------


def _cut(world: World, links: list[str], senders: list[str]) -> Undo:
    for name in links:
        world.network.links[name].cut.update(senders)
    world.kernels_notice()

    def undo() -> None:
        for name in links:
            world.network.links[name].cut.difference_update(senders)
        world.kernels_notice()

    return undo


def _heartbeat_links(world: World) -> list[str]:
    return [name for name in world.network.links if name != REPLICATION]


@kind(1.0, (0.5, 25.0))
def cut_link(world: World, node: Node, fault: Fault) -> Undo:
    """F11: one link, both directions."""
    return _cut(world, [pick(list(world.network.links), fault.a)], list(world.nodes))


@kind(0.7, (0.5, 25.0))
def cut_one_way(world: World, node: Node, fault: Fault) -> Undo:
    """F17: one link, one direction."""
    return _cut(world, [pick(list(world.network.links), fault.a)], [node.name])


@kind(2.0, (1.0, 25.0))
def cut_replication(world: World, node: Node, fault: Fault) -> Undo:
    """F13."""
    return _cut(world, [REPLICATION], list(world.nodes))


@kind(1.0, (0.0, 0.0))
def links_return(world: World, node: Node, fault: Fault) -> Undo:
    """F37: all links are whole again, and the kernels find each other at once."""
    for link in world.network.links.values():
        link.cut.clear()
    world.kernels_notice(quick=True)
    return None


@kind(0.5, (0.0, 0.0))
def blink(world: World, node: Node, fault: Fault) -> Undo:
    """F37: DRBD's link returns and is lost again while the daemon stands still for a moment.

    Shorter than the gap at which it would find that it did not run.
    """
    link, still_s = world.network.links[REPLICATION], 0.47 * world.setting.timing.dead_s
    node.daemon.stall()
    link.cut.clear()
    world.kernels_notice(quick=True)

    def lose() -> None:
        link.cut.update(world.nodes)
        world.kernels_notice(quick=True)

    era = world.faults.era
    world.clock.after(still_s * 0.8, lambda: lose() if era == world.faults.era else None)
    world.clock.after(still_s, node.daemon.go_on)
    return None


@kind(1.0, (1.0, 25.0))
def block_heartbeats(world: World, node: Node, fault: Fault) -> Undo:
    """F12: not a heartbeat passes, but the kernels talk to each other."""
    links = world.network.links.values()

    def block(blocked: bool) -> None:
        for link in links:
            link.blocked = blocked

    block(True)
    return partial(block, False)


@kind(1.0, (0.0, 0.0))
def hiccup(world: World, node: Node, fault: Fault) -> Undo:
    """F20: everything is cut, for less than the dead time."""
    timing, era = world.setting.timing, world.faults.era
    undo = _cut(world, list(world.network.links), list(world.nodes))

    def over() -> None:
        if era == world.faults.era and undo is not None:
            undo()

    longest = timing.dead_s - 2.1 * timing.heartbeat_s - 0.2  # a beat is missed on either side
    world.clock.after(longest * (0.4 + 0.6 * fault.a), over)
    return None


@kind(2.5, (1.0, 30.0))
def cut_all(world: World, node: Node, fault: Fault) -> Undo:
    """F14."""
    return _cut(world, list(world.network.links), list(world.nodes))


@kind(1.5, (1.0, 25.0))
def mute(world: World, node: Node, fault: Fault) -> Undo:
    """F17: it hears, but is not heard on any link."""
    return _cut(world, list(world.network.links), [node.name])


@kind(1.0, (1.0, 20.0))
def flap(world: World, node: Node, fault: Fault) -> Undo:
    """F20: links that come and go."""
    names = list(world.network.links)
    links = names if fault.b < 0.4 else [pick(names, fault.a)]
    until, era = world.clock.now + fault.lasts, world.faults.era

    def beat(cut: bool) -> None:
        if era != world.faults.era:
            return
        for name in links:
            link = world.network.links[name]
            (link.cut.update if cut else link.cut.difference_update)(world.nodes)
        world.kernels_notice()
        if world.clock.now < until or cut:
            world.clock.after(0.1 + 1.5 * fault.b, partial(beat, not cut))

    beat(True)
    return None


@kind(1.0)
def lossy(world: World, node: Node, fault: Fault) -> Undo:
    """F18, F20, F21: loss, delay, reordering, duplicates on every link."""
    for link in world.network.links.values():
        link.loss, link.slow, link.twice = 0.6 * fault.a, 1.5 * fault.b, 0.3 * fault.b

    def undo() -> None:
        for link in world.network.links.values():
            link.loss = link.slow = link.twice = 0.0

    return undo


@kind(1.0)
def late(world: World, node: Node, fault: Fault) -> Undo:
    """F18: a buffer on the way holds datagrams for seconds, longer than a fence takes."""
    link = world.network.links[_heartbeat_links(world)[-1]]
    link.late = LEAST_LATE_S + LATE_S * fault.a

    def undo() -> None:
        link.late = 0.0

    return undo


@kind(0.0)
def hold_back(world: World, node: Node, fault: Fault) -> Undo:
    """F81: who controls one link keeps back what a node says and lets it go, one by one."""
    link = world.network.links[pick(_heartbeat_links(world), fault.b)]
    timing = world.setting.timing
    every_s = timing.heartbeat_s + (timing.dead_s - timing.heartbeat_s) * fault.a
    world.network.hold_back(link, node.name, every_s)

    def undo() -> None:
        link.held = None

    return undo


@kind(0.4)
def damage(world: World, node: Node, fault: Fault) -> Undo:
    """F19: damaged and foreign frames instead of good ones."""
    for link in world.network.links.values():
        link.damage = 0.4 * fault.a

    def undo() -> None:
        for link in world.network.links.values():
            link.damage = 0.0

    return undo


@kind(0.7, (0.0, 0.0))
def replay(world: World, node: Node, fault: Fault) -> Undo:
    """F19: messages that were heard long ago come once more."""
    world.network.replay(node.name)
    return None
