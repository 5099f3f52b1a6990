# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""More combinations: two things that happen within the same moment."""

from __future__ import annotations

import random

from .combos import SLOW, Combo, moods
from .fault import Fault


def switched_on_meanwhile(rng: random.Random, at: float) -> list[Fault]:
    """F05, F18: it is switched off, and lives again before the device's answer arrives."""
    faults = moods(rng, "owner", at, 40.0, SLOW) + moods(rng, "standby", at, 40.0, SLOW)
    faults.append(Fault(rng.choice(("freeze", "mute")), "owner", at, 30.0))
    on = Fault("power_button", "there", at)
    faults += [on.on("fence off", rng.uniform(2.5, 7.0)) for _round in range(2)]
    return faults


def words_of_the_life_before(rng: random.Random, at: float) -> list[Fault]:
    """F18: a daemon restarts while its words wait in a buffer on the way."""
    return [
        Fault("late", "node1", at, 25.0, a=rng.uniform(0.1, 1.0)),
        Fault("kill_daemon", "standby", at + rng.uniform(1.0, 8.0)),
        Fault("kill_daemon", "owner", at + rng.uniform(1.0, 15.0)),
    ]


def lost_once_more(rng: random.Random, at: float) -> list[Fault]:
    """F37: the promise for one loss, and a second loss that the daemon did not see begin."""
    faults = [Fault("cut_replication", "node1", at, 25.0)]
    if rng.random() < 0.4:
        faults.append(Fault("kill_handlers", "here", at).on("frozen", 0.0))
    moment = rng.choice(("answer 4", "answer 4", "resume", "answer 1"))
    faults.append(Fault("blink", "here", at).on(moment, 0.0))
    return faults


def returns_while_it_is_asked(rng: random.Random, at: float) -> list[Fault]:
    """F37: the link returns between the question of the kernel and the answer."""
    faults = [Fault(rng.choice(("cut_replication", "cut_all")), "node1", at, 20.0)]
    moment = rng.choice(("answer 4", "answer 7", "outdated", "outdate", "fence off", "resume"))
    faults.append(Fault("links_return", "node1", at).on(moment, rng.uniform(0.0, 0.2)))
    return faults


def asked_after_a_pause(rng: random.Random, at: float) -> list[Fault]:
    """F26, F62: what was begun before the pause ends after something else was ordered."""
    order = rng.choice(("switchover", "switchover", "reboot", "standby", "resource_dies"))
    return [
        Fault(rng.choice(("stall", "freeze")), "owner", at, rng.uniform(1.0, 3.0), 0.9),
        Fault(order, "here", at, a=rng.random(), b=rng.random()).on(
            "paused", rng.uniform(0.0, 0.3)
        ),
    ]


def breaks_down_at_work(rng: random.Random, at: float) -> list[Fault]:
    """S3: a rule breaks down while something is started or stopped."""
    moment = rng.choice(("start", "start", "stop", "recover", "claim", "frozen"))
    order = rng.choice(("switchover", "resource_dies", "power_cut"))
    broken = Fault("defect", "here", at, a=rng.random())
    if rng.random() < 0.5:  # its end is known, but not told yet
        told = broken.on("up", rng.uniform(0.0, 0.1))
        return [Fault("switchover", "owner", at + 0.1, a=rng.random()), told]
    return [
        Fault(order, "owner", at + 0.1, 15.0, a=rng.random()),
        broken.on(moment, rng.uniform(0.0, 2.6)),
    ]


RACES: tuple[Combo, ...] = (
    switched_on_meanwhile, words_of_the_life_before, lost_once_more, returns_while_it_is_asked,
    asked_after_a_pause, breaks_down_at_work,
)  # fmt: skip
