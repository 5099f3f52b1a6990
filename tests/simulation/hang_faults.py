# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""F75, F76: orders that cannot be or are never answered; F61: a handover whose other side dies.

Drawn beside all the other faults.
"""

from __future__ import annotations

import random

from .fault import Fault

SHARE = 0.2
"""Of the worlds."""


def draw(seed: int, chaos_s: float) -> list[Fault]:
    """Something that hangs for good, and what makes the cluster need it."""
    rng = random.Random(f"hang script {seed}")
    if rng.random() >= SHARE:
        return []
    return rng.choice((_orders, _orders, _orders, _devices, _paused, _handover, _starved))(
        rng, rng.uniform(0.0, 0.5 * chaos_s)
    )


def _orders(rng: random.Random, at: float) -> list[Fault]:
    """A mount, an unmount or an agent does not come back."""
    target = rng.choice(("owner", "standby", "node1"))
    faults = [Fault("orders_hang", target, at, rng.uniform(5.0, 30.0), a=rng.random())]
    for _round in range(rng.choice((1, 1, 2))):
        need = rng.choice(("switchover", "resource_dies", "kill_daemon", "power_cut", "stall"))
        who = rng.choice(("owner", "owner", "standby"))
        later = at + rng.uniform(0.0, 6.0)
        faults.append(Fault(need, who, later, rng.uniform(1.0, 10.0), a=rng.random()))
    return faults


def _starved(rng: random.Random, at: float) -> list[Fault]:
    """A daemon that lacks descriptors or threads begins anew, and something else happens."""
    faults = [Fault("starves", "owner", at, rng.uniform(15.0, 40.0), a=rng.random())]
    if rng.random() < 0.5:
        kind = rng.choice(("resource_dies", "kill_daemon", "power_cut"))
        who = rng.choice(("owner", "standby"))
        faults.append(Fault(kind, who, at + rng.uniform(0.0, 10.0), 5.0, a=rng.random()))
    return faults


def _devices(rng: random.Random, at: float) -> list[Fault]:
    """What should switch a node off does not even time out."""
    faults = [
        Fault("device_mute", node, at, rng.uniform(10.0, 40.0), b=rng.random())
        for node in rng.sample(("node1", "node2"), rng.choice((1, 2)))
    ]
    kind = rng.choice(("freeze", "power_cut", "mute", "cut_all"))
    return [*faults, Fault(kind, "owner", at + 1.0, rng.uniform(5.0, 40.0))]


def _paused(rng: random.Random, at: float) -> list[Fault]:
    """F26: nobody answers while the node does not run, and that is no failure."""
    begins = Fault(rng.choice(("switchover", "resource_dies")), "owner", at + 0.1, a=rng.random())
    moment = rng.choice(("start", "stop", "recover"))
    pause = Fault("freeze", "here", at, rng.uniform(4.0, 40.0), a=1.0)
    return [begins, pause.on(moment, rng.uniform(0.0, 0.5))]


def _handover(rng: random.Random, at: float) -> list[Fault]:
    """F61: who is to take over dies just when it was granted to it."""
    leaves = rng.choice(("reboot", "leave"))
    dies = Fault(rng.choice(("power_cut", "freeze", "mute")), "there", at, 60.0)
    return [Fault(leaves, "owner", at + 0.1), dies.on("grant", rng.choice((0.0, 0.01)))]
