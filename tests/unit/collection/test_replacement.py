# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A dead node is replaced only if it is dead, if the new machine is bare, and if the data are good."""

from __future__ import annotations

import pytest
from ansible_collections.failover.cluster.plugins.plugin_utils import _replacement

DISK = {"disk": "UpToDate", "role": "Primary", "connection": "WFConnection", "suspended": False}
BARE = {"running": False, "configured": {}, "texts": {}}
BUILT = {"running": True, "configured": {"shop": {}}, "texts": {}}
MARKED = {"texts": {_replacement.MARK: "node2"}}


def status(life="gone", finding="", **service):
    """What the engine of node1 says, which goes on."""
    shop = {
        "name": "shop",
        "owner": "node1",
        "state": "running",
        "why": "",
        "disk": {**DISK, **service.pop("disk", {})},
    }
    findings = [{"code": finding, "about": "shop"}] if finding else []
    return {
        "silent": [] if life == "alive" else ["node2"],
        "reports": [{"name": "node1", "life": "alive"}, {"name": "node2", "life": life}],
        "services": [{**shop, **service}],
        "health": {"findings": findings},
    }


@pytest.fixture
def planned(build):
    """Plans the replacement of node2."""
    model = build()

    def made(told=None, new=BARE, other=BUILT, keeps="none", model=model):
        found = {"node1": other, "node2": new}
        return _replacement.plan(model, "node2", found, status() if told is None else told, keeps)

    return made


@pytest.mark.parametrize("life", ["gone", "unseen"])
def test_the_plan_says_what_is_renewed_what_is_copied_and_that_nothing_stops(planned, life):
    said = planned(status(life))
    assert (said["problems"], said["renews"], said["begun"]) == ([], True, False)
    assert said["secrets"] == ["drbd-shop"]
    keys, built, copied, down, old = said["lines"]
    assert keys.startswith(
        "1. node1 gets new keys of the heartbeats and of the replication of shop."
    )
    assert "a disk that holds something is refused" in built
    assert "Nothing is created on the disks of node1." in built
    assert "Everything of shop is copied from node1 while it is in use." in copied
    assert down == "4. shop runs on node1 all the time; the expected downtime is 0 s."
    assert "also of the one that switches node1 off" in old


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"new": {}}, "node: the new machine node2 does not answer. Install its system,"),
        ({"new": BUILT}, "not bare, it has a running engine and the configuration of shop."),
        ({"keeps": "same"}, "node2 is not bare, it has secrets of a cluster. An old machine that"),
        ({"keeps": "other"}, "node2 is not bare, it has secrets of a cluster."),
        ({"told": {}}, "node1: no engine answers there, but it has to keep the services"),
        ({"told": status("alive")}, "node1 hears node2, so it lives. To replace it nonetheless,"),
        ({"told": status("silent")}, "node1 has no proof that node2 is off: node2 is silent."),
        ({"told": status("suspect")}, "failover.cluster.confirm_fenced -e node=node2"),
        (
            {"told": status(finding="split-brain")},
            "shop: its copies have diverged, so node2 may have rows that node1 lacks.",
        ),
        (
            {"told": status(state="blocked", owner="", why="old data")},
            "shop: does not run on node1; it is blocked on no node: old data. What node1 has must",
        ),
        ({"told": status(owner="node2")}, "does not run on node1; it is running on node2."),
        (
            {"told": status(disk={"disk": "Outdated"})},
            "shop: the copy of node1 is Outdated, not UpToDate.",
        ),
        ({"told": status(disk={"suspended": True})}, "shop: its I/O is frozen on node1;"),
        (
            {"told": status(disk={"connection": "Connected"})},
            "shop: the kernel of node2 answers over the replication link, so node2 is not dead.",
        ),
    ],
)
def test_a_precondition_that_fails_is_named_and_nothing_is_renewed(planned, changes, sentence):
    said = planned(**changes)
    assert sentence in " ".join(said["problems"])
    assert len(said["problems"]) == 1
    assert not said["renews"]


@pytest.mark.parametrize(
    ("new", "keeps", "renews"),
    [(BARE, "none", True), (BARE, "same", False), (BUILT, "same", False)],
)
@pytest.mark.parametrize("life", ["gone", "unseen", "silent", "alive"])
def test_a_run_that_was_cut_off_goes_on(planned, new, keeps, renews, life):
    """The keys are renewed until the new machine has them, and not afterwards."""
    linked = status(life, disk={"connection": "SyncSource"})
    said = planned(linked, new=new, other={**BUILT, **MARKED}, keeps=keeps)
    assert (said["problems"], said["renews"], said["begun"]) == ([], renews, True)
    assert said["lines"][0] == "An earlier run began to replace node2; this run finishes it."


def test_the_old_machine_is_not_taken_for_the_new_one_of_a_run_that_was_cut_off(planned):
    said = planned(new=BUILT, other={**BUILT, **MARKED}, keeps="other")
    assert "node2 keeps other secrets than node1." in said["problems"][0]
    assert not said["renews"]


def test_the_mark_of_another_replacement_says_nothing_of_this_one(planned):
    other = {**BUILT, "texts": {_replacement.MARK: "node1"}}
    assert planned(new=BUILT, other=other, keeps="same")["problems"]


def test_on_a_shared_disk_there_is_nothing_to_copy(planned, build):
    path = "failover_services.0.storage"
    model = build(
        (path, {"type": "shared", "disk": "/dev/vdb", "mount": "/srv/shop"}),
        ("failover_sfex", {"disk": "/dev/vdc"}),
    )
    said = planned(
        status(disk={}) | {"services": [status()["services"][0] | {"disk": None}]}, model=model
    )
    assert (said["problems"], said["secrets"]) == ([], [])
    assert not any("copied" in line or "replication" in line for line in said["lines"])
