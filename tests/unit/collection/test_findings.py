# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What forbids an installation, judged from the answers of the nodes."""

from __future__ import annotations

import pytest
from ansible_collections.failover.cluster.plugins.plugin_utils import _findings, _problems

from tests.unit.collection.conftest import put, resource_file

LIMITS = {"clock_s": 5.0, "free_mib": 256, "watchdog": False}

CASES = [
    (
        "node2.disks.shop.exists",
        False,
        "failover_services[0].storage.disk: /dev/vdb does not exist on node2.",
    ),
    (
        "node2.disks.shop.signature",
        "ext4",
        "failover_services[0].storage.disk: /dev/vdb on node2 holds ext4; it is never overwritten"
        " unless storage.overwrite is true.",
    ),
    (
        "node2.disks.shop.zero",
        False,
        "failover_services[0].storage.disk: /dev/vdb on node2 holds data of an unknown kind; it is"
        " never overwritten unless storage.overwrite is true.",
    ),
    (
        "node1.disks.shop.used",
        "mounted",
        "failover_services[0].storage.disk: /dev/vdb on node1 is in use (mounted).",
    ),
    ("node1.os.version", "11", "node1: runs debian 11; supported are Debian 12 and 13."),
    (
        "node1.os.version",
        "13",
        "node1 runs Debian 13 and node2 Debian 12; the applications of a cluster need the same release"
        " on both nodes.",
    ),
    (
        "node2.nodename",
        "node1",
        "node1 and node2 both call themselves node1; every node needs a host name of its own.",
    ),
    (
        "node2.offset",
        [9.0, 9.5],
        "node1 and node2: the clocks differ by at least 8.5 s; at most 5 s are allowed"
        " (prepare_clock_s).",
    ),
    (
        "node2.free_mib",
        {"/": 10},
        "node2: 10 MiB are free on /; at least 256 MiB are needed (prepare_free_mib).",
    ),
    (
        "node2.fstab",
        ["/srv/shop"],
        "node2: /srv/shop stands in /etc/fstab; only the cluster may mount it.",
    ),
    (
        "node2.names.node1",
        ["10.1.1.1"],
        "node2: the name node1 resolves to 10.1.1.1 there, which is none of its addresses (10.0.0.1,"
        " 192.168.1.11, 192.168.2.11).",
    ),
    (
        "node2.drbd_files",
        {"/etc/drbd.d/shop.res": resource_file()},
        "/etc/drbd.d/shop.res differs between node1 and node2; DRBD needs the same configuration on"
        " both nodes.",
    ),
    (
        "node2.engines",
        {"agent": {"running": False}, "relay": {"running": True}},
        "failover_engine: is agent, but the engine relay runs on node2; write relay, or have the"
        " cluster change its engine (playbook migrate_engine).",
    ),
]


@pytest.fixture
def model(build, found):
    made = build(found=found)
    made["addresses"] = {"node1": "10.0.0.1", "node2": "10.0.0.2"}
    return made


def test_sound_nodes_pass_without_a_warning(model, found):
    assert _findings.judge(model, found, LIMITS, repair=False) == []


@pytest.mark.parametrize(("path", "value", "sentence"), CASES, ids=[c[2][:50] for c in CASES])
def test_a_finding_ends_in_one_sentence(model, found, path, value, sentence):
    put(found, path, value)
    with pytest.raises(_problems.Problem) as caught:
        _findings.judge(model, found, LIMITS, repair=False)
    assert str(caught.value) == sentence


def test_an_engine_that_the_cluster_leaves_may_run_and_no_other(model, found):
    put(found, "node2.engines", {"agent": {"running": False}, "relay": {"running": True}})
    leaving = {**LIMITS, "former": ["relay"]}
    assert _findings.judge(model, found, leaving, repair=False) == []
    with pytest.raises(_problems.Problem, match="the engine relay runs on node2"):
        _findings.judge(model, found, {**LIMITS, "former": ["other"]}, repair=False)


def test_a_watchdog_is_only_missed_when_it_is_asked_for(model, found):
    _findings.judge(model, found, LIMITS, repair=False)
    with pytest.raises(_problems.Problem, match="node1: has no /dev/watchdog"):
        _findings.judge(model, found, {**LIMITS, "watchdog": True}, repair=False)


def test_a_run_that_repairs_goes_on_where_a_role_mends_it(model, found):
    found["node2"]["units"]["worker.service"].update(enabled=True, boot="systemctl disable ...")
    found["node2"]["drbd_files"] = {"/etc/drbd.d/shop.res": resource_file()}
    assert _findings.judge(model, found, LIMITS, repair=True) == []


def test_a_disk_that_a_resource_of_ours_uses_is_not_judged_again(model, found):
    for node in ("node1", "node2"):
        found[node]["drbd_files"] = {"/etc/drbd.d/shop.res": resource_file()}
        found[node]["disks"]["shop"].update(signature="ext4", used="held")
    assert _findings.judge(model, found, LIMITS, repair=False) == []


def test_what_a_removed_cluster_replicated_is_kept_but_never_taken_from_somebody(model, found):
    put(found, "node1.disks.shop", {**found["node1"]["disks"]["shop"], "signature": "drbd"})
    assert _findings.judge(model, found, LIMITS, repair=False) == []
    put(found, "node1.disks.shop.used", "held")
    with pytest.raises(_problems.Problem, match="in use"):
        _findings.judge(model, found, LIMITS, repair=False)


def test_f22_a_ping_target_off_the_lan_of_every_service_is_a_warning(model, found):
    model["ping_targets"] = [
        {"address": "192.168.1.254", "weight": 1},
        {"address": "10.7.7.7", "weight": 1},
    ]
    [warning] = _findings.judge(model, found, LIMITS, repair=False)
    assert warning.startswith(
        "failover_ping_targets: 10.7.7.7 is on the LAN of no service address;"
    )


def test_an_unknown_name_is_a_warning(model, found):
    found["node1"]["names"]["node2"] = []
    assert _findings.judge(model, found, LIMITS, repair=False) == [
        "node1: the name node2 is unknown there; add it to /etc/hosts."
    ]


def test_a_new_account_gets_the_default_and_an_old_one_keeps_its_numbers(model, found):
    assert _findings.accounts(model, found, {}, renumber=False) == [
        {
            "name": "postgres",
            "home": "/var/lib/postgresql",
            "shell": "/bin/bash",
            "uid": 880,
            "gid": 880,
        },
        {"name": "www-data", "home": "/var/www", "uid": 33, "gid": 33},
    ]


def test_the_second_node_takes_over_the_numbers_of_the_first(model, found):
    found["node1"]["accounts"]["postgres"] = {"uid": 107, "gid": 115}
    made = _findings.accounts(model, found, {}, renumber=False)
    assert (made[0]["uid"], made[0]["gid"]) == (107, 115)
    found["node2"]["taken"]["gids"].append(115)
    with pytest.raises(_problems.Problem) as caught:
        _findings.accounts(model, found, {}, renumber=False)
    assert str(caught.value) == (
        "account postgres: gid 115 is taken on node2; choose another with prepare_accounts."
    )


def test_accounts_that_differ_are_refused_unless_told(model, found):
    found["node1"]["accounts"]["postgres"] = {"uid": 107, "gid": 115}
    found["node2"]["accounts"]["postgres"] = {"uid": 108, "gid": 115}
    with pytest.raises(_problems.Problem, match="has different numbers"):
        _findings.accounts(model, found, {}, renumber=False)
    wanted = {"postgres": {"uid": 880, "gid": 880}}
    made = _findings.accounts(model, found, wanted, renumber=True)
    assert (made[0]["name"], made[0]["uid"], made[0]["gid"]) == ("postgres", 880, 880)


def test_content_is_written_where_it_is_mounted(model, found):
    assert _findings.content_nodes(model, found) == {"shop": "node1"}
    found["node2"].update(running=True, services=["shop"])
    assert _findings.content_nodes(model, found) == {"shop": ""}
    found["node2"]["mounts"] = {"/srv/shop": "/dev/drbd0"}
    assert _findings.content_nodes(model, found) == {"shop": "node2"}


@pytest.mark.finding("S29")
def test_a_service_that_the_running_daemon_does_not_know_is_opened_by_the_roles(model, found):
    model["services"].append({**model["services"][0], "name": "mail", "preferred": "node2"})
    model["services"][1]["storage"] = {**model["services"][0]["storage"], "mount": "/srv/mail"}
    for node in ("node1", "node2"):
        found[node].update(running=True, services=["shop"])
    found["node1"]["mounts"] = {"/srv/shop": "/dev/drbd0"}
    assert _findings.opened_nodes(model, found) == {"shop": "", "mail": "node2"}
    assert _findings.content_nodes(model, found) == {"shop": "node1", "mail": "node2"}


def test_a_node_that_an_old_cluster_keeps_is_refused(model, found):
    found["node2"]["managers"] = ["heartbeat.service"]
    with pytest.raises(_problems.Problem, match=r"node2: heartbeat.service keeps services there"):
        _findings.alone(model, found)
    # Packages are installed beside it.
    _findings.judge(model, found, LIMITS, repair=True)
