# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults that are harmless one by one and dangerous together, in the order that hurts."""

from __future__ import annotations

import random
from collections.abc import Callable

from .fault import Fault

Combo = Callable[[random.Random, float], list[Fault]]
REFUSE, HANG, HANG_WORKS, SLOW, SHARED = 0.05, 0.2, 0.4, 0.6, 0.7
"""The number that makes device_mood choose this mood."""


def moods(rng: random.Random, target: str, at: float, lasts: float, mood: float) -> list[Fault]:
    """Every device of one node, however many levels there are."""
    return [Fault("device_mood", target, at, lasts, mood, level) for level in (0.1, 0.9)]


def split_without_devices(rng: random.Random, at: float) -> list[Fault]:
    """F03, F14, F36: nobody can be excluded while all links are down; then the owner dies."""
    mood = rng.choice((REFUSE, HANG, HANG_WORKS, SLOW))
    lasts = rng.uniform(8.0, 25.0)
    victims = rng.choice((("owner",), ("standby",), ("owner", "standby")))
    faults = [fault for one in victims for fault in moods(rng, one, at, lasts, mood)]
    faults.append(Fault("cut_all", "node1", at + rng.uniform(0, 1), lasts + rng.uniform(-4, 20)))
    if rng.random() < 0.7:
        faults.append(Fault("power_cut", "owner", at + lasts, rng.uniform(10, 30)))
    return faults


def outdated_twice(rng: random.Random, at: float) -> list[Fault]:
    """F13: an old answer to an old request must not count for a new one."""
    again = at + rng.uniform(12.0, 20.0)
    return [
        Fault("cut_replication", "node1", at, rng.uniform(2.0, 4.0)),
        Fault("cut_replication", "node1", again, 25.0),
        Fault("mute", rng.choice(("owner", "standby")), again - rng.uniform(-0.5, 0.5), 20.0),
        Fault("power_cut", "owner", again + rng.uniform(2.0, 8.0), 25.0),
    ]


def outdated_and_orphaned(rng: random.Random, at: float) -> list[Fault]:
    """F13, F42, F08: the standby is outdated; the owner dies; the old copy must not be used."""
    return [
        Fault("cut_replication", "node1", at, rng.uniform(15.0, 30.0)),
        Fault("power_cut", "owner", at + rng.uniform(3.0, 8.0), rng.uniform(8.0, 30.0)),
        Fault(
            rng.choice(("power_reset", "kill_daemon", "freeze")),
            "standby",
            at + rng.uniform(4.0, 12.0),
            3.0,
        ),
        Fault("confirm_fenced", "standby", at + 12.0),
    ]


def late_words(rng: random.Random, at: float) -> list[Fault]:
    """F18: a fenced life speaks from a buffer on the way."""
    victim = rng.choice(("owner", "standby"))
    return [
        Fault("late", "node1", at, 25.0, a=rng.uniform(0.3, 1.0)),
        Fault("cut_replication", "node1", at + 4.0, rng.uniform(6.0, 12.0)),
        Fault(rng.choice(("power_cut", "power_reset")), victim, at + 4.0 + rng.random(), 12.0),
    ]


def replay_after_death(rng: random.Random, at: float) -> list[Fault]:
    """F19: somebody on the network plays the voice of a node that is off."""
    victim = rng.choice(("owner", "standby", "node1"))
    faults = [Fault("power_cut", victim, at, rng.uniform(12.0, 25.0))]
    for _round in range(4):
        faults.append(Fault("replay", rng.choice(("node1", "node2")), at + rng.uniform(0.0, 15.0)))
    return faults


def goodbye_and_split(rng: random.Random, at: float) -> list[Fault]:
    """F61: who left still has a disk that passes for current; the link goes; the owner dies."""
    return [
        Fault("leave", rng.choice(("standby", "owner")), at),
        Fault("cut_replication", "node1", at + rng.uniform(0.0, 1.5), 30.0).on("goodbye", 0.0),
        Fault("cut_all", "node1", at + rng.uniform(0.5, 3.0), 20.0),
        Fault("power_cut", "owner", at + rng.uniform(5.0, 12.0), 30.0),
    ]


def resync_death(rng: random.Random, at: float) -> list[Fault]:
    """F33: the source dies during the resync; an Inconsistent copy must refuse."""
    return [
        Fault("cut_replication", "node1", at, rng.uniform(2.0, 5.0)),
        Fault("power_cut", "here", at, rng.uniform(8.0, 25.0)).on("resync", rng.uniform(0.0, 3.0)),
    ]


def owner_returns_in_time(rng: random.Random, at: float) -> list[Fault]:
    """F25, F26: a pause that ends in the middle of its own fencing."""
    kind = rng.choice(("freeze", "freeze", "stall"))
    faults = [Fault(kind, "owner", at, rng.uniform(2.0, 9.0), a=rng.random())]
    if rng.random() < 0.6:
        mood = rng.choice((HANG, HANG_WORKS, SLOW))
        faults += moods(rng, "owner", at - 0.1 if at > 0.1 else at, 15.0, mood)
    return faults


def shared_power(rng: random.Random, at: float) -> list[Fault]:
    """F04: the device dies with its node; an operator confirms, or nobody does."""
    lasts = rng.uniform(15.0, 30.0)
    faults = moods(rng, "owner", at, lasts + 10.0, SHARED)
    faults.append(Fault("power_cut", "owner", at + 0.5, lasts))
    for _round in range(2):
        faults.append(Fault("confirm_fenced", "standby", at + rng.uniform(4.0, 14.0)))
    return faults


def stop_fails_while_moving(rng: random.Random, at: float) -> list[Fault]:
    """F47, F62: a planned move whose stop or start fails, with devices that do or do not help."""
    faults = [
        Fault(rng.choice(("stop_fails", "hangs")), "owner", at, 12.0, a=1.0),
        Fault(rng.choice(("switchover", "reboot", "leave")), "owner", at + 0.5, a=rng.random()),
    ]
    if rng.random() < 0.5:
        faults += moods(rng, "owner", at, rng.uniform(5.0, 20.0), rng.choice((REFUSE, HANG)))
    return faults


def fails_everywhere(rng: random.Random, at: float) -> list[Fault]:
    """F48, F49: it starts nowhere; no loop, and it comes back when it is cleared."""
    lasts = rng.uniform(10.0, 20.0)
    return [
        Fault("start_fails", "node1", at, lasts, a=1.0),
        Fault("start_fails", "node2", at, lasts, a=rng.choice((0.0, 1.0))),
        Fault("resource_dies", "owner", at + 0.5),
        Fault("resource_dies", "owner", at + 6.0),
        Fault("clear", rng.choice(("node1", "node2")), at + 9.0),
    ]


def split_and_back(rng: random.Random, at: float) -> list[Fault]:
    """F09, F10, F37: the links return at the moment of a fence, a claim, a handler's answer."""
    back = rng.choice(("fence off", "peer-gone", "frozen", "start", "answer 1", "boot"))
    return [
        Fault("cut_all", "node1", at, rng.uniform(1.5, 8.0)),
        Fault(
            rng.choice(("kill_daemon", "cut_all", "freeze", "kill_handlers")),
            rng.choice(("here", "there")),
            at,
            3.0,
            rng.random(),
            rng.random(),
        ).on(back, rng.uniform(0.0, 1.0)),
    ]


def both_start(rng: random.Random, at: float) -> list[Fault]:
    """F07, F09: both return from a blackout, with links that come and go."""
    return [
        Fault("blackout", rng.choice(("node1", "node2")), at, rng.uniform(1.0, 15.0), rng.random()),
        Fault(rng.choice(("flap", "mute", "lossy", "late")), "node1", at + 2.0, 15.0, 0.5, 0.3),
        Fault("kill_daemon", rng.choice(("here", "there")), at).on(
            rng.choice(("claim", "grant", "start", "peer-life")), rng.uniform(0.0, 0.5)
        ),
    ]


def off_and_on_between(rng: random.Random, at: float) -> list[Fault]:
    """F05, F18: it is off while it is asked about, and on again when the answer arrives."""
    return [
        Fault("power_cut", "owner", at, rng.uniform(0.5, 5.0)),
        Fault(rng.choice(("stall", "freeze")), "standby", at, rng.uniform(2.0, 12.0), 0.9).on(
            rng.choice(("fence status", "fence off", "peer-suspect")), rng.uniform(0.0, 1.2)
        ),
        Fault("cut_all", "node1", at + rng.uniform(0.0, 8.0), 12.0),
    ]


def slow_answers(rng: random.Random, at: float) -> list[Fault]:
    """F05, F18: the node is back in a new life before the device's old answer arrives."""
    faults = moods(rng, "owner", at, 40.0, SLOW)
    faults.append(Fault("power_cut", "owner", at + 0.5, rng.uniform(2.0, 7.0)))
    if rng.random() < 0.5:
        faults.append(Fault("mute", "standby", at + 0.6, 25.0))
    return faults


def death_at_the_handshake(rng: random.Random, at: float) -> list[Fault]:
    """F62: one of them dies between claim, grant and start."""
    kind = rng.choice(("power_cut", "power_cut", "power_reset", "kill_daemon", "freeze"))
    moment = rng.choice(("claim", "grant", "grant", "start"))
    death = Fault(kind, rng.choice(("here", "there")), at, rng.uniform(3.0, 20.0), rng.random())
    wait = rng.choice((0.0, rng.uniform(0.0, 0.01), rng.uniform(0.0, 0.6)))
    return [Fault("switchover", "owner", at + 0.1), death.on(moment, wait)]


def address_taken(rng: random.Random, at: float) -> list[Fault]:
    """F56: another host has the address when the service is moved there."""
    order = rng.choice(("switchover", "power_cut", "reboot"))
    return [
        Fault("foreign_host", "node1", at, rng.uniform(8.0, 30.0)),
        Fault(order, "owner", at + 0.5, 10.0, a=rng.random()),
    ]


COMBOS: tuple[Combo, ...] = (
    split_without_devices, outdated_twice, outdated_and_orphaned, late_words, replay_after_death,
    goodbye_and_split, resync_death, owner_returns_in_time, shared_power, stop_fails_while_moving,
    fails_everywhere, split_and_back, both_start, off_and_on_between, slow_answers,
    death_at_the_handshake, address_taken,
)  # fmt: skip
