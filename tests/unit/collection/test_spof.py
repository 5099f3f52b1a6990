# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Single points of failure: each is found, and none is found where there is none."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.failover.cluster.plugins.plugin_utils import (
    _audit,
    _findings,
    _problems,
    _told,
)

from tests.unit.collection.conftest import put


def port(name, card, bond="", ports=None):
    return {"ports": ports or [name], "cards": [card], "bond": bond}


def topology(last):
    """A node in which nothing stands alone."""
    return {
        "interfaces": {"eth0": port("eth0", "0000:02:00"), "eth1": port("eth1", "0000:03:00")},
        "switches": {},
        "gateways": ["192.168.1.1", "192.168.1.2"],
        "dns": ["192.168.1.3", "192.168.1.4"],
        "ntp": {"servers": [], "pools": ["debian.pool.ntp.org"]},
        "disks": {
            "/": {"physical": ["sda"], "controllers": ["0000:00:1f.2"], "paths": 1},
            "/dev/vdb": {"physical": ["nvme0n1"], "controllers": ["0000:04:00.0"], "paths": 1},
        },
        "hosts": {"/etc/failover/shop/database.ini": ["127.0.0.1", f"192.168.1.{last}", "node2"]},
        "remote_mounts": {},
    }


SOUND: tuple[tuple[str, Any], ...] = (
    ("failover_ping_targets", ["192.168.1.1", "192.168.1.99"]),
    ("failover_watchdog", {"module": "iTCO_wdt"}),
    ("failover_fencing.0.nodes", {"node1": {"ip": "10.9.9.1"}, "node2": {"ip": "10.9.9.2"}}),
    ("failover_fencing.1", {"method": "watchdog"}),
)


@pytest.fixture
def model(build, found):
    return build(*SOUND, found=found)


@pytest.fixture
def found(found):
    for last, node in ((11, "node1"), (12, "node2")):
        found[node]["topology"] = topology(last)
    return found


def names(model, found):
    return [item["finding"] for item in _audit.audit(model, found)]


def test_a_cluster_without_single_points_has_no_findings(model, found):
    assert names(model, found) == []
    assert _audit.table([]) == []


TOPOLOGY = [
    ("dns", ["192.168.1.3"], "dns-single:node2", "low"),
    ("ntp", {"servers": [], "pools": []}, "ntp-none:node2", "low"),
    ("ntp", {"servers": ["10.1.1.1"], "pools": []}, "ntp-single:node2", "low"),
    ("disks./dev/vdb.physical", ["sda"], "disk-system:shop@node2", "low"),
    ("disks./dev/vdb.controllers", ["0000:00:1f.2"], "disk-controller:shop@node2", "low"),
    ("hosts./etc/failover/shop/database.ini", ["db.example"], "outside:db.example", "low"),
    ("remote_mounts", {"/srv/files": "nas.example"}, "outside:nas.example", "low"),
    ("interfaces.bond0", port("x", "", "bond0", ["eth5"]), "bond-port:node2.bond0", "low"),
]


@pytest.mark.parametrize(
    ("path", "value", "name", "weight"), TOPOLOGY, ids=[c[2] for c in TOPOLOGY]
)
def test_what_a_node_stands_on_alone_is_found(model, found, path, value, name, weight):
    place, _dot, rest = path.partition(".")
    here = found["node2"]["topology"]
    if rest:
        here = here[place]
        way, _dot, key = rest.rpartition(".") if place == "disks" else ("", "", rest)
        here, place = (here[way], key) if way else (here, key)
    here[place] = value
    [finding] = _audit.audit(model, found)
    assert (finding["finding"], finding["weight"]) == (name, weight)
    assert finding["reason"] and finding["remedy"] and finding["acknowledged"] == ""


def links(build, found, *changes):
    """Without the serial line, which would be a path of its own."""
    return build(*SOUND, ("failover_links.2", ...), *changes, found=found)


@pytest.mark.parametrize(
    ("part", "name"),
    [
        ({"eth1": port("eth1", "0000:02:00")}, "link-card:node1"),
        ({"eth1": port("eth1", "0000:02:00", ports=["eth0"])}, "link-port:node1"),
        (
            {
                "eth0": port("eth0", "0000:02:00", "bond0", ["eth4", "eth5"]),
                "eth1": port("eth1", "0000:02:00", "bond0", ["eth4", "eth5"]),
            },
            "link-bond:node1",
        ),
    ],
)
def test_a_port_a_card_or_a_bond_under_all_links_is_found(build, found, part, name):
    model = links(build, found)
    assert names(model, found) == []
    found["node1"]["topology"]["interfaces"].update(part)
    assert names(model, found) == [name]
    model["links"].append({"name": "serial", "type": "serial"})
    assert names(model, found) == [], "the serial line is another path"


def test_one_switch_under_all_links_is_found_by_lldp(build, found):
    model = links(build, found)
    switches = {"eth0": "aa:bb", "eth1": "aa:bb"}
    found["node1"]["topology"]["switches"] = switches
    assert names(model, found) == ["link-switch:node1"]
    found["node1"]["topology"]["switches"] = {**switches, "eth1": "cc:dd"}
    assert names(model, found) == []


def test_links_in_one_network_are_probably_on_one_switch(build, found):
    for last, node in ((31, "node1"), (32, "node2")):
        found[node]["interfaces"]["eth1"] = [f"192.168.1.{last}/24"]
    address = {"node1": "192.168.1.31/24", "node2": "192.168.1.32/24"}
    model = links(build, found, ("failover_links.1.address", address))
    assert "link-network" in names(model, found)


def test_one_link_is_found_although_the_risk_was_accepted(build, found):
    model = build(*SOUND, found=found)
    del model["links"][1:]
    [finding] = _audit.audit(model, found)
    assert (finding["finding"], finding["weight"]) == ("link-single", "high")


@pytest.mark.parametrize(("watchdog", "weight"), [(True, "high"), (False, "low")])
def test_the_gateway_as_the_only_target_is_found(build, found, watchdog, weight):
    changes = [*SOUND, ("failover_ping_targets", ["192.168.1.1"])]
    if not watchdog:
        changes += [("failover_fencing.1", ...), ("failover_fencing.0.agent", "fence_apc")]
        changes += [("failover_fencing.0.parameters", {})]
    findings = _audit.audit(build(*changes, found=found), found)
    one = next(item for item in findings if item["finding"] == "ping-single")
    assert "the gateway alone" in one["reason"] and one["weight"] == weight


def test_one_gateway_is_found(model, found):
    for node in found:
        found[node]["topology"]["gateways"] = ["192.168.1.1"]
    assert names(model, found) == ["gateway-single"]


def test_f04_devices_that_die_with_their_node_are_found(build, found):
    changes = (*SOUND, ("failover_fencing.1", ...), ("failover_watchdog", ...))
    assert names(build(*changes, found=found), found) == ["fence-power"]


def test_one_power_strip_for_both_nodes_is_found(build, found, variables):
    strip = {
        "method": "stonith",
        "agent": "fence_apc",
        "nodes": {"node1": {"plug": 1}, "node2": {"plug": 2}},
        "parameters": {"ip": "10.9.9.9"},
    }
    changes = (*SOUND[:1], ("failover_fencing.0", strip))
    [finding] = _audit.audit(build(*changes, found=found), found)
    assert finding["finding"] == "fence-common:apc"
    assert "one power strip, 10.9.9.9" in finding["reason"]
    second = {"method": "stonith", "agent": "fence_apc_snmp", "parameters": {}}
    second["nodes"] = {"node1": {"ip": "10.9.8.1"}, "node2": {"ip": "10.9.8.2"}}
    assert names(build(("failover_fencing.1", second), found=found), found) == []


@pytest.mark.parametrize(
    ("serial", "second", "weight"),
    [(True, True, "low"), (False, True, "low"), (False, False, "low")],
)
def test_a_device_in_the_range_of_what_it_must_help_against_is_found(
    build, found, serial, second, weight
):
    own = {"node1": {"ip": "192.168.1.21"}, "node2": {"ip": "192.168.1.22"}}
    changes = [*SOUND, ("failover_fencing.0.nodes", own)]
    changes += [] if serial else [("failover_links.2", ...)]
    changes += [] if second else [("failover_fencing.1", ...), ("failover_watchdog", ...)]
    findings = _audit.audit(build(*changes, found=found), found)
    one = next(item for item in findings if item["finding"] == "fence-lan:ipmilan")
    assert "link lan" in one["reason"] and one["weight"] == weight


def test_a_device_on_the_lan_of_the_only_link_leaves_nothing(build, found):
    model = build(found=found)
    del model["links"][1:]
    findings = _audit.audit(model, found)
    one = next(item for item in findings if item["finding"] == "fence-lan:ipmilan")
    assert one["weight"] == "high"


def test_a_shared_disk_with_one_path_is_found(model, found):
    model["services"][0]["storage"]["type"] = "shared"
    assert names(model, found) == ["disk-path:shop@node1", "disk-path:shop@node2"]
    for node in found:
        found[node]["topology"]["disks"]["/dev/vdb"]["paths"] = 2
    assert names(model, found) == []


def test_what_was_acknowledged_is_shown_last_with_its_reason(build, found):
    found["node1"]["topology"]["dns"] = ["192.168.1.3"]
    found["node2"]["topology"]["dns"] = ["192.168.1.3"]
    said = [{"finding": "dns-single:node1", "reason": "it is anycast"}]
    model = build(*SOUND, ("failover_acknowledged", said), found=found)
    findings = _audit.audit(model, found)
    assert [item["acknowledged"] for item in findings] == ["", "it is anycast"]
    lines = _audit.table(findings)
    assert lines[0].startswith("low          dns-single:node2: node2 asks one name server")
    assert lines[2].startswith("acknowledged dns-single:node1")
    assert lines[3].endswith("acknowledged: it is anycast")


def test_an_acknowledgement_of_what_is_gone_is_told(build, found):
    said = [{"finding": "dns-single:node1", "reason": "it is anycast"}]
    model = build(*SOUND, ("failover_acknowledged", said), found=found)
    assert names(model, found) == ["acknowledged:dns-single:node1"]


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ([{"finding": "dns"}], "failover_acknowledged[0].reason: missing"),
        ([{"finding": "DNS x", "reason": "y"}], "DNS x is not the name of a finding."),
        ("dns", "failover_acknowledged: dns is not a list."),
    ],
)
def test_an_acknowledgement_needs_name_and_reason(build, said, sentence):
    with pytest.raises(_problems.Problem) as caught:
        build(("failover_acknowledged", said))
    assert sentence in str(caught.value)


def test_findings_are_warnings_and_never_refuse_an_installation(model, found):
    found["node1"]["topology"]["dns"] = ["192.168.1.3"]
    model["addresses"] = {"node1": "10.0.0.1", "node2": "10.0.0.2"}
    limits = {"clock_s": 5.0, "free_mib": 256, "watchdog": False}
    found["node1"]["watchdog"]["loadable"] = found["node2"]["watchdog"]["loadable"] = True
    _findings.judge(model, found, limits, repair=False)


def test_a_node_that_tells_nothing_is_judged_by_the_inventory_alone(model, found):
    bare = copy.deepcopy(found)
    for node in bare:
        del bare[node]["topology"]
    assert names(model, bare) == []


def test_x5_a_text_that_no_sound_node_tells_is_refused(found):
    put(found, "node1.topology.dns", ["\x1b[2J"])
    with pytest.raises(_problems.Problem, match="which no sound node says"):
        _told.check(found)
