# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which nodes a Pacemaker cluster lets go of."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.failover.cluster.plugins.modules import pacemaker_nodes

WELL: dict[str, Any] = {
    "cluster": "shop", "node": "node1", "nodes": ["node1", "node2", "node3"], "silent": [],
    "maintenance": False, "standby": [], "health": {"state": "ok", "findings": []},
    "services": [
        {"name": "shop", "owner": "node1", "state": "running", "copies": {"node1": {}, "node2": {}}},
        {"name": "mail", "owner": "node2", "state": "running"},
    ],
}  # fmt: skip
REST = ["node1", "node2"]
UNCLEAN = {"findings": [{"code": "node-unclean", "about": "node3"}]}


def test_a_member_that_the_inventory_does_not_name_is_never_cut_off():
    said = pacemaker_nodes.refusal(WELL, REST)
    assert said.startswith(
        "node3 is a member of the cluster shop, and the inventory does not name it."
    )
    assert "failover.cluster.remove_node -e cluster=shop -e node=node3" in said
    assert pacemaker_nodes.refusal(WELL, WELL["nodes"]) == ""


def test_a_node_that_was_shut_down_is_forgotten_and_one_that_may_still_write_is_not():
    away = {**WELL, "silent": ["node3"]}
    assert pacemaker_nodes.refusal(away, REST) == ""
    said = pacemaker_nodes.refusal({**away, "health": UNCLEAN}, REST)
    assert said.startswith("node3 is lost and not fenced yet")
    assert "confirm_fenced -e node=node3" in said


def test_a_node_that_is_to_join_is_no_reason():
    assert pacemaker_nodes.refusal(WELL, [*WELL["nodes"], "node4"]) == ""


@pytest.mark.parametrize(
    ("node", "change", "reason"),
    [
        ("node3", {}, ""),
        ("node3", {"silent": ["node3"]}, ""),
        (
            "node1",
            {},
            "shop runs on it. Move it away first: ansible-playbook failover.cluster.standby -e node=node1.",
        ),
        ("node2", {"services": WELL["services"][:1]}, "it has a copy of the disk of shop."),
        (
            "node3",
            {"maintenance": True},
            "the cluster is in maintenance, which leaves everything as it is.",
        ),
        ("node3", {"silent": ["node2"]}, "node2 is not heard, and the rest might lose its quorum."),
        (
            "node3",
            {"services": [{"name": "shop", "owner": None, "state": "changing"}]},
            "shop is about to move or to change; wait until that is over.",
        ),
    ],
)
def test_a_node_leaves_only_if_the_others_can_do_without_it(node, change, reason):
    rest = [one for one in WELL["nodes"] if one != node]
    assert pacemaker_nodes.bound({**WELL, **change}, node, rest) == reason


def test_the_last_but_one_stays():
    said = pacemaker_nodes.bound({**WELL, "nodes": REST}, "node2", ["node1"])
    assert said.startswith("a cluster of the engine pacemaker has 2 nodes at least")


def test_each_node_is_forgotten_and_the_first_error_is_told():
    asked = []

    def run(argv):
        asked.append(argv)
        return (0, "", "") if argv[-1] == "node3" else (1, "", "No such\n node")

    said = pacemaker_nodes.forget(run, ["node3", "node4", "node5"])
    assert said == "the cluster did not forget node4: No such node"
    assert asked == [["crm_node", "--force", "--remove", node] for node in ("node3", "node4")]
