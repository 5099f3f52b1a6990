# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a copy comes back by itself, and when it waits for a person."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from ansible_collections.failover.cluster.plugins.module_utils import _rejoin, _rejoin_alone

from tests.unit.collection.test_rejoin import OLD, PRIMARY, old
from tests.unit.collection.test_rejoin_node import Pair, _until, pair

__all__ = ["pair"]

RESOURCE = "failover.shop.streaming"
FAILED = f'<failure op_key="{RESOURCE}_monitor_3000" node="node1" exitstatus="error"/>'
CLUSTER = """<pacemaker-result><summary><current_dc present="true" with_quorum="{quorum}"/>
<cluster_options maintenance-mode="{maintenance}"/></summary><nodes>
<node name="node1" online="true" standby="{standby}" maintenance="false" pending="false"/>
<node name="node2" online="true" standby="false" maintenance="false" pending="false"/></nodes>
<resources><clone id="failover.shop.streaming.pair">
<resource id="failover.shop.streaming" role="{role}" active="true" managed="{managed}"
 failed="false" blocked="false"><node name="{primary}"/></resource>
<resource id="failover.shop.streaming" role="Stopped" active="false" managed="true"
 failed="false" blocked="false"/></clone></resources>
<failures>{failures}</failures></pacemaker-result>"""
PARAMS = {"service": "shop", "node": "node1", "other": "node2", "resource": RESOURCE}


def cluster(**other: str) -> ET.Element:
    """node1 has failed, and node2 is the primary."""
    said = {
        "quorum": "true",
        "maintenance": "false",
        "standby": "false",
        "role": "Promoted",
        "managed": "true",
        "primary": "node2",
        "failures": FAILED,
        **other,
    }
    return ET.fromstring(CLUSTER.format(**said))


def test_a_copy_is_given_up_if_it_failed_and_does_not_run():
    assert _rejoin_alone.given_up(cluster(), PARAMS)
    assert not _rejoin_alone.given_up(cluster(failures=""), PARAMS)
    assert not _rejoin_alone.given_up(cluster(primary="node1"), PARAMS)
    elsewhere = FAILED.replace("node1", "node2")
    assert not _rejoin_alone.given_up(cluster(failures=elsewhere), PARAMS)


@pytest.mark.parametrize(
    ("other", "word"),
    [
        ({}, ""),
        ({"quorum": "false"}, "no quorum"),
        ({"maintenance": "true"}, "maintenance"),
        ({"standby": "true"}, "standby"),
        ({"role": "Unpromoted"}, "node2 is not the primary"),
        ({"role": "Promoted", "managed": "false"}, "node2 has a failure, too"),
    ],
)
def test_the_cluster_has_to_run_the_primary_on_the_other_node(other: dict[str, str], word: str):
    said = _rejoin_alone.obstacle(cluster(**other), PARAMS)
    assert word in said and bool(word) == bool(said)


RESTING = old(state=_rejoin.RESTING, timeline=2, history=PRIMARY.history)


@pytest.mark.parametrize(
    ("copy", "kept", "word"),
    [
        (OLD, 0, ""),
        (OLD, _rejoin.MOST_KEPT, "came back 3 times"),
        (RESTING, _rejoin.MOST_KEPT, ""),
        (replace(RESTING, behind=True), 0, "not behind"),
        (replace(OLD, tried=True), 0, ""),
        (replace(OLD, alone=True), 0, "may have acknowledged rows"),
        (replace(OLD, holds="nothing", data=None), 0, "may not be mounted"),
        (replace(OLD, holds="broken", data=None), 0, "cannot be read"),
        (old(timeline=3, history=((1, 5), (2, 9))), 0, "knows nothing"),
    ],
)
def test_what_may_cost_something_waits_for_a_person(copy: _rejoin.Copy, kept: int, word: str):
    plan = _rejoin.decide(copy, [PRIMARY])
    said = _rejoin.person(copy, [PRIMARY], plan, kept)
    assert word in said and bool(word) == bool(said)


def test_a_real_copy_waits_for_its_cluster_and_comes_back(pair: Pair):
    params: dict[str, Any] = pair.params()
    assert _rejoin_alone.look(params, lambda: None) == _rejoin_alone.Look("")
    assert _rejoin_alone.look(params, lambda: cluster(failures="")) == _rejoin_alone.Look("")
    waits = _rejoin_alone.look(params, lambda: cluster(maintenance="true")).said
    assert waits == "shop: node1 does not come back: the cluster is in maintenance."
    assert pair.old._working() == []
    said = _rejoin_alone.look(params, cluster).said
    assert "shop: rewind; node1: may have written what node2 does not have. What was taken" in said
    assert "pg_rewind takes away what the primary does not have." in said
    _until(lambda: pair.rows() == "2")
    # It looks at nothing while its server runs.
    assert _rejoin_alone.look(params, lambda: pytest.fail("asked")) == _rejoin_alone.Look("")


def test_a_real_copy_that_wrote_alone_is_left_as_it_is(pair: Pair):
    (pair.state / "alone").touch()
    control = pair.old.data / "global" / "pg_control"
    before = control.read_bytes()
    said = _rejoin_alone.look(pair.params(), cluster).said
    assert "may have acknowledged rows that node2 does not have" in said
    assert (control.read_bytes(), pair.old._working()) == (before, [])
    assert not list(pair.home.glob("kept-*"))


def test_a_base_backup_that_fails_is_not_tried_again_at_once(pair: Pair):
    programs = pair.programs(pg_rewind="exit 1", pg_basebackup="echo 'no room' >&2; exit 1")
    look = _rejoin_alone.look(pair.params(programs=programs), cluster)
    assert "no room" in look.said
    assert look.pause_s == _rejoin_alone.RETRY_S
    assert (pair.old.data / "PG_VERSION").exists()


def test_the_file_of_the_role_is_read():
    text = "# Written by failover.cluster\nservice=shop\nport=5432\nwait_s=180\nslot=\n"
    assert _rejoin_alone.read(text) == {
        "service": "shop",
        "port": 5432,
        "wait_s": 180,
        "slot": "",
        "discard": False,
        "only_empty": False,
    }
