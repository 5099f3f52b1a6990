# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses and links: the filters agree with the standard library, and refuse everything else."""

from __future__ import annotations

import importlib
import ipaddress

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.failover.cluster.plugins.plugin_utils import _net
from ansible_collections.failover.cluster.plugins.plugin_utils._problems import Problem
from hypothesis import given
from hypothesis import strategies as st

PLACE = "ansible_collections.failover.cluster.plugins.filter"
LINKS = [{"name": "lan", "interface": "eth0"}, {"name": "cross", "interface": "eth1"}]

hosts = st.ip_addresses()


def prefixed(address, prefix, place):
    """The address with its prefix, or the first or last one of its network."""
    network = ipaddress.ip_network(f"{address}/{prefix}", strict=False)
    chosen = {"first": network[0], "last": network[-1]}.get(place, address)
    return ipaddress.ip_interface(f"{chosen}/{prefix}")


places = st.sampled_from(["first", "last", "any"])
interfaces = st.one_of(
    st.builds(prefixed, st.ip_addresses(v=4), st.integers(0, 32) | st.integers(30, 32), places),
    st.builds(prefixed, st.ip_addresses(v=6), st.integers(0, 128), places),
)


def apply(name, value, *args):
    """Run the filter as a template would."""
    return importlib.import_module(f"{PLACE}.{name}").FilterModule().filters()[name](value, *args)


@given(interfaces)
def test_host_and_network_are_the_two_halves_of_an_address_with_prefix(interface):
    assert ipaddress.ip_address(apply("host", str(interface))) == interface.ip
    assert ipaddress.ip_network(apply("network", str(interface))) == interface.network


@given(interfaces)
def test_what_a_filter_returned_it_returns_again(interface):
    host, network = apply("host", str(interface)), apply("network", str(interface))
    assert apply("host", host) == host
    assert apply("network", network) == network
    assert _net.address(host) == host
    assert _net.version(network) == interface.version


@given(st.lists(hosts, max_size=5), interfaces)
def test_inside_keeps_what_lies_in_the_network_as_it_was_written(addresses, interface):
    texts = [str(address) for address in addresses]
    kept = [str(address) for address in addresses if address in interface.network]
    assert apply("inside", texts, str(interface)) == kept
    assert apply("inside", [str(interface)], str(interface.network)) == [str(interface)]


@given(interfaces)
def test_only_the_ends_of_an_ipv4_network_are_reserved(interface):
    network = interface.network
    ends = (network.network_address, network.broadcast_address)
    wide = interface.version == 4 and network.prefixlen < 31
    assert _net.reserved(str(interface)) == (wide and interface.ip in ends)


@given(hosts, st.integers(1, 65535))
def test_an_endpoint_can_be_taken_apart_again(address, port):
    host, _colon, number = apply("endpoint", str(address), port).rpartition(":")
    assert (host.startswith("["), host.endswith("]")) == (address.version == 6,) * 2
    assert ipaddress.ip_address(host.strip("[]")) == address
    assert int(number) == port


def sound(read, text):
    """Whether the standard library takes the text; a zone belongs to one host only."""
    try:
        read(text.replace("%", "-"))
    except ValueError:
        return False
    return True


@given(st.one_of(st.text(), st.text("0123456789abcdef.:/"), hosts.map(str), interfaces.map(str)))
def test_a_text_is_either_an_address_or_refused_in_one_sentence(text):
    try:
        apply("endpoint", text, 80)
    except AnsibleFilterError as error:
        assert not sound(ipaddress.ip_address, text)
        assert str(error).endswith("is not an IP address.")
    else:
        assert sound(ipaddress.ip_address, text)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (("host", "10"), "failover.cluster.host: '10' is not an IP address."),
        (("host", 10), "failover.cluster.host: 10 is not a text."),
        (
            ("network", "10.0.0.1/33"),
            "failover.cluster.network: '10.0.0.1/33' is not an address with a prefix such as"
            " 192.168.1.10/24.",
        ),
        (
            ("endpoint", "10.0.0.1", 0),
            "failover.cluster.endpoint: '10.0.0.1' has no such port; ports are numbers from 1 to"
            " 65535.",
        ),
        (
            ("link", LINKS, "corss"),
            "failover.cluster.link: corss is not a link of the cluster; they are lan, cross.",
        ),
    ],
)
def test_a_wrong_value_is_named_with_its_rule(call, sentence):
    with pytest.raises(AnsibleFilterError) as caught:
        apply(*call)
    assert str(caught.value) == sentence


def test_a_link_is_found_by_its_name():
    assert apply("link", LINKS, "cross") == LINKS[1]


def test_a_control_host_without_netaddr_is_told_so(monkeypatch, build):
    monkeypatch.setattr(_net, "netaddr", None)
    with pytest.raises(Problem, match=r"netaddr: missing; the control host needs"):
        build()
    with pytest.raises(AnsibleFilterError, match=r"failover\.cluster\.host: netaddr: missing"):
        apply("host", "192.168.1.10")
