# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the engine pacemaker makes of an inventory, and what it refuses."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from ansible_collections.failover.cluster.plugins.module_utils import _cib
from ansible_collections.failover.cluster.plugins.plugin_utils import (
    _engines,
    _findings,
    _hosts,
    _model,
    _nodes,
    _packages,
    _problems,
)
from ansible_collections.failover.cluster.plugins.plugin_utils._engines.pacemaker import (
    cib,
    corosync,
    elements,
)

from tests.unit.collection.conftest import UNIT, resource_file


def variables(nodes: int = 2, **more: Any) -> dict[str, dict[str, Any]]:
    """Of each node; more: what is different."""
    names = [f"node{number}" for number in range(1, nodes + 1)]
    common = {
        "failover_engine": "pacemaker",
        "failover_links": [
            {
                "name": name,
                "interface": f"eth{index}",
                "address": {n: f"192.168.{index}.{i}/24" for i, n in enumerate(names, 11)},
            }
            for index, name in enumerate(("lan", "cross"), 1)
        ],
        "failover_fencing": [
            {
                "method": "stonith",
                "agent": "fence_ipmilan",
                "nodes": {n: {"ip": f"192.168.1.{i}"} for i, n in enumerate(names, 21)},
                "parameters": {"username": "admin", "password": "hidden-word"},
            }
        ],
        "failover_services": [service()],
        **more,
    }
    return {n: {**common, "ansible_host": f"10.0.0.{i}"} for i, n in enumerate(names, 1)}


def service(name: str = "shop", number: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "storage": {"type": "shared", "disk": f"/dev/vd{'bcd'[number]}", "mount": f"/srv/{name}"},
        "addresses": [f"192.168.1.{100 + number}/24"],
        "applications": [{"unit": f"{name}-worker.service"}],
        **more,
    }


def build(nodes: int = 2, **more: Any) -> dict[str, Any]:
    each = variables(nodes, **more)
    return _model.build("shop", list(each), each)


def refused(nodes: int = 2, **more: Any) -> str:
    with pytest.raises(_problems.Refusal) as problem:
        build(nodes, **more)
    return str(problem.value)


def section(text: str, name: str) -> str:
    found = re.search(rf"^{name} {{\n(.*?)^}}\n", text, re.DOTALL | re.MULTILINE)
    assert found
    return found[1]


def values(text: str) -> dict[str, str]:
    return dict(re.findall(r"^ +(\w+): (.+)$", text, re.MULTILINE))


def by_id(model: dict[str, Any]) -> dict[str, ET.Element]:
    return {one.get("id", ""): one for one in cib.configuration(model).iter() if one.get("id")}


def given(element: ET.Element, tag: str = "instance_attributes") -> dict[str, str]:
    return {one.get("name", ""): one.get("value", "") for one in element.iterfind(f"{tag}/nvpair")}


# --- Corosync


def test_corosync_encrypts_its_links_with_a_key_that_follows_from_the_secret():
    model = build()
    files = _engines.of(model).files(model, "node1", {"corosync": "ab" * 32})
    totem = values(section(files["corosync.conf"], "totem"))
    assert (totem["crypto_cipher"], totem["crypto_hash"]) == ("aes256", "sha256")
    # knet takes keys of 128 to 4096 bytes.
    assert 128 <= len(files["authkey"]) <= 4096
    other = _engines.of(model).files(model, "node2", {"corosync": "ab" * 32})
    assert (other["authkey"], other["corosync.conf"]) == (files["authkey"], files["corosync.conf"])
    third = _engines.of(model).files(model, "node1", {"corosync": "ac" * 32})
    assert third["authkey"] != files["authkey"]
    assert "ab" * 32 not in files["authkey"] + files["corosync.conf"]


def test_corosync_takes_its_token_from_the_time_after_which_a_node_is_dead():
    totem = values(section(corosync.render(build(3, failover_timing={"dead_s": 5})), "totem"))
    assert (totem["token"], totem["consensus"], totem["token_coefficient"]) == ("5000", "6000", "0")


def test_corosync_uses_every_link_with_its_port():
    model = build()
    model["links"][1]["port"] = 7999
    text = corosync.render(model)
    nodes = section(text, "nodelist")
    assert "ring0_addr: 192.168.1.11" in nodes and "ring1_addr: 192.168.2.12" in nodes
    assert re.findall(r"linknumber: (\d)\n +mcastport: (\d+)", text) == [
        ("0", "7410"),
        ("1", "7999"),
    ]


def test_a_node_keeps_its_number_when_others_come_and_go():
    both, three = corosync.render(build(2)), corosync.render(build(3))
    numbers = re.findall(r"name: (\w+)\n +nodeid: (\d+)", three)
    assert numbers[:2] == re.findall(r"name: (\w+)\n +nodeid: (\d+)", both)
    # knet takes no larger one.
    assert all(0 < int(number) < 65536 for _name, number in numbers)


def test_two_nodes_alone_wait_for_each_other_and_three_need_a_majority():
    assert values(section(corosync.render(build(2)), "quorum")) == {
        "provider": "corosync_votequorum",
        "two_node": "1",
        "wait_for_all": "1",
    }
    assert values(section(corosync.render(build(3)), "quorum")) == {
        "provider": "corosync_votequorum"
    }


def test_nodes_that_are_lost_one_after_the_other_leave_a_standby_a_quorum():
    model = build(3, failover_pacemaker={"standby": ["node3"]})
    told = values(section(corosync.render(model), "quorum"))
    assert (told["last_man_standing"], told["wait_for_all"]) == ("1", "1")
    order = told["auto_tie_breaker_node"].split()
    assert (told["auto_tie_breaker"], order[0]) == ("1", str(corosync.number("node3")))
    assert len(set(order)) == 3
    device = {"standby": ["node3"], "quorum_device": "192.168.1.5"}
    quorum = section(corosync.render(build(3, failover_pacemaker=device)), "quorum")
    assert "auto_tie_breaker" not in quorum, "Corosync refuses both"


def test_a_quorum_device_has_a_vote_and_proves_who_it_is():
    model = build(2, failover_pacemaker={"quorum_device": "192.168.1.5"})
    quorum = section(corosync.render(model), "quorum")
    assert "two_node" not in quorum
    told = values(quorum)
    assert (told["host"], told["algorithm"], told["tls"]) == ("192.168.1.5", "ffsplit", "required")
    assert told["votes"] == "1"
    assert "corosync-qdevice" in _packages.needed(model)
    model["pacemaker"]["quorum_device"]["algorithm"] = "lms"
    assert "votes: 1\n" in section(corosync.render(model), "quorum")


# --- the CIB


def test_every_part_of_the_cib_is_ours_by_its_id_and_no_id_is_there_twice():
    model = build(3, failover_services=[service(), service("mail", 1)])
    ids = [one.get("id") for one in cib.configuration(model).iter() if one.get("id")]
    assert len(ids) == len(set(ids))
    of_nodes = [str(corosync.number(node)) for node in model["nodes"]]
    others = [one for one in ids if not one.startswith(_cib.PREFIX)]
    assert others == [cib.OPTIONS, *of_nodes]
    assert elements.PREFIX == _cib.PREFIX


def test_the_same_inventory_renders_the_same_text():
    assert cib.render(build()) == cib.render(build())


def test_a_service_is_a_group_disk_first_then_addresses_then_applications():
    applications = [
        {"unit": "web.service", "after": ["base"]},
        {"ocf": "heartbeat:Dummy", "name": "base", "parameters": {"state": "/run/state"}},
        {"lsb": "old"},
    ]
    found = by_id(build(failover_services=[service(applications=applications)]))
    parts = [
        (one.get("class"), one.get("provider"), one.get("type"))
        for one in found["failover.shop"].iterfind("primitive")
    ]
    assert parts == [
        ("ocf", "failover", "vipcheck"),
        ("ocf", "heartbeat", "Filesystem"),
        ("ocf", "heartbeat", "IPaddr2"),
        ("ocf", "heartbeat", "Dummy"),
        ("systemd", None, "web"),
        ("lsb", None, "old"),
    ]
    assert given(found["failover.shop.application.base"]) == {"state": "/run/state"}
    assert given(found["failover.shop.address.192.168.1.100"]) == {
        "ip": "192.168.1.100",
        "cidr_netmask": "24",
        "nic": "eth1",
    }


DRBD = {"type": "drbd", "disk": "/dev/vdb", "link": "cross", "mount": "/srv/shop"}


def replicated(**more: Any) -> dict[str, Any]:
    return build(failover_services=[service(storage=DRBD)], **more)


def test_a_replicated_disk_is_a_clone_on_both_nodes_promoted_on_one():
    found = by_id(replicated())
    clone = found["failover.shop.drbd.pair"]
    meta = given(clone, "meta_attributes")
    assert (meta["promotable"], meta["promoted-max"], meta["clone-max"]) == ("true", "1", "2")
    # Without notifications the agent refuses to start.
    assert meta["notify"] == "true"
    # The same failures move it as move the service.
    assert meta["migration-threshold"] == given(found["failover.shop"], "meta_attributes")["migration-threshold"]  # fmt: skip
    [drbd] = clone.findall("primitive")
    assert (drbd.get("provider"), drbd.get("type")) == ("linbit", "drbd")
    assert given(drbd)["drbd_resource"] == "shop"
    watched = {op.get("role"): op.get("interval") for op in drbd.iter("op") if op.get("role")}
    assert set(watched) == {"Promoted", "Unpromoted"} and len(set(watched.values())) == 2
    assert given(found["failover.shop.mount"])["device"] == "/dev/drbd0"


def test_the_service_is_where_the_promoted_copy_is_and_starts_after_it():
    found = by_id(replicated())
    together = found["failover.shop.drbd.pair.together"].attrib
    assert (together["rsc"], together["with-rsc"]) == ("failover.shop", "failover.shop.drbd.pair")
    assert (together["with-rsc-role"], together["score"]) == ("Promoted", "INFINITY")
    first = found["failover.shop.drbd.pair.first"].attrib
    assert (first["first"], first["first-action"]) == ("failover.shop.drbd.pair", "promote")
    assert (first["then"], first["then-action"], first["kind"]) == ("failover.shop", "start", "Mandatory")  # fmt: skip


def test_a_copy_that_cannot_be_demoted_or_stopped_fences_its_node():
    drbd = by_id(replicated())["failover.shop.drbd"]
    fencing = {op.get("name") for op in drbd.iter("op") if op.get("on-fail") == "fence"}
    assert fencing == {"demote", "stop"}


def test_a_replicated_disk_is_rendered_twice_the_same():
    assert cib.render(replicated()) == cib.render(replicated())


def test_a_replicated_disk_needs_its_utilities_and_a_fence_device():
    assert "drbd-utils" in _packages.needed(replicated())
    services = [service(storage=DRBD)]
    assert "failover_fencing: " in refused(failover_services=services, failover_fencing=[])
    unsafe = refused(failover_services=services, failover_unsafe=["no_exclusion"])
    assert "no_exclusion is a risk that the engine pacemaker does not take" in unsafe


THIRD = {"node1": "/dev/vdb", "node3": "/dev/vdc"}


def test_of_more_nodes_a_copy_is_only_where_the_service_has_a_disk():
    services = [service(storage={**DRBD, "disk": THIRD})]
    model = build(3, failover_services=services)
    found = by_id(model)
    assert found["failover.shop.drbd.pair.not.node2"].attrib == {
        "id": "failover.shop.drbd.pair.not.node2",
        "rsc": "failover.shop.drbd.pair",
        "node": "node2",
        "score": "-INFINITY",
    }
    assert not {"failover.shop.drbd.pair.not.node1", "failover.shop.drbd.pair.not.node3"} & set(found)  # fmt: skip
    asked = {node: _nodes.questions(model, node)["services"] for node in model["nodes"]}
    assert [one["disk"] for one in asked["node3"]] == ["/dev/vdc"]
    # A node without a disk of it is asked for none, and needs no kernel with DRBD.
    assert asked["node2"] == []


def test_of_three_nodes_the_one_without_a_disk_needs_no_drbd(found):
    model = build(3, failover_services=[service(storage={**DRBD, "disk": THIRD})])
    units = {"shop-worker.service": UNIT}
    bare = {**found["node1"], "kernel": "6.1", "drbd_version": "", "units": units}
    lacking = {
        node: any("no module drbd" in said for said in _hosts.problems(model, node, bare, True))
        for node in model["nodes"]
    }
    assert lacking == {"node1": True, "node2": False, "node3": True}


def test_three_nodes_are_judged_by_the_disks_that_they_have(found):
    model = build(3, failover_services=[service(storage={**DRBD, "disk": THIRD})])
    limits = {"clock_s": 9, "free_mib": 9, "watchdog": False}
    three = {
        node: {
            **found["node1"],
            "nodename": node,
            "units": {"shop-worker.service": UNIT},
            "names": {},
            "disks": {} if node == "node2" else found["node1"]["disks"],
            "drbd_files": {} if node == "node2" else {"/etc/drbd.d/shop.res": resource_file()},
            "stock_units": {},
        }
        for node in model["nodes"]
    }
    _findings.judge(model, three, limits, False)
    three["node3"]["disks"] = {"shop": {**found["node1"]["disks"]["shop"], "exists": False}}
    with pytest.raises(_problems.Problem, match="/dev/vdc does not exist on node3"):
        _findings.judge(model, three, limits, True)


def test_two_nodes_have_to_be_named_and_the_preferred_one_is_one_of_them():
    said = refused(3, failover_services=[service(storage=DRBD)])
    assert "failover_services[0].storage.disk: names the disks of 3 nodes; drbd replicates" in said
    alone = service(storage={**DRBD, "disk": {"node1": "/dev/vdb"}})
    assert "names the disks of 1 nodes" in refused(3, failover_services=[alone])
    away = service(storage={**DRBD, "disk": THIRD}, preferred="node2")
    assert "failover_services[0].preferred: node2 has no disk of the service; take node1 or node3" in refused(3, failover_services=[away])  # fmt: skip
    # Of two nodes, and of a disk that all see, every node needs a value.
    assert "storage.disk.node2: missing" in refused(failover_services=[alone])
    shared = {"type": "shared", "disk": THIRD, "mount": "/srv/shop"}
    assert "storage.disk.node2: missing" in refused(3, failover_services=[service(storage=shared)])


def test_the_writes_that_wait_for_a_fence_are_told():
    [_owner, writes] = _engines.of(replicated()).costs(replicated())
    assert writes.startswith("shop: if the other copy of its disk is lost, its writes wait")


def test_a_handler_that_cannot_read_the_nodes_states_is_refused():
    model, found = replicated(), answers()
    for info in found.values():
        info["os"] = {"id": "debian", "version": "12"}
    assert _engines.of(model).judge(model, found) == []
    found["node2"]["os"]["version"] = "13"
    with pytest.raises(_problems.Problem, match="node2 runs Debian 13, where DRBD's handler"):
        _engines.of(model).judge(model, found)
    shared = build()
    assert _engines.of(shared).judge(shared, found) == []


def test_who_wants_no_question_for_the_addresses_gets_none():
    assert "vipcheck" not in cib.render(build(failover_pacemaker={"vipcheck": False}))


def test_a_stop_that_fails_fences_the_node():
    for group in cib.configuration(build()).iter("group"):
        for part in group.iterfind("primitive"):
            [stop] = [op for op in part.iter("op") if op.get("name") == "stop"]
            assert stop.get("on-fail") == "fence"


def test_what_differs_from_node_to_node_is_chosen_by_the_name_of_the_node():
    storage = {
        "type": "shared",
        "disk": {"node1": "/dev/sda", "node2": "/dev/sdb"},
        "mount": "/srv/shop",
    }
    mount = by_id(build(failover_services=[service(storage=storage)]))["failover.shop.mount"]
    chosen = {
        rule.get("value"): pair.get("value")
        for one in mount.iterfind("instance_attributes")
        for rule in one.iterfind("rule/expression")
        for pair in one.iterfind("nvpair[@name='device']")
    }
    assert chosen == {"node1": "/dev/sda", "node2": "/dev/sdb"}


def test_restarts_and_expiry_of_failures_are_those_of_the_service():
    one = service(restarts=5, failure_expiry_s=600)
    meta = given(by_id(build(failover_services=[one]))["failover.shop"], "meta_attributes")
    assert (meta["migration-threshold"], meta["failure-timeout"]) == ("6", "600s")


def test_each_node_has_a_device_of_each_method_tried_in_order_and_never_watched_by_itself():
    second = {
        "method": "stonith",
        "agent": "fence_apc",
        "nodes": {"node1": {"ip": "192.168.1.31", "plug": "1"}, "node2": {"ip": "192.168.1.31", "plug": "2"}},
        "timeout_s": 12.5,
    }  # fmt: skip
    fencing = [*variables()["node1"]["failover_fencing"], second]
    model = build(failover_fencing=fencing)
    found = by_id(model)
    device = found["failover._fence.apc.node2"]
    told = given(device)
    assert (told["plug"], told["pcmk_host_list"], told["pcmk_off_timeout"]) == ("2", "node2", "13")
    # Pacemaker would put the name of the node in the place of the plug.
    assert told["pcmk_host_argument"] == "none"
    assert found["failover._fence.apc.node2.elsewhere"].attrib == {
        "id": "failover._fence.apc.node2.elsewhere",
        "rsc": "failover._fence.apc.node2",
        "node": "node2",
        "score": "-INFINITY",
    }
    levels = [
        (one.get("target"), one.get("index"), one.get("devices"))
        for one in cib.configuration(model).iter("fencing-level")
    ]
    assert ("node2", "1", "failover._fence.ipmilan.node2") in levels
    assert ("node2", "2", "failover._fence.apc.node2") in levels
    options = given(cib.configuration(model).find("crm_config"), "cluster_property_set")
    assert (options["stonith-enabled"], options["stonith-timeout"]) == ("true", "53s")


def test_the_owner_has_the_head_start_whoever_it_is_and_no_two_nodes_weigh_the_same():
    names = ("one", "two")
    model = build(failover_services=[service(n, i) for i, n in enumerate(names)])
    options = given(cib.configuration(model).find("crm_config"), "cluster_property_set")
    assert options["priority-fencing-delay"] == "6s"
    found = by_id(model)
    weights = [
        int(given(found[f"failover.{n}.check.192.168.1.{100 + i}"], "meta_attributes")["priority"])
        for i, n in enumerate(names)
    ]
    # However the services are spread, the sums differ.
    splits = [sum(w for i, w in enumerate(weights) if n >> i & 1) for n in range(4)]
    assert all(one != sum(weights) - one for one in splits)
    assert weights == sorted(weights, reverse=True)


def test_three_nodes_need_no_head_start():
    model = build(3)
    options = given(cib.configuration(model).find("crm_config"), "cluster_property_set")
    assert "priority-fencing-delay" not in options
    assert "priority" not in cib.render(model)


@pytest.mark.parametrize(("power_on", "action"), [(True, "reboot"), (False, "off")])
def test_a_fenced_node_comes_back_only_if_it_shall(power_on: bool, action: str):
    made = cib.configuration(build(failover_power_on=power_on))
    assert given(made.find("crm_config"), "cluster_property_set")["stonith-action"] == action


def test_what_a_switchover_costs_is_told():
    [sentence] = _engines.of(build()).costs(build())
    assert "6.6 s after its last sign of life" in sentence


def locked(**more: Any) -> dict[str, Any]:
    storage = {**service()["storage"], "lock": 7}
    sfex = {"disk": {"node1": "/dev/vdy", "node2": "/dev/vdz"}, "renew_s": 1.5, **more}
    return build(failover_sfex=sfex, failover_services=[service(storage=storage)])


def test_a_shared_disk_is_mounted_only_with_its_lock():
    model = locked()
    parts = [
        one.get("id", "").rpartition("shop.")[2]
        for one in by_id(model)["failover.shop"].iterfind("primitive")
    ]
    assert parts[1:3] == ["lock", "mount"]
    lock = by_id(model)["failover.shop.lock"]
    assert (lock.get("provider"), lock.get("type")) == ("heartbeat", "sfex")
    each = [
        {one.get("name"): one.get("value") for one in nvset.iterfind("nvpair")}
        for nvset in lock.iterfind("instance_attributes")
    ]
    assert sorted(str(one["device"]) for one in each if "device" in one) == ["/dev/vdy", "/dev/vdz"]
    assert {one["index"] for one in each if "index" in one} == {"7"}
    times = {"monitor_interval": "2", "lock_timeout": "12", "collision_timeout": "2"}
    assert times.items() <= {key: value for one in each for key, value in one.items()}.items()
    start = next(op for op in lock.iterfind("operations/op") if op.get("name") == "start")
    assert int(start.get("timeout", "0").rstrip("s")) > 12 + 2


def test_what_a_lock_costs_is_told_and_who_makes_its_area():
    model = locked(timeout_s=20)
    assert (
        "waits 20 s for its lock, after the owner was fenced."
        in _engines.of(model).costs(model)[-1]
    )
    assert model["hooks"]["locks"] == "sfex"
    assert build()["sfex"] is None and "failover.shop.lock" not in by_id(build())


# --- what it refuses


def refused_by(key: str, value: Any) -> str:
    return refused(**{key: value})


AGENT = "leave it out, or take the engine agent (failover_engine)."


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("failover_timing", {"query_s": 2}, f"failover_timing.query_s: means nothing to the engine pacemaker; {AGENT}"),
        ("failover_timing", {"dead_s": 0.5}, "failover_timing.dead_s: 0.5 is less than 1; Corosync would take a busy node"),
        ("failover_monitors", {"space": {"interval_s": 9}}, f"failover_monitors.space: the engine pacemaker has no such monitor; {AGENT}"),
        ("failover_ping_targets", [{"address": "192.168.1.254", "weight": 2}],
         f"failover_ping_targets[0].weight: the engine pacemaker counts every target once; {AGENT}"),
        ("failover_unsafe", ["no_exclusion"], "failover_unsafe: no_exclusion is a risk that the engine pacemaker does not take"),
        ("failover_fencing", [], "failover_fencing: "),
        ("failover_fencing", [{"method": "watchdog"}], "failover_fencing[0].method: the engine pacemaker excludes a node by a fence device, not by watchdog"),
        ("failover_watchdog", {"timeout_s": 10}, "failover_watchdog: means nothing to the engine pacemaker"),
        ("failover_sfex", {"disk": "/dev/vdz"}, "failover_services[0].storage.lock: missing; a lock of the agent sfex does not tell whose"),
        ("failover_sfex", {"disk": "/dev/vdz", "renew_s": 4, "timeout_s": 11}, "failover_sfex.timeout_s: 11 is less than 3 times renew_s (4)"),
        ("failover_pacemaker", {"standby": ["node3"]}, "failover_pacemaker.standby[0]: node3 is not a node; they are node1, node2."),
        ("failover_pacemaker", {"standby": ["node1"]}, "failover_pacemaker.standby[0]: node1 is the preferred node of service shop"),
        ("failover_pacemaker", {"share": False}, "failover_pacemaker.share: false needs a third node"),
        ("failover_services", [service(failback="automatic", failback_delay_s=9)], "failback_delay_s: the engine pacemaker goes back at once"),
        ("failover_services", [service(applications=[{"unit": "a.service", "monitor": [{"type": "port", "port": 80}]}])],
         "applications[0].monitor: the engine pacemaker asks the agent"),
        ("failover_services", [service(applications=[{"ocf": "heartbeat:redis", "promoted": True}])],
         "applications[0].promoted: the engine pacemaker does not promote an application yet"),
        ("failover_services", [service(applications=[{"unit": "pacemaker.service"}])], "pacemaker.service"),
    ],
)  # fmt: skip
def test_what_it_cannot_do_is_refused_with_the_engine_that_can(key: str, value: Any, sentence: str):
    assert sentence in refused_by(key, value)


def test_the_agents_have_what_they_call():
    # The agent Filesystem does nothing without fuser.
    assert {"corosync", "pacemaker", "psmisc", "resource-agents"} <= set(_packages.needed(build()))


def test_the_firewall_lets_every_link_through():
    link = build()["links"][0]
    assert _engines.of(build()).ports(link) == [("udp", link["port"])]


def test_a_serial_link_is_refused():
    links = [*variables()["node1"]["failover_links"], {"name": "serial", "device": "/dev/ttyS0"}]
    assert f"failover_links[2]: Corosync has no serial link; {AGENT}" in refused(
        failover_links=links
    )


def test_the_checks_that_a_bundled_application_has_by_itself_are_no_reason_to_refuse():
    model = build(failover_services=[service(applications=["postgresql", "apache"])])
    parts = by_id(model)
    assert "shop: Pacemaker looks whether postgresql runs, and asks it nothing" in str(
        _engines.of(model).notes(model)
    )
    assert parts["failover.shop.application.postgresql"].get("type") == "postgresql-shop"


def test_seventeen_nodes_are_too_many():
    assert "pacemaker runs on two to 16 nodes, but the group shop has 17 hosts" in refused(17)


def answers(**more: Any) -> dict[str, dict[str, Any]]:
    told = {"corosync": "none", "strange": [], **more}
    return {
        node: {"nodename": node, "engines": {"pacemaker": told if node == "node2" else {}}}
        for node in ("node1", "node2")
    }


@pytest.mark.parametrize("told", [{"corosync": "foreign"}, {"corosync": "stock", "strange": ["theirs"]}])  # fmt: skip
def test_a_cluster_of_others_is_refused_before_anything_is_changed(told: dict[str, Any]):
    model = build()
    with pytest.raises(_problems.Problem, match=r"node2: has a cluster that failover.cluster did"):
        _engines.of(model).judge(model, answers(**told))
    for ours in ({"corosync": "ours"}, {"corosync": "stock"}, {"corosync": "none"}):
        assert _engines.of(model).judge(model, answers(**ours)) == []


def test_a_node_has_to_call_itself_as_the_inventory_does():
    model, found = build(), answers()
    found["node2"]["nodename"] = "web2"
    with pytest.raises(_problems.Problem, match="node2: calls itself web2"):
        _engines.of(model).judge(model, found)
