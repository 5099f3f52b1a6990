# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of a database that PostgreSQL replicates, and what is refused."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from ansible_collections.failover.cluster.plugins.plugin_utils import (
    _engines,
    _findings,
    _model,
    _nodes,
    _problems,
)
from ansible_collections.failover.cluster.plugins.plugin_utils._engines.pacemaker import cib

STORAGE = {
    "type": "streaming",
    "directory": "/srv/shop",
    "link": "cross",
    "address": "192.168.2.10/24",
    "read_address": "192.168.1.110/24",
}
DATABASE = {"postgresql": {"version": 15}}


def service(storage: Any = None, **more: Any) -> dict[str, Any]:
    return {
        "name": "shop",
        "storage": {**STORAGE, **(storage or {})},
        "addresses": ["192.168.1.100/24"],
        "applications": [{"unit": "shop-worker.service", "after": ["postgresql"]}, DATABASE],
        **more,
    }


def variables(nodes: Any = ("node1", "node2"), **more: Any) -> dict[str, dict[str, Any]]:
    common = {
        "failover_engine": "pacemaker",
        "failover_links": [
            {
                "name": name,
                "interface": f"eth{index}",
                "address": {n: f"192.168.{index}.{i}/24" for i, n in enumerate(nodes, 11)},
            }
            for index, name in enumerate(("lan", "cross"), 1)
        ],
        "failover_fencing": [
            {
                "method": "stonith",
                "agent": "fence_ipmilan",
                "nodes": {n: {"ip": f"192.168.1.{i}"} for i, n in enumerate(nodes, 21)},
            }
        ],
        "failover_services": [service()],
        **more,
    }
    return {n: {**common, "ansible_host": f"10.0.0.{i}"} for i, n in enumerate(nodes, 1)}


def build(nodes: Any = ("node1", "node2"), **more: Any) -> dict[str, Any]:
    each = variables(nodes, **more)
    return _model.build("shop", list(each), each)


def refused(*arguments: Any, **more: Any) -> str:
    with pytest.raises(_problems.Refusal) as problem:
        build(*arguments, **more)
    return str(problem.value)


def by_id(model: dict[str, Any]) -> dict[str, ET.Element]:
    return {one.get("id", ""): one for one in cib.configuration(model).iter() if one.get("id")}


def given(element: ET.Element, tag: str = "instance_attributes") -> dict[str, str]:
    return {one.get("name", ""): one.get("value", "") for one in element.iterfind(f"{tag}/nvpair")}


def test_the_agent_gets_what_fits_debian_and_the_directory_of_the_service():
    parameters = given(by_id(build())["failover.shop.streaming"])
    assert parameters["pgctl"] == "/usr/lib/postgresql/15/bin/pg_ctl"
    assert parameters["pgdata"] == "/srv/shop/postgresql"
    assert parameters["config"] == "/etc/failover/shop/postgresql.conf"
    assert parameters["socketdir"] == "/run/postgresql-shop"
    assert (parameters["rep_mode"], parameters["node_list"]) == ("sync", "node1 node2")
    assert parameters["master_ip"] == "192.168.2.10"
    assert parameters["replication_slot_name"] == "shop"
    assert "restore_command" not in parameters
    without = service({"slots": False, "restore": "/usr/local/bin/fetch %f %p"})
    parameters = given(by_id(build(failover_services=[without]))["failover.shop.streaming"])
    assert "replication_slot_name" not in parameters
    assert parameters["restore_command"] == "/usr/local/bin/fetch %f %p"


def test_the_database_runs_once_on_each_node_and_not_in_the_group():
    found = by_id(build())
    assert given(found["failover.shop.streaming.pair"], "meta_attributes") == {
        "promotable": "true",
        "promoted-max": "1",
        "promoted-node-max": "1",
        "clone-max": "2",
        "clone-node-max": "1",
        "notify": "true",
        "interleave": "true",
        "migration-threshold": "1",
        "failure-timeout": "3600s",
    }
    parts = [one.get("id", "") for one in found["failover.shop"].iterfind("primitive")]
    assert parts[-1] == "failover.shop.application.shop-worker"
    assert not any("postgresql" in part for part in parts)


def test_what_cannot_be_given_up_has_its_node_fenced():
    server = by_id(build())["failover.shop.streaming"]
    ending = {one.get("name"): one.get("on-fail") for one in server.iterfind("operations/op")}
    assert (ending["demote"], ending["stop"]) == ("fence", "fence")


def test_the_replication_address_outlives_the_primary_and_the_service_ends_before_it():
    found = by_id(build())
    last = found["failover.shop.replication.192.168.2.10.last"]
    assert (last.get("first-action"), last.get("then-action")) == ("demote", "stop")
    assert last.get("symmetrical") == "false"
    first = found["failover.shop.streaming.pair.first"]
    assert (first.get("then"), first.get("symmetrical")) == ("failover.shop", None)
    interface = given(found["failover.shop.replication.192.168.2.10"])["nic"]
    assert interface == "eth2"
    assert given(found["failover.shop.reading.192.168.1.110"])["nic"] == "eth1"


def test_without_an_address_for_reading_there_is_none():
    plain = service()
    del plain["storage"]["read_address"]
    assert not any("reading" in one for one in by_id(build(failover_services=[plain])))


def test_both_servers_listen_everywhere_and_share_no_port_with_another_service():
    model = build()
    assert model["services"][0]["applications"][1]["listen"] == ["*"]
    other = service({"directory": "/srv/mail", "address": "192.168.2.20/24"}, name="mail")
    del other["storage"]["read_address"]
    other["addresses"] = ["192.168.1.101/24"]
    other["applications"] = [DATABASE]
    said = refused(failover_services=[service(), other])
    assert "5432 of postgresql of service mail is the port of postgresql of service shop" in said


def test_one_secret_is_generated_for_the_replication():
    model = build()
    assert "streaming-shop" in _nodes.view(model, "node1", ["node1", "node2"])["secrets"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"storage": {"link": "none"}}, "none is not a link of the cluster; they are lan, cross"),
        ({"storage": {"address": "192.168.9.1/24"}}, "is not inside the subnet of link cross"),
        ({"storage": {"address": "192.168.1.100/24", "link": "lan"}}, "is already an address of"),
        ({"storage": {"archive": "echo 'x'"}}, "holds a quote, a backslash or a control character"),
        ({"storage": {"disk": "/dev/vdb"}}, "disk: does not belong to type streaming"),
        ({"addresses": []}, "needs an address for its clients"),
        ({"applications": [{"unit": "shop.service"}]}, "0 of them are postgresql"),
        (
            {"applications": [{"postgresql": {"settings": {"synchronous_standby_names": "x"}}}]},
            "is set by streaming itself",
        ),
        (
            {"applications": [{"unit": "a.service"}, {"postgresql": {"after": ["a"]}}]},
            "the database of streaming runs before everything else",
        ),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(more: dict[str, Any], said: str):
    one = service(more.pop("storage", None), **more)
    text = refused(failover_services=[one])
    assert "failover_services[0]" in text
    assert said in text


def test_an_engine_that_cannot_keep_it_names_the_one_that_can():
    text = refused(failover_engine="agent")
    assert (
        "failover_services[0].storage.type: streaming needs the engine pacemaker, not agent;"
        " take that one (failover_engine), or another type of storage." in text
    )


def test_it_takes_two_nodes_with_names_in_lower_case():
    assert "the cluster has 3 (node1, node2, node3)" in refused(("node1", "node2", "node3"))
    assert "give Node2 the name node2" in refused(("node1", "Node2"))


def test_no_empty_database_is_made_beside_one_that_has_rows():
    model = build()
    path = "/srv/shop/postgresql/PG_VERSION"
    found: dict[str, Any] = {
        "node1": {"texts": {path: None}, "configured": {}},
        "node2": {"texts": {path: "15"}, "configured": {}},
    }
    kind = _findings._storage.of(model["services"][0])
    with pytest.raises(_problems.Problem, match=re.escape("Write preferred: node2")):
        kind.judge(model["services"][0], ["node1", "node2"], found, True)
    found["node1"]["texts"][path] = "15"
    kind.judge(model["services"][0], ["node1", "node2"], found, True)
    # A node with a new disk gets its copy from the cluster that runs.
    found["node1"] = {"texts": {path: None}, "configured": {"shop": {}}}
    kind.judge(model["services"][0], ["node1", "node2"], found, True)


def test_the_user_is_told_when_no_node_would_take_over():
    model = build()
    (told,) = _findings._storage.of(model["services"][0]).notes(model["services"][0])
    assert "no other node takes over until a standby is in sync again" in told
    # The agent asks the server; so nothing is missing there.
    assert not any("postgresql" in one for one in _engines.of(model).notes(model))
