# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults that hurt a cluster with a watchdog lease, drawn for such worlds beside all the others."""

from __future__ import annotations

import random

from . import setting
from .combos import Combo
from .fault import Fault
from .kinds_outside import LATE_S, LEAST_LATE_S

REPAIRED = 0.06
"""Share of the worlds with one service in which people repair it when all links go."""


def isolated(rng: random.Random, at: float) -> list[Fault]:
    """Neither peer nor ping target, for the owner; it cannot stop, or its daemon does not run."""
    lasts = rng.uniform(4.0, 50.0)
    faults = [
        Fault(rng.choice(("cut_all", "mute", "cut_all")), "owner", at, lasts),
        Fault("lan_lost", "owner", at + rng.uniform(-1.0, 3.0), lasts + rng.uniform(-8.0, 5.0)),
    ]
    kind = rng.choice(("", "hangs", "stop_fails", "slow", "stall", "freeze", "kill_daemon"))
    if kind:
        later = at + rng.choice((0.0, rng.uniform(0.0, 12.0)))
        faults.append(Fault(kind, "owner", later, rng.uniform(2.0, 30.0), a=1.0))
    return faults


def half_heard(rng: random.Random, at: float) -> list[Fault]:
    """F17, F18: the owner hears its peer, at once or from a buffer, but is not heard."""
    lasts = rng.uniform(25.0, 50.0)
    return [
        Fault("mute", "owner", at, lasts),
        Fault("cut_replication", "node1", at, lasts),
        Fault("lan_lost", "owner", at + rng.uniform(0.0, 2.0), lasts),
        Fault("late", "node1", max(0.0, at - 2.0), lasts, a=rng.random()),
    ]


def resumed_then_dies(rng: random.Random, at: float) -> list[Fault]:
    """The owner goes on alone when its peer's right is over, and dies: its peer must not start."""
    closed = rng.uniform(25.0, 50.0)
    faults = [
        Fault(rng.choice(("cut_all", "cut_all", "mute")), "standby", at, 70.0),
        Fault("cut_replication", "node1", at, 70.0),
        Fault("power_cut", "owner", at + closed, 30.0),
    ]
    if rng.random() < 0.5:
        other = rng.choice(("stall", "freeze", "kill_daemon"))
        faults.append(Fault(other, "standby", at + rng.uniform(0.0, closed), rng.uniform(1.0, 9.0)))
    return faults


def flapping_lan(rng: random.Random, at: float) -> list[Fault]:
    """Contact that comes and goes while the heartbeats are lost."""
    faults = [Fault("cut_all", "owner", at, 45.0)]
    time = at
    while time < at + 40.0:
        up, down = rng.uniform(0.5, 6.0), rng.uniform(1.0, 9.0)
        target = rng.choice(("node1", "node2", "owner"))
        faults.append(Fault("lan_lost", target, time, down))
        time += up + down
    return faults


def dies_while_starting(rng: random.Random, at: float) -> list[Fault]:
    """The path goes between claim, grant and start; the address is not up yet."""
    moment = rng.choice(("claim", "grant", "start"))
    wait = rng.choice((0.0, rng.uniform(0.0, 0.5), rng.uniform(0.0, 3.0)))
    cut = Fault(rng.choice(("cut_all", "mute")), rng.choice(("here", "there")), at, 45.0)
    return [
        Fault("slow", rng.choice(("node1", "node2")), at, 30.0, a=1.0),
        Fault("slow", "standby", at, 30.0, a=1.0),
        Fault("switchover", "owner", at + 0.1),
        cut.on(moment, wait),
        Fault("lan_lost", rng.choice(("here", "there")), at, 10.0).on(moment, wait + 2.0),
    ]


def both_lose_all(rng: random.Random, at: float) -> list[Fault]:
    """The switch dies: both are alone, and come back one after the other."""
    lasts = rng.uniform(5.0, 60.0)
    return [
        Fault("cut_all", "node1", at, lasts + rng.uniform(-3.0, 20.0)),
        Fault("lan_lost", "node1", at, lasts + rng.uniform(-3.0, 10.0)),
        Fault("lan_lost", "node2", at, lasts + rng.uniform(-3.0, 10.0)),
    ]


def contact_lost_later(rng: random.Random, at: float) -> list[Fault]:
    """The owner lives on its ping target alone, and loses that too when half the time is over."""
    return [
        Fault("cut_all", "owner", at, 80.0),
        Fault("lan_lost", "owner", at + rng.uniform(2.0, 14.0), 60.0),
    ]


def right_is_over(rng: random.Random, at: float) -> list[Fault]:
    """The standby is off the LAN until the owner needs no contact, and then finds all silent."""
    first, later = 0.3 * at, 0.3 * at + rng.uniform(25.0, 45.0)
    return [
        Fault("cut_all", "owner", first, 90.0),
        Fault("lan_lost", "standby", first, later - first + 2.0),
        Fault("lan_lost", "owner", later, 60.0),
    ]


def both_down_and_apart(rng: random.Random, at: float) -> list[Fault]:
    """It runs nowhere when all links go: neither was known to have it."""
    moment = rng.choice(("stopped", "claim", "failed", "adopted"))
    cut = Fault("cut_all", "node1", at, 80.0).on(moment, rng.choice((0.0, rng.uniform(0, 0.4))))
    return [
        Fault(rng.choice(("switchover", "resource_dies", "kill_daemon")), "owner", at + 0.1),
        Fault("start_fails", rng.choice(("node1", "node2")), at, 3.0, a=1.0),
        cut,
    ]


def hangs_and_starts(rng: random.Random, at: float) -> list[Fault]:
    """Granted, started, cut off: it hangs in its start, then in its stop, on a LAN that is well."""
    first = 0.4 * at
    return [
        Fault("switchover", "owner", first + 0.1),
        Fault("hangs", "here", first, 60.0, a=1.0).on("start", 0.0),
        Fault(rng.choice(("cut_all", "mute")), "here", first, 60.0).on("start", 0.0),
    ]


def left_and_returned(rng: random.Random, at: float) -> list[Fault]:
    """The standby left; the owner goes on without it; it returns, the replication link does not."""
    first = 0.3 * at
    return [
        Fault("leave", "standby", first),
        Fault("cut_replication", "node1", first, 80.0).on("goodbye", rng.uniform(0.0, 0.3)),
        Fault("power_cut", "owner", first + rng.uniform(16.0, 25.0), 50.0),
    ]


def heard_late_and_hanging(rng: random.Random, at: float) -> list[Fault]:
    """F18: old answers arrive for seconds after nobody hears the owner, which cannot stop."""
    lasts = rng.uniform(35.0, 50.0)
    return [
        Fault("late", "node1", max(0.0, at - 9.0), lasts + 9.0, a=rng.uniform(0.5, 1.0)),
        Fault("mute", "owner", at, lasts),
        Fault("cut_replication", "node1", at, lasts),
        Fault("lan_lost", "owner", at, lasts),
        Fault("hangs", "owner", at, lasts, a=1.0),
    ]


def returns_without_replication(rng: random.Random, at: float) -> list[Fault]:
    """The owner stopped, its peer took over and wrote; they hear each other again, and it dies."""
    first, away = 0.2 * at, rng.uniform(24.0, 36.0)
    return [
        Fault("cut_replication", "node1", first, 200.0),
        Fault("block_heartbeats", "node1", first, away),
        Fault("lan_lost", "owner", first, away - rng.uniform(0.0, 3.0)),
        Fault("power_cut", "owner", first + away + rng.uniform(3.0, 8.0), 60.0),
    ]


def answered_late(late_s: float) -> list[Fault]:
    """F17, F18: the answer to the last words of an owner waits in a buffer for late_s."""
    lost, lasts = late_s + 5.0, 60.0
    return [
        Fault("late", "node1", 0.0, lost + lasts, a=(late_s - LEAST_LATE_S) / LATE_S),
        Fault("cut_one_way", "owner", 0.0, lost + lasts, a=0.0),
        Fault("cut_replication", "node1", lost, lasts),
        # What the owner still hears does not promise that its peer would do better.
        Fault("lan_lost", "standby", lost - late_s - 3.0, late_s + 3.0),
        Fault("lan_lost", "owner", lost, lasts),
        Fault("hangs", "owner", lost, lasts, a=1.0),
    ]


def repaired_and_cut_off(rng: random.Random) -> list[Fault]:
    """F91: its storage is open where people repair it, without its address, when all links go."""
    node, at = rng.choice(("node1", "node2")), rng.uniform(13.0, 15.0)
    return [
        *(Fault("start_fails", name, 0.0, 18.0, a=1.0) for name in ("node1", "node2")),
        *(Fault("resource_dies", "owner", 0.5 * number) for number in range(1, 12)),
        Fault("storage_open", node, at, 75.0, a=0.0),
        Fault("cut_all", node, at + rng.uniform(4.0, 6.0), 65.0),
    ]


COMBOS: tuple[Combo, ...] = (
    isolated, isolated, half_heard, resumed_then_dies, flapping_lan, dies_while_starting,
    both_lose_all, contact_lost_later, right_is_over, both_down_and_apart, hangs_and_starts,
    left_and_returned, heard_late_and_hanging, heard_late_and_hanging,
    returns_without_replication,
)  # fmt: skip


def alone(seed: int) -> list[Fault]:
    """Faults that any other would spoil: the whole script of a world, empty for most."""
    drawn = setting.draw(seed)
    if drawn.lease is None:
        return []
    rng = random.Random(f"open storage cut off {seed}")
    if len(drawn.services) == 1 and rng.random() < REPAIRED:
        return repaired_and_cut_off(rng)
    if not drawn.leased or len(drawn.links) != 2:
        return []
    lease, timing = drawn.lease, drawn.timing
    # It still arrives before the owner stops its service for lack of it.
    late_s = min(lease.lease_s / 2 - 1.5 * timing.heartbeat_s - 0.2, LEAST_LATE_S + LATE_S)
    if late_s < lease.margin_s + timing.suspect_s + 1.0:
        return []  # what is late by less is covered by the margin
    return answered_late(late_s)


def draw(seed: int, chaos_s: float) -> list[Fault]:
    """One or two of them."""
    rng = random.Random(f"lease script {seed}")
    faults = []
    for _round in range(rng.choice((1, 1, 2))):
        faults += rng.choice(COMBOS)(rng, rng.uniform(0.0, 0.4 * chaos_s))
    return faults
