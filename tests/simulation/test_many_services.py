# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""F74: fifty services whose names have 31 letters, in the simulated world, over the real wire."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from failoverd.core.config import ServiceConfig

from . import script, setting
from .fault import Fault
from .world import World

pytestmark = pytest.mark.finding("S3")

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789-"
COUNT = 50


def services(seed: int) -> tuple[ServiceConfig, ...]:
    """Some on each node, some without a disk."""
    rng = random.Random(f"many {seed}")
    return tuple(
        ServiceConfig(
            f"s{number:02d}" + "".join(rng.choices(LETTERS, k=28)),
            preferred=rng.choice(("node1", "node2", "")),
            replicated=rng.random() < 0.5,
        )
        for number in range(COUNT)
    )


@pytest.mark.parametrize("last", ["owner_dies", "owner_freezes", "switchover", "standby_dies"])
def test_fifty_services_fail_over_and_nothing_is_lost(
    last: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed = 11
    plain = replace(
        setting.draw(5), services=services(seed), levels=("bmc",), lease=None, shared=False
    )
    monkeypatch.setattr(setting, "draw", lambda _seed: plain)
    faults = (
        Fault("kill_daemon", "owner", 1.0, 2.0, a=0.5),
        Fault("cut_link", "node1", 4.0, 5.0, a=0.1),
        Fault("power_cut", "owner", 12.0, 10.0),
    )
    world = World(seed, script.Script(calm=(), chaos=faults, chaos_s=25.0, last=last))
    world.run()
    assert len(world.volumes) == COUNT
    assert world.moments["takeover"] >= COUNT / 5
