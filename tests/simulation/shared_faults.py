# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of a shared disk and its SFEX locks, drawn for such worlds beside all the others."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from .combos import Combo
from .fault import Fault
from .kinds import Undo, kind

if TYPE_CHECKING:
    from .node import Node
    from .world import World

THIEF = "node3"


# -- the kinds: of no weight, so that no other world draws them -----------------------------


def _tried(world: World, node: Node) -> Undo:
    """F44: reads that are tried find it, and find that it is over."""
    node.daemon.later(1.0, 6.0, node.daemon.disks_tried)

    def undo() -> None:
        world.lun.paths[node.name].set()
        node.daemon.later(0.5, 2.0, node.daemon.disks_tried)

    return undo


@kind(0.0, (1.0, 30.0))
def path_lost(world: World, node: Node, fault: Fault) -> Undo:
    """F65: whatever this node asks of the disk hangs; it is carried out when the path returns."""
    world.lun.paths[node.name].set(hangs=True)
    return _tried(world, node)


@kind(0.0, (1.0, 30.0))
def path_fails(world: World, node: Node, fault: Fault) -> Undo:
    """F65: whatever this node asks of the disk fails."""
    path = world.lun.paths[node.name]
    path.set(fails=True)
    for service in world.lun.services:
        node.services.io_error(world.volumes[service])
    return _tried(world, node)


@kind(0.0, (3.0, 30.0))
def path_slow(world: World, node: Node, fault: Fault) -> Undo:
    """A disk under load: each way takes its time."""
    path = world.lun.paths[node.name]
    path.set(slow_s=0.1 + 1.5 * fault.a * fault.a)
    return path.set


@kind(0.0, (0.0, 0.0))
def lock_stolen(world: World, node: Node, fault: Fault) -> Undo:
    """F64: somebody else's write, or an old block that a storage system brings back."""
    for service in world.lun.services:
        found = world.lun.record(service)
        if found.owner == node.name and node.services.active(service):
            owner = THIEF if fault.a < 0.7 else found.owner
            stolen = replace(found, owner=owner, life=1, counter=found.counter // 2)
            world.lun.put(stolen)
            world.lun.lost[node.name, service] = world.clock.now
            world.moments["theft"] += 1
    return None


@kind(0.0, (5.0, 30.0))
def stubborn(world: World, node: Node, fault: Fault) -> Undo:
    """The kernel does not obey sysrq."""
    node.stubborn = True
    return partial(setattr, node, "stubborn", False)


# -- what hurts together --------------------------------------------------------------------

BAD_PATHS = ("path_lost", "path_lost", "path_fails", "path_slow")


def path_of_the_owner(rng: random.Random, at: float) -> list[Fault]:
    """F65: with its daemon, its node or its kernel in trouble at the same time."""
    faults = [Fault(rng.choice(BAD_PATHS), "owner", at, rng.uniform(2.0, 40.0), a=rng.random())]
    worse = rng.choice(("", "kill_daemon", "stall", "freeze", "stubborn", "hangs", "stop_fails"))
    if worse:
        later = at + rng.uniform(-1.0, 6.0)
        faults.append(Fault(worse, "owner", max(0.0, later), rng.uniform(1.0, 15.0), 1.0, 0.9))
    return faults


def daemon_dies_without_its_disk(rng: random.Random, at: float) -> list[Fault]:
    """F31, F65: its lives are short, and none of them can renew the lock."""
    faults = [Fault(rng.choice(BAD_PATHS[:2]), "owner", at, rng.uniform(15.0, 40.0))]
    for _round in range(rng.choice((1, 2, 3, 5))):
        later = at + rng.uniform(0.5, 14.0)
        faults.append(Fault("kill_daemon", "owner", later, a=rng.random(), b=rng.random()))
    if rng.random() < 0.7:
        faults.append(Fault("cut_all", "owner", at + rng.uniform(-1.0, 2.0), 40.0))
    return faults


def apart(rng: random.Random, at: float) -> list[Fault]:
    """F14: no heartbeat passes; who has the locks lives, and the disk is slow or lost on one."""
    faults = [Fault("cut_all", "node1", at, rng.uniform(10.0, 50.0))]
    if rng.random() < 0.6:
        victim = rng.choice(("owner", "standby"))
        lasts = rng.uniform(3.0, 30.0)
        faults.append(Fault(rng.choice(BAD_PATHS), victim, at + rng.uniform(0, 8), lasts, 1.0))
    return faults


def both_want_it(rng: random.Random, at: float) -> list[Fault]:
    """It runs nowhere when all links go: both write themselves in."""
    moment = rng.choice(("stopped", "claim", "failed", "grant", "start", "lock written"))
    wait = rng.choice((0.0, rng.uniform(0.0, 0.5)))
    faults = [
        Fault(rng.choice(("switchover", "resource_dies", "blackout")), "owner", at + 0.1),
        Fault("start_fails", "node1", at, 5.0, a=1.0),
        Fault("start_fails", "node2", at, 5.0, a=1.0),
        Fault("cut_all", "node1", at, 60.0).on(moment, wait),
    ]
    for node in ("node1", "node2"):
        if rng.random() < 0.5:
            faults.append(Fault("path_slow", node, at, 40.0, a=rng.random()))
    return faults


def overwritten(rng: random.Random, at: float) -> list[Fault]:
    """A claim is written long after it was ordered, over a lock that is held by now."""
    kinds = ("stall", "stall", "freeze", "path_slow", "kill_daemon")
    worse = Fault(rng.choice(kinds), "there", at, rng.uniform(2.0, 7.0), 0.9, rng.random())
    faults = [
        Fault("start_fails", "node1", at, 8.0, a=1.0),
        Fault("start_fails", "node2", at, 8.0, a=1.0),
        Fault("resource_dies", "owner", at + 0.1),
        Fault("cut_all", "node1", at + 8.0, 60.0),
        Fault("clear", "node1", at + 9.0),
        Fault("clear", "node2", at + 9.0),
        Fault("path_lost", "here", at + 8.0, rng.uniform(1.0, 15.0)).on("lock asked", 0.0),
        worse.on("path back", rng.uniform(0.0, 0.4)),
    ]
    if rng.random() < 0.3:
        faults.append(Fault("kill_daemon", "here", at + 8.0, a=0.1).on("lock asked", 0.1))
    return faults


def away_for_long(rng: random.Random, at: float) -> list[Fault]:
    """F25: paused for longer than its lock lives; it must not write when it goes on."""
    kinds = ("freeze", "freeze", "stall")
    faults = [Fault(rng.choice(kinds), "owner", at, rng.uniform(3.0, 40.0), 0.9)]
    if rng.random() < 0.5:
        faults.append(Fault("path_lost", "owner", at - 0.1 if at > 0.1 else at, 12.0))
    return faults


def dies_at_a_write(rng: random.Random, at: float) -> list[Fault]:
    """Power goes in the midst of a renewal or a claim."""
    where = rng.choice(("here", "there"))
    death = Fault(rng.choice(("power_cut", "power_reset")), where, at, rng.uniform(1.0, 30.0))
    faults = [Fault("path_slow", "owner", at, 20.0, a=1.0)] if rng.random() < 0.5 else []
    return [*faults, death.on("lock written", rng.uniform(0.0, 1.0))]


def moved_on_a_bad_path(rng: random.Random, at: float) -> list[Fault]:
    """The lock is given back, or taken, over a path that is just being lost."""
    moment = rng.choice(("stop", "stop", "stopped", "start", "grant"))
    bad = Fault(rng.choice(BAD_PATHS), rng.choice(("here", "there")), at, rng.uniform(3, 30), 1.0)
    return [
        Fault("switchover", "owner", at + 0.1),
        bad.on(moment, rng.choice((0.0, rng.uniform(0.0, 1.6)))),
    ]


def robbed(rng: random.Random, at: float) -> list[Fault]:
    """F64, also while nobody would notice."""
    faults = [Fault("lock_stolen", "owner", at, a=rng.random())]
    worse = rng.choice(("", "", "stall", "freeze", "kill_daemon", "path_slow", "cut_all"))
    if worse:
        before = max(0.0, at - rng.uniform(0.0, 1.5))
        faults.append(Fault(worse, "owner", before, rng.uniform(1.0, 12.0), 0.9, 0.9))
    return faults


COMBOS: tuple[Combo, ...] = (
    path_of_the_owner, path_of_the_owner, daemon_dies_without_its_disk, apart, apart, both_want_it,
    overwritten, overwritten,
    away_for_long, dies_at_a_write, moved_on_a_bad_path, robbed,
)  # fmt: skip


def draw(seed: int, chaos_s: float) -> list[Fault]:
    """Two or three of them."""
    rng = random.Random(f"sfex script {seed}")
    faults = []
    for _round in range(rng.choice((2, 2, 3))):
        faults += rng.choice(COMBOS)(rng, rng.uniform(0.0, 0.7 * chaos_s))
    return faults
