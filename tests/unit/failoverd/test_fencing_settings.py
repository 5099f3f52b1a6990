# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a silent peer is excluded, as configured: each relation that fails says its numbers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from failoverd.config import parse
from failoverd.core.config import Kind
from failoverd.formats.schema import ConfigError

Texts = Callable[[], dict[str, str]]
SHARED = [
    {"name": "sfex", "type": "sfex", "cluster": "shop", "lock": "shop", "disk": "/dev/vdc"},
    {
        "name": "mount",
        "type": "filesystem",
        "device": "/dev/vdb",
        "path": "/srv/shop",
        "fstype": "ext4",
        "after": ["sfex"],
    },
]


@pytest.fixture
def leased(cluster: dict[str, Any]) -> dict[str, Any]:
    """A cluster whose last level is the watchdog lease."""
    cluster["watchdog"] = {"device": "/dev/watchdog0", "timeout_s": 8, "module": "iTCO_wdt"}
    cluster["fencing"].append({"name": "lease", "method": "watchdog"})
    cluster["ping_targets"] = [{"address": "10.9.0.254"}]
    return cluster


@pytest.fixture
def shared(cluster: dict[str, Any]) -> dict[str, Any]:
    """A cluster with locks on a shared disk."""
    cluster["watchdog"] = {"timeout_s": 4}
    cluster["fencing"].append({"name": "sfex", "method": "sfex"})
    cluster["services"][0]["resources"] = json.loads(json.dumps(SHARED))
    cluster["services"][0]["resources"][0]["timeout_s"] = 12
    return cluster


def test_the_core_is_told_kinds_lease_and_watchdog(leased: dict[str, Any], texts: Texts) -> None:
    core = parse(texts()).core()
    assert core.kinds == (Kind.STONITH, Kind.LEASE)
    assert core.lease is not None
    assert (core.watchdog_s, core.lease.watchdog_s, core.lease.takeover_s) == (8.0, 8.0, 20.0)
    assert not core.services[0].locked


@pytest.mark.finding("S5")
def test_f80_what_a_lease_stands_on_is_one_number_on_both_nodes(
    leased: dict[str, Any], texts: Texts
) -> None:
    def pact() -> int:
        return parse(texts()).core().pact

    first = pact()
    leased["node"] = "node2"
    assert pact() == first != 0
    seen = {first}
    leased["watchdog"]["timeout_s"] = 9
    seen.add(pact())
    leased["fencing"][-1]["lease_s"] = 12
    seen.add(pact())
    [address] = [r for r in leased["services"][0]["resources"] if r["type"] == "virtual_ip"]
    address["address"] = "10.9.0.11/24"
    seen.add(pact())
    assert len(seen) == 4
    leased["fencing"].pop()
    assert pact() != 0, "the addresses decide who has a head start (F14)"
    leased["ping_targets"] = []
    assert pact() == 0


@pytest.mark.finding("S5")
def test_f80_a_lock_stands_on_its_durations(shared: dict[str, Any], texts: Texts) -> None:
    first = parse(texts()).core().pact
    shared["services"][0]["resources"][0]["timeout_s"] = 13
    assert parse(texts()).core().pact != first != 0


def test_a_service_with_a_lock_is_known_as_such(shared: dict[str, Any], texts: Texts) -> None:
    core = parse(texts()).core()
    assert core.kinds == (Kind.STONITH, Kind.SFEX)
    assert core.services[0].locked
    assert not core.services[0].replicated


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"lease_s": 5}, ["lease_s: 5 is too short", "(2.5)", "dead_s (3)"]),
        ({"margin_s": 0.3}, ["margin_s: 0.3 is not larger", "(0.436)", "= 18.3"]),
        ({"window_s": 40}, ["handler_s: 60 is not longer", "(62)"]),
        ({"lease": 5}, ["fencing[1].lease: is not a known field"]),
    ],
)
def test_a_lease_that_cannot_hold_is_refused_with_its_numbers(
    leased: dict[str, Any], texts: Texts, change: dict[str, Any], says: list[str]
) -> None:
    leased["fencing"][1].update(change)
    with pytest.raises(ConfigError) as error:
        parse(texts())
    for words in says:
        assert words in str(error.value)


def test_a_lease_needs_a_watchdog_that_outlasts_a_pause(
    leased: dict[str, Any], texts: Texts
) -> None:
    leased["watchdog"]["timeout_s"] = 3
    with pytest.raises(ConfigError, match=r"watchdog: 3 is not longer"):
        parse(texts())
    del leased["watchdog"]
    with pytest.raises(ConfigError, match=r"fencing\[1\].method: watchdog requires the section"):
        parse(texts())


def test_a_lease_needs_ping_targets(leased: dict[str, Any], texts: Texts) -> None:
    del leased["ping_targets"]
    with pytest.raises(ConfigError, match="ping_targets: are required by watchdog"):
        parse(texts())


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"timeout_s": 10.5}, "10.5 is less than lease_s 5 + watchdog 4 + margin 2 = 11"),
        ({"lease_s": 2}, "lease_s: 2 is less than three times renew_s (3)"),
        ({"collision_s": 1}, "collision_s: 1 is not longer than renew_s (1)"),
    ],
)
def test_a_lock_that_cannot_hold_is_refused_with_its_numbers(
    shared: dict[str, Any], texts: Texts, change: dict[str, Any], says: str
) -> None:
    shared["services"][0]["resources"][0].update(change)
    with pytest.raises(ConfigError) as error:
        parse(texts())
    assert says in str(error.value)


def test_sfex_without_a_watchdog_has_to_be_accepted_by_name(
    shared: dict[str, Any], texts: Texts
) -> None:
    del shared["watchdog"]
    with pytest.raises(ConfigError, match="does not accept sfex_without_watchdog"):
        parse(texts())
    shared["unsafe"] = ["sfex_without_watchdog"]
    assert parse(texts()).core().watchdog_s == 0


def test_sfex_says_nothing_about_a_service_without_a_lock(
    cluster: dict[str, Any], texts: Texts
) -> None:
    cluster["watchdog"] = {}
    cluster["fencing"].append({"name": "sfex", "method": "sfex"})
    with pytest.raises(ConfigError, match="sfex says nothing about service shop"):
        parse(texts())


@pytest.mark.parametrize("method", ["sfex", "watchdog"])
def test_a_method_without_devices_is_given_once(
    shared: dict[str, Any], texts: Texts, method: str
) -> None:
    shared["watchdog"]["timeout_s"] = 4
    for name in ("one", "two"):
        shared["fencing"].append({"name": name, "method": method})
    with pytest.raises(ConfigError, match=f"holds the method {method} more than once"):
        parse(texts())


@pytest.mark.parametrize(
    ("timing", "says"),
    [
        ({"fence_delay_s": 0.4}, "fence_delay_s: 0.4 is not larger than the jitter"),
        ({"handler_s": 5, "dead_s": 5}, "handler_s: 5 is not larger than dead_s (5 s)"),
    ],
)
def test_timing_that_lets_both_shoot_is_refused(
    cluster: dict[str, Any], texts: Texts, timing: dict[str, float], says: str
) -> None:
    cluster["timing"] = timing
    with pytest.raises(ConfigError) as error:
        parse(texts())
    assert says in str(error.value)


def test_a_device_that_would_be_lost_with_the_replication_is_refused(
    cluster: dict[str, Any], texts: Texts
) -> None:
    device = next(iter(cluster["fencing"][0]["nodes"].values()))
    device["ip"] = "10.9.5.40"
    parse(texts())
    cluster["links"][0]["replicates"] = "10.9.5.0/24"
    with pytest.raises(ConfigError) as caught:
        parse(texts())
    assert "10.9.5.40 lies in the replication LAN of link" in str(caught.value)
    assert "(10.9.5.0/24); a fence device must be reachable when that link is lost." in str(
        caught.value
    )
    device["ip"] = "pdu.example"
    parse(texts())
