# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the status tells of real answers of crm_mon, of each version of Debian alike."""

from __future__ import annotations

import pytest

from tests.played import crm_mon
from tests.unit.failoverd import schemas

pytestmark = pytest.mark.parametrize("version", crm_mon.VERSIONS)


def valid(version, state, **more):
    answer = crm_mon.answer(version, state, **more)
    schemas.validator("status").validate(answer["status"])
    return answer


def test_a_cluster_in_order(version):
    answer = valid(version, "well")
    status = answer["status"]
    assert status["health"] == {"state": "ok", "findings": []}
    assert status["version"].startswith(version)
    assert status["quorum"] == {"now": True, "after_a_loss": True}
    assert [(one["name"], one["life"]) for one in status["reports"]] == [
        ("node1", "alive"),
        ("node2", "alive"),
    ]
    places = {one["name"]: (one["state"], one["owner"]) for one in status["services"]}
    assert places == {"shop": ("running", "node1"), "mail": ("running", "node2")}
    assert {one["name"]: one["last"] for one in status["exclusion"]} == {
        "dummy.node1": "ok",
        "dummy.node2": "ok",
    }
    assert all(0 < one["since_s"] < 300 for one in status["services"])
    texts = [one["text"] for one in answer["events"]]
    assert "shop.application.two started on node1" in texts
    assert {one["level"] for one in answer["events"]} == {"info"}


def test_a_failure_and_a_lost_node_are_told_with_their_times(version):
    answer = valid(version, "lost")
    status = answer["status"]
    assert [(one["name"], one["life"]) for one in status["reports"]] == [
        ("node1", "alive"),
        ("node2", "gone"),
    ]
    assert {one["name"]: one["owner"] for one in status["services"]} == {
        "shop": "node1",
        "mail": "node1",
    }
    alerts = [one for one in answer["events"] if one["level"] == "alert"]
    assert [one["text"].replace("Not", "not") for one in alerts] == [
        "shop.application.one failed on node1: monitor: not running",
        "node2 was reset by node1",
    ]
    assert [one["node"] for one in alerts] == ["node1", "node2"]
    assert 0 < alerts[1]["time"] - alerts[0]["time"] < 300
    assert answer["events"] == sorted(answer["events"], key=lambda one: one["time"])
    codes = [one["code"] for one in status["health"]["findings"]]
    assert codes == ["node-offline", "failure-remembered"]


def test_a_failure_counts_on_its_node_alone(version):
    for node, failed in (("node1", True), ("node2", False)):
        status = valid(version, "lost", node=node)["status"]
        shop = next(one for one in status["services"] if one["name"] == "shop")
        assert bool(shop["failure"]) == bool(shop["restarts"]) == failed
        counts = {one["name"]: one["fail_counts"] for one in shop["resources"]}
        assert counts.pop("one").keys() == {"node1"}
        assert set(map(str, counts.values())) == {"{}"}
    shop = valid(version, "lost")["status"]["services"][0]
    assert shop["failure"].lower() == "application.one has failed here (monitor: not running)"


def test_every_node_tells_the_same_but_for_its_name(version):
    here, there = (valid(version, "lost", node=node)["status"] for node in ("node1", "node2"))
    keys = ("reports", "exclusion", "health", "quorum", "standby", "maintenance")
    assert {key: here[key] for key in keys} == {key: there[key] for key in keys}


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        ({}, []),
        ({"peer_disk": "Inconsistent", "connection": "SyncSource"}, ["replication-behind"]),
        ({"connection": "StandAlone", "peer_disk": "Unknown"}, ["split-brain", "replication-behind"]),
        ({"suspended": True}, ["io-frozen"]),
    ],
)  # fmt: skip
def test_what_the_kernel_says_of_a_copy_is_judged(version, change, codes):
    good = {
        "role": "Primary",
        "disk": "UpToDate",
        "peer_role": "Secondary",
        "peer_disk": "UpToDate",
        "connection": "Connected",
        "suspended": False,
        "out_of_sync_bytes": 0,
    }
    disks = {"shop": {"disk": {**good, **change}, "sync": None}}
    status = valid(version, "well", disks=disks)["status"]
    assert [one["code"] for one in status["health"]["findings"]] == codes
    worst = "critical" if codes and codes[0] != "replication-behind" else "warning"
    assert status["health"]["state"] == (worst if codes else "ok")
