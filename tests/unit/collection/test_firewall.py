# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The firewall lets in what the cluster needs, guards its ports, and touches nobody's rules."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess

import pytest
from ansible_collections.failover.cluster.plugins.module_utils import _nft
from ansible_collections.failover.cluster.plugins.modules import firewall
from ansible_collections.failover.cluster.plugins.plugin_utils import _firewall, _packages

from tests.unit.failoverd.conftest import Wire

from .modules import run as run_module


@pytest.fixture
def model(build, found):
    targets = ("failover_ping_targets", ["192.168.1.254"])
    return build(("failover_firewall", True), targets, found=found)


def test_each_rule_names_both_ends_and_what_it_is_for(model):
    told = _firewall.rules(model, "node1")
    assert told["accept"] == [
        'iifname "eth0" ip saddr 192.168.1.12 ip daddr 192.168.1.11 udp dport 7410 accept'
        ' comment "failover.cluster: heartbeat of link lan, from node2"',
        'iifname "eth1" ip saddr 192.168.2.12 ip daddr 192.168.2.11 udp dport 7410 accept'
        ' comment "failover.cluster: heartbeat of link cross, from node2"',
        'iifname "eth1" ip saddr 192.168.2.12 ip daddr 192.168.2.11 tcp dport 7789 accept'
        ' comment "failover.cluster: replication of shop, from node2"',
        'iifname "eth1" ip saddr 192.168.2.12 ip daddr 192.168.2.11 tcp sport 7789 accept'
        ' comment "failover.cluster: replication of shop, from node2"',
        "ip saddr 192.168.1.254 icmp type echo-reply accept"
        ' comment "failover.cluster: answer of ping target 192.168.1.254"',
        "ip daddr 192.168.1.10 tcp dport 5432 accept"
        ' comment "failover.cluster: postgresql of shop"',
        'ip daddr 192.168.1.10 tcp dport 80 accept comment "failover.cluster: apache of shop"',
    ]
    assert told["guard"] == [
        'tcp dport { 7789 } drop comment "failover.cluster: not from a node"',
        'udp dport { 7410 } drop comment "failover.cluster: not from a node"',
    ]
    other = _firewall.rules(model, "node2")["accept"][0]
    assert "saddr 192.168.1.11 ip daddr 192.168.1.12" in other


def test_addresses_of_ipv6_and_a_page_for_others(model):
    model["links"][0]["address"] = {"node1": "fd00::11", "node2": "fd00::12"}
    model["ping_targets"] = [{"address": "fd00::1", "weight": 1}]
    model["page"] = {"listen": {"node1": "192.168.1.11", "node2": "127.0.0.1"}, "port": 9820}
    accept = _firewall.rules(model, "node1")["accept"]
    assert accept[0].startswith('iifname "eth0" ip6 saddr fd00::12 ip6 daddr fd00::11 udp dport')
    assert any(rule.startswith("ip6 saddr fd00::1 icmpv6 type echo-reply") for rule in accept)
    page = 'ip daddr 192.168.1.11 tcp dport 9820 accept comment "failover.cluster: status page"'
    assert accept[-1] == page
    assert page not in _firewall.rules(model, "node2")["accept"]


def test_it_is_off_unless_somebody_wants_it(build, found):
    assert build(found=found)["firewall"] is False
    assert "nftables" not in _packages.needed(build(found=found))
    assert "nftables" in _packages.needed(build(("failover_firewall", True), found=found))


def test_nobody_may_have_a_unit_of_its_name(build):
    with pytest.raises(Exception, match="failover-firewall"):
        build(("failover_services.0.applications.2", {"unit": "failover-firewall.service"}))


# On a kernel.

ACCEPT = (
    'iifname "eth0" ip saddr 10.9.0.2 ip daddr 10.9.0.1 udp dport 7410 accept'
    ' comment "failover.cluster: heartbeat of link lan, from node2"'
)
GUARD = 'udp dport { 7410 } drop comment "failover.cluster: not from a node"'
OTHERS = """
table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    tcp dport 22 accept
    %s
  }
}
"""


class Host:
    """One end of a cable, with nft in it; the other end sends."""

    def __init__(self, wire, path, monkeypatch):
        self.wire, self.path = wire, path
        tool = path / "nft"
        tool.write_text(f'#!/bin/sh\nexec ip netns exec {wire.names[0]} /usr/sbin/nft "$@"\n')
        tool.chmod(0o755)
        self.tool = str(tool)
        monkeypatch.setattr(firewall, "NFT", self.tool)

    def nft(self, *words, text=""):
        argv = [self.tool, *words]
        done = subprocess.run(
            argv, input=text, capture_output=True, text=True, check=False, timeout=300
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def module(self, check=False, **arguments):
        directory = str(self.path / "etc")
        return run_module("firewall", check=check, directory=directory, **arguments)

    def hears(self, sender, port=7410, wait_s=30.0):
        """Whether a datagram of the other end arrives. On a busy machine it may take a while."""
        with self.wire.side(0):
            ear = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            ear.bind(("10.9.0.1", port))
        with self.wire.side(1):
            mouth = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            mouth.bind((sender, 0))
        with ear, mouth:
            mouth.sendto(b"x", ("10.9.0.1", port))
            ear.settimeout(wait_s)
            with contextlib.suppress(TimeoutError):
                return ear.recv(9) == b"x"
            return False


@pytest.fixture
def host(tmp_path, monkeypatch):
    wire = Wire()
    try:
        wire.up()
        wire.ip(1, "address", "add", "10.9.0.3/24", "dev", "eth0")
        yield Host(wire, tmp_path, monkeypatch)
    finally:
        wire.down()


def test_a_port_is_for_the_other_node_and_for_nobody_else(host):
    assert host.hears("10.9.0.3")
    assert host.module(accept=[ACCEPT], guard=[GUARD])["changed"]
    assert host.hears("10.9.0.2")
    assert not host.hears("10.9.0.3", wait_s=0.5)
    assert host.hears("10.9.0.3", port=9999), "no other port is touched"


def test_a_second_run_changes_nothing_and_a_lost_table_comes_back(host):
    wanted = {"accept": [ACCEPT], "guard": [GUARD]}
    host.module(**wanted)
    assert not host.module(**wanted)["changed"]
    host.nft("flush", "ruleset")
    assert host.module(check=True, **wanted)["changed"]
    assert host.hears("10.9.0.3"), "check mode changed something"
    assert host.module(**wanted)["changed"]
    assert not host.hears("10.9.0.3", wait_s=0.5)


def test_rules_of_others_stay_and_are_told_while_they_drop(host):
    host.nft("-f", "-", text=OTHERS % "")
    before = host.nft("list", "table", "inet", "filter")
    said = host.module(accept=[ACCEPT], guard=[GUARD])
    assert said["blocking"] == ["inet filter input"]
    assert 'put the line include "' in str(said["warnings"])
    assert host.nft("list", "table", "inet", "filter") == before
    assert not host.hears("10.9.0.2", wait_s=0.5), (
        "an accept in one table cannot overrule another one"
    )
    host.nft("flush", "table", "inet", "filter")
    host.nft("-f", "-", text=OTHERS % f'include "{host.path}/etc/accept.nft"')
    said = host.module(accept=[ACCEPT], guard=[GUARD])
    assert (said["changed"], said["blocking"]) == (False, [])
    assert host.hears("10.9.0.2")
    assert host.module(state="absent")["changed"]
    assert "tcp dport 22 accept" in host.nft("list", "table", "inet", "filter")
    assert "failover_cluster" not in host.nft("list", "ruleset")
    assert not (host.path / "etc").exists()
    assert not host.module(state="absent")["changed"]


def test_addresses_of_before_stay_until_the_engine_uses_the_new_ones(host):
    new = ACCEPT.replace("10.9.0.2", "10.9.0.3")
    host.module(accept=[ACCEPT], guard=[GUARD])
    assert host.module(accept=[new], guard=[GUARD], former=True)["changed"]
    assert host.hears("10.9.0.2") and host.hears("10.9.0.3")
    assert not host.module(accept=[new], guard=[GUARD], former=True)["changed"]
    assert host.module(accept=[new], guard=[GUARD])["changed"]
    assert host.hears("10.9.0.3") and not host.hears("10.9.0.2", wait_s=0.5)
    assert not host.module(accept=[new], guard=[GUARD], former=True)["changed"]


def test_a_rule_that_nft_refuses_changes_nothing(host):
    host.module(accept=[ACCEPT], guard=[GUARD])
    before = host.nft("list", "ruleset")
    said = host.module(accept=["udp dport nonsense-port accept"], guard=[])
    assert said["failed"] and "the table was not changed: nft" in said["msg"]
    assert host.nft("list", "ruleset") == before
    assert not host.module(accept=[ACCEPT], guard=[GUARD])["changed"]


def test_a_chain_that_ends_in_a_drop_blocks_like_a_policy():
    def listed(*rules):
        chain = {"family": "ip", "table": "filter", "name": "INPUT", "type": "filter"}
        chain |= {"hook": "input", "policy": "accept"}
        of = {"family": "ip", "table": "filter", "chain": "INPUT"}
        return json.dumps({"nftables": [{"chain": chain}, *({"rule": {**of, **r}} for r in rules)]})

    assert _nft.blocking(listed()) == []
    assert _nft.blocking(listed({"expr": [{"drop": None}]})) == ["ip filter INPUT"]
    assert _nft.blocking(listed({"expr": [{"match": {}}, {"drop": None}]})) == []
    ours = {"expr": [{"accept": None}], "comment": "failover.cluster: x"}
    assert _nft.blocking(listed(ours, {"expr": [{"reject": {}}]})) == []
    assert _nft.blocking("no json") == []
