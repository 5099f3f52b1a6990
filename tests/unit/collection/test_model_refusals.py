# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each wrong value in an inventory ends in one sentence with variable, value and rule."""

from __future__ import annotations

import pytest

SERVICE = "failover_services.0"

CASES = [
    (
        SERVICE + ".addresses.0",
        "192.168.9.10/24",
        "failover_services[0].addresses[0]: 192.168.9.10/24 is not inside the subnet of link lan"
        " (192.168.1.0/24); a virtual address must lie in the LAN of its interface.",
    ),
    (
        SERVICE + ".addresses.0",
        "192.168.1.10",
        "failover_services[0].addresses[0]: 192.168.1.10 has no prefix; write it as 192.168.1.10/24.",
    ),
    (
        SERVICE + ".addresses.0",
        "192.168.1.11/24",
        "failover_services[0].addresses[0]: 192.168.1.11/24 is already the address of node1 on link"
        " lan.",
    ),
    (
        SERVICE + ".addresses.0",
        "192.168.1.0/24",
        "failover_services[0].addresses[0]: 192.168.1.0/24 is the network or the broadcast address"
        " itself.",
    ),
    (
        SERVICE + ".addresses.1",
        "192.168.1.10/24",
        "failover_services[0].addresses[1]: 192.168.1.10/24 is already an address of service shop.",
    ),
    (
        SERVICE + ".addresses.0",
        "shop/24",
        "failover_services[0].addresses[0]: shop/24 is not an address with a prefix such as"
        " 192.168.1.10/24.",
    ),
    (
        SERVICE + ".preferred",
        "node3",
        "failover_services[0].preferred: node3 is not a node; they are node1, node2.",
    ),
    (
        SERVICE + ".colour",
        "red",
        "failover_services[0].colour: unknown key; known are addresses, applications, failback,"
        " failback_delay_s, failure_expiry_s, name, preferred, restarts, storage.",
    ),
    (
        SERVICE + ".failback",
        "later",
        "failover_services[0].failback: later is not one of manual, automatic.",
    ),
    (
        SERVICE + ".failback_delay_s",
        60,
        "failover_services[0].failback_delay_s: means nothing without failback: automatic.",
    ),
    (
        SERVICE + ".storage.mount",
        "srv/shop",
        "failover_services[0].storage.mount: srv/shop is not an absolute path.",
    ),
    (
        SERVICE + ".storage.mount",
        "/var",
        "failover_services[0].storage.mount: /var belongs to the system; choose a directory of its"
        " own.",
    ),
    (
        SERVICE + ".storage.disk",
        "vdb",
        "failover_services[0].storage.disk: vdb is not an absolute path.",
    ),
    (
        SERVICE + ".storage.disk",
        {"node1": "/dev/vdb"},
        "failover_services[0].storage.disk.node2: missing; every node needs a value.",
    ),
    (
        SERVICE + ".storage.link",
        "wire",
        "failover_services[0].storage.link: wire is not a link of the cluster; they are lan, cross,"
        " serial.",
    ),
    (
        SERVICE + ".storage.link",
        "serial",
        "failover_services[0].storage.link: serial is a serial line; DRBD replicates over a network.",
    ),
    (
        SERVICE + ".storage.filesystem",
        "ext2",
        "failover_services[0].storage.filesystem: ext2 is not one of ext4, xfs.",
    ),
    (
        SERVICE + ".storage.minor",
        -1,
        "failover_services[0].storage.minor: -1 is not between 0 and 255.",
    ),
    (
        SERVICE + ".storage.type",
        ...,
        "failover_services[0].storage.type: missing; it is one of drbd, none, shared, streaming.",
    ),
    (
        SERVICE + ".applications.0",
        "mysql",
        "failover_services[0].applications[0]: mysql is not an application; known are apache,"
        " postgresql, {lsb: NAME}, {ocf: PROVIDER:NAME} and {unit: NAME.service}.",
    ),
    (
        SERVICE + ".applications.0",
        {"ocf": "nginx"},
        "failover_services[0].applications[0].ocf: nginx is not an agent such as heartbeat:nginx.",
    ),
    (
        SERVICE + ".applications.2",
        {"ocf": "heartbeat:nginx", "parameters": {"configfile": ["a"]}},
        "failover_services[0].applications[2].parameters.configfile: the value is not a text of one"
        " line.",
    ),
    (
        SERVICE + ".applications.0",
        {"lsb": "../rogue"},
        "failover_services[0].applications[0].lsb: ../rogue is not the name of a script of"
        " /etc/init.d.",
    ),
    (
        SERVICE + ".applications.2",
        {"unit": "worker.service", "monitor": [{"ping": "x"}]},
        "failover_services[0].applications[2].monitor[0]: a mapping is not a check unless it has one"
        " of the keys http, port, socket, query, command.",
    ),
    (
        SERVICE + ".applications.2",
        {"unit": "worker.service", "monitor": [{"http": "127.0.0.1/health"}]},
        "failover_services[0].applications[2].monitor[0].http: 127.0.0.1/health is not a URL such as"
        " http://127.0.0.1:80/path.",
    ),
    (
        SERVICE + ".applications.2",
        {"unit": "worker.service", "monitor": [{"http": "http://[::1]/", "body": "("}]},
        "failover_services[0].applications[2].monitor[0].body: the value is not a regular expression.",
    ),
    (
        SERVICE + ".applications.2",
        {"unit": "worker.service", "monitor": [{"command": ["true"]}]},
        "failover_services[0].applications[2].monitor[0].command: does not begin with a"
        " program's absolute path.",
    ),
    (
        SERVICE + ".applications.2",
        {"unit": "worker.service", "monitor": [{"port": 25, "body": "x"}]},
        "failover_services[0].applications[2].monitor[0].body: unknown key; known are address,"
        " confirmations, deadline_s, interval_s, name, port.",
    ),
    (
        SERVICE + ".applications.2",
        {"unit": "worker.service", "monitor": [{"port": 25}, {"port": 26}]},
        "failover_services[0].applications[2].monitor[1].name: port is used twice; it must be unique.",
    ),
    (
        SERVICE + ".applications.0",
        {"unit": "worker"},
        "failover_services[0].applications[0].unit: worker is not the name of a systemd service unit.",
    ),
    (
        SERVICE + ".applications.0",
        {"postgresql": {"password": "hidden word"}},
        "failover_services[0].applications[0].postgresql.password: the value is not a text of 8 to 200"
        " characters without blanks, quotes and backslashes.",
    ),
    (
        SERVICE + ".applications.0",
        {"postgresql": {"networks": ["here"]}},
        "failover_services[0].applications[0].postgresql.networks[0]: here has no prefix; write a network"
        " such as 192.168.1.0/24.",
    ),
    (
        "failover_services",
        [],
        "failover_services: empty; a cluster needs at least one service.",
    ),
    (
        "failover_links.1.name",
        "lan",
        "failover_links[1].name: lan is used twice; it must be unique.",
    ),
    (
        "failover_links.1.address.node2",
        "192.168.1.11",
        "failover_links[1].address.node2: 192.168.1.11 is already the address of node1 on link lan.",
    ),
    (
        "failover_links.0.address.node2",
        "192.168.1.11/24",
        "failover_links[0].address.node2: 192.168.1.11 is already the address of node1 on link lan.",
    ),
    (
        "failover_links.0.address.node2",
        "192.168.7.12/24",
        "failover_links[0].address.node2: 192.168.7.12 is outside the network 192.168.1.0/24 of its"
        " link.",
    ),
    (
        "failover_links.0.address.node3",
        "192.168.1.13",
        "failover_links[0].address.node3: not a node; the nodes are node1, node2.",
    ),
    (
        "failover_links.1.interface",
        "eth0",
        "failover_links[1].interface: eth0 is already used by link lan on node1; two links over one"
        " wire fail together.",
    ),
    ("failover_links.2.baud", 4800, "failover_links[2].baud: 4800 is not between 9600 and 115200."),
    ("failover_links.0.port", "many", "failover_links[0].port: many is not a number."),
    (
        "failover_links.0.speed",
        1,
        "failover_links[0].speed: unknown key; known are address, interface, name, network, port,"
        " type.",
    ),
    (
        "failover_links.0.device",
        "/dev/ttyS1",
        "failover_links[0]: holds both a device and an interface; a link is a cable or a network.",
    ),
    (
        "failover_links",
        [{"name": "lan", "interface": "eth0"}],
        "failover_services[0].storage.link: cross is not a link of the cluster; they are lan.\n"
        "failover_links: there is one heartbeat link only: one cable decides; give what is missing,"
        " or accept the risk with failover_unsafe: [single_link].",
    ),
    (
        "failover_fencing",
        [],
        "failover_fencing: nothing can exclude a silent peer: its services wait for an operator;"
        " give what is missing, or accept the risk with failover_unsafe: [no_exclusion].",
    ),
    (
        "failover_unsafe",
        ["no_exclusion"],
        "failover_unsafe: no_exclusion is not needed here; leave it out.",
    ),
    (
        "failover_unsafe",
        ["anything"],
        "failover_unsafe[0]: anything is not one of no_exclusion, single_link, software_watchdog,"
        " sfex_without_watchdog.",
    ),
    (
        "failover_fencing.0.nodes.node2",
        ...,
        "failover_fencing[0].nodes.node2: missing; it must be given.",
    ),
    (
        "failover_fencing.0.nodes.node2.ip",
        "192.168.1.21",
        "failover_fencing[0].nodes.node2: the same device as of node1; fencing one node would cut the"
        " power of the other.",
    ),
    (
        "failover_fencing.0.nodes.node2.ip",
        "192.168.2.22",
        "failover_fencing[0].nodes.node2.ip: 192.168.2.22 lies in the replication LAN of link cross"
        " (192.168.2.0/24); a fence device must be reachable when that link is lost.",
    ),
    (
        "failover_fencing.0.nodes.node2.ip",
        "192.168.1.12",
        "failover_fencing[0].nodes.node2.ip: 192.168.1.12 is the address of node2 on link lan.",
    ),
    (
        "failover_fencing.0.parameters.delay",
        5,
        "failover_fencing[0].parameters.delay: not allowed; a fixed delay follows the node and not its"
        " role; use failover_timing.fence_delay_s.",
    ),
    (
        "failover_fencing.0.method",
        "prayer",
        "failover_fencing[0].method: prayer is not one of stonith, sfex, watchdog.",
    ),
    (
        "failover_fencing.0.agent",
        "ipmi",
        "failover_fencing[0].agent: ipmi is not the name of a fence agent such as fence_ipmilan.",
    ),
    (
        "failover_timing",
        {"dead_s": 0.6},
        "failover_timing.dead_s: 0.6 is less than four heartbeats of 0.2 s; a lost datagram or two must"
        " not look like a death.",
    ),
    (
        "failover_timing",
        {"suspect_s": 3},
        "failover_timing.suspect_s: 3 is not between two heartbeats (0.4 s) and dead_s (3 s).",
    ),
    (
        "failover_timing",
        {"fence_delay_s": 0.4},
        "failover_timing.fence_delay_s: 0.4 is not larger than the jitter of the detection (0.4 s, two"
        " heartbeats); both nodes could shoot at once.",
    ),
    (
        "failover_timing",
        {"dead": 3},
        "failover_timing.dead: unknown key; dead_s may be meant; known are dead_s, failure_expiry_s, fence_delay_s,"
        " fence_retry_s, handler_s, heartbeat_s, link_steady_s, move_s, power_on_s, query_s, startup_s,"
        " suspect_s, witness_s.",
    ),
    (
        "failover_engine",
        "heartbeat",
        "failover_engine: heartbeat is not one of agent, pacemaker.",
    ),
    ("failover_ping_targets", ["router"], "failover_ping_targets[0]: router is not an IP address."),
    (
        "failover_ping_targets",
        ["192.168.1.254", {"address": "192.168.1.254"}],
        "failover_ping_targets[1].address: 192.168.1.254 is used twice; it must be unique.",
    ),
    (
        "failover_ping_targets",
        ["192.168.1.12"],
        "failover_ping_targets[0]: 192.168.1.12 is the address of node2 on link lan; a target has to lie"
        " outside the cluster.",
    ),
    (
        "failover_ping_targets",
        ["192.168.1.10"],
        "failover_ping_targets[0]: 192.168.1.10 is an address of service shop; a target has to lie"
        " outside the cluster.",
    ),
    (
        "failover_ping_targets",
        [{"address": "192.168.1.254", "weight": 0}],
        "failover_ping_targets[0].weight: 0 is not between 1 and 100.",
    ),
    (
        "failover_monitors",
        {"ping": {"needed": 2}},
        "failover_monitors.ping: of no use; failover_ping_targets names no address.",
    ),
    (
        "failover_monitors",
        {"ping": {"deadline_s": 2}},
        "failover_monitors.ping.deadline_s: 2 is longer than interval_s (1 s); the next round would"
        " begin before.",
    ),
    (
        "failover_notifications",
        [{"method": "fax"}],
        "failover_notifications[0].method: fax is not one of mail, webhook, command.",
    ),
    (
        "failover_notifications",
        [{"method": "mail", "to": ["ops"], "from": "a@example.org"}],
        "failover_notifications[0].to[0]: ops is not a mail address.",
    ),
    (
        "failover_notifications",
        [{"method": "webhook", "url": "hidden-word"}],
        "failover_notifications[0].url: does not begin with https:// or http://.",
    ),
    (
        "failover_notifications",
        [{"method": "command", "command": ["page"]}],
        "failover_notifications[0].command: does not begin with a program's absolute path.",
    ),
    (
        "failover_monitors",
        {"disks": {}},
        "failover_monitors.disks: unknown key; disk may be meant; known are disk, ping, space.",
    ),
    ("failover_service", [], "failover_service: unknown variable; failover_services may be meant."),
]


@pytest.mark.parametrize(("path", "value", "sentence"), CASES, ids=[c[2][:60] for c in CASES])
def test_a_wrong_value_ends_in_one_sentence(build, path, value, sentence):
    with pytest.raises(ValueError) as caught:
        build((path, value))
    assert str(caught.value) == sentence


def test_a_secret_is_in_no_sentence(build):
    for path, value in (
        ("failover_fencing.0.parameters.password", ["hidden-word"]),
        (SERVICE + ".applications.0", {"postgresql": {"password": "hidden"}}),
    ):
        with pytest.raises(ValueError) as caught:
            build((path, value))
        assert "hidden" not in str(caught.value)
        assert "password" in str(caught.value)


def test_one_link_alone_needs_an_explicit_word(build, variables):
    variables["failover_services"][0]["storage"]["link"] = "lan"
    variables["failover_fencing"][0]["nodes"] = {
        "node1": {"ip": "10.9.0.1"},
        "node2": {"ip": "10.9.0.2"},
    }
    variables["failover_links"] = variables["failover_links"][:1]
    with pytest.raises(ValueError, match=r"accept the risk with failover_unsafe: \[single_link\]"):
        build()
    assert build(("failover_unsafe", ["single_link"]))["unsafe"] == ["single_link"]


def test_two_services_must_not_share_a_disk_or_a_mount_point(build, variables):
    storage = {"type": "drbd", "disk": "/dev/vdb", "link": "cross", "mount": "/srv/blog"}
    second = {"name": "blog", "storage": storage}
    with pytest.raises(ValueError) as caught:
        build(("failover_services.1", second))
    assert str(caught.value) == (
        "failover_services[1].storage.disk: /dev/vdb is already the disk of service shop on node1."
    )
    storage.update(disk="/dev/vdc", mount="/srv/shop/blog")
    with pytest.raises(ValueError, match="lie in each other"):
        build()


@pytest.mark.finding("S3")
def test_more_services_than_a_heartbeat_carries_are_refused(build):
    def many(count):
        return [
            {"name": f"s{n:02d}" + "x" * 28, "addresses": [f"192.168.1.{n + 100}/24"]}
            for n in range(count)
        ]

    assert len(build(("failover_services", many(64)))["services"]) == 64
    with pytest.raises(ValueError) as caught:
        build(("failover_services", many(65)))
    assert str(caught.value) == "failover_services: holds 65; a heartbeat carries at most 64."


@pytest.mark.finding("S3")
def test_a_line_too_slow_for_the_heartbeats_is_refused(build, variables):
    services = [{"name": f"s{n:02d}", "addresses": [f"192.168.1.{n + 100}/24"]} for n in range(50)]
    *others, serial = variables["failover_links"]
    assert build(("failover_services", services), ("failover_links", [*others, serial]))
    links = [*others, {**serial, "baud": 9600}]
    with pytest.raises(ValueError, match=r"^failover_links: at 9600 baud the longest heartbeat"):
        build(("failover_services", services), ("failover_links", links))
