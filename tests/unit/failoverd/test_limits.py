# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The limits after which the core gives an order up are longer than what the shell waits."""

from __future__ import annotations

from dataclasses import replace

import pytest

from failoverd.core.config import FENCE_LIMIT_S
from failoverd.core.lock import Times
from failoverd.fencing.settings import FencingSettings
from failoverd.resources import limits
from failoverd.resources.settings import ResourceSettings

pytestmark = pytest.mark.finding("S8")


def resource(name: str, start_s: float, stop_s: float, *after: str) -> ResourceSettings:
    return ResourceSettings(name, "systemd", after, start_s, stop_s, None)


def test_a_service_is_given_the_longest_way_through_its_graph() -> None:
    parts = (
        resource("disk", 10, 1),
        resource("mount", 20, 2, "disk"),
        resource("address", 100, 3),
        resource("database", 200, 40, "mount", "address"),
    )
    found = limits.of_service(parts)
    assert found.start_s == 300 + limits.MARGIN_S
    assert found.stop_s == 43 + limits.UNBURDEN_S + limits.MARGIN_S
    assert found.recover_s == 343 + limits.MARGIN_S
    assert found.probe_s == 46 + limits.MARGIN_S, "they are looked at one after the other"


def test_a_level_is_given_its_time_for_the_order_and_for_what_verifies_it() -> None:
    device = FencingSettings("bmc", "stonith", "fence_ipmilan", timeout_s=30.0)
    assert limits.of_level(device, ()) == 60.0 + limits.MARGIN_S
    locks = replace(resource("lock", 1, 1), type="sfex", options=Sfex(Times(timeout_s=200.0)))
    shared = replace(device, method="sfex")
    assert limits.of_level(shared, (locks,)) == 402.0 + limits.MARGIN_S
    assert limits.of_level(shared, ()) == FENCE_LIMIT_S


class Sfex:
    """The options of a lock."""

    def __init__(self, times: Times) -> None:
        self.times = times
