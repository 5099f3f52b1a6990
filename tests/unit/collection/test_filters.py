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
    assert ipaddress.ip_address(_net.host(str(interface))) == interface.ip
    assert ipaddress.ip_network(_net.network(str(interface))) == interface.network


@given(interfaces)
def test_a_canonical_form_is_its_own_canonical_form(interface):
    host, network = _net.host(str(interface)), _net.network(str(interface))
    assert _net.host(host) == host
    assert _net.network(network) == network
    assert _net.address(host) == host
    assert _net.version(network) == interface.version


@given(hosts, interfaces)
def test_an_address_is_inside_the_networks_that_hold_it(address, interface):
    assert _net.inside(str(address), str(interface)) == (address in interface.network)
    assert _net.inside(str(interface), str(interface.network))


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
        (("endpoint", "10", 80), "failover.cluster.endpoint: '10' is not an IP address."),
        (("endpoint", 10, 80), "failover.cluster.endpoint: 10 is not a text."),
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


def test_a_prefix_that_is_none_is_refused():
    with pytest.raises(ValueError, match="is not an address with a prefix such as"):
        _net.network("10.0.0.1/33")


def test_a_link_is_found_by_its_name():
    assert apply("link", LINKS, "cross") == LINKS[1]


def test_a_control_host_without_netaddr_is_told_so(monkeypatch, build):
    monkeypatch.setattr(_net, "netaddr", None)
    with pytest.raises(Problem, match=r"netaddr: missing; the control host needs"):
        build()
    with pytest.raises(AnsibleFilterError, match=r"failover\.cluster\.endpoint: netaddr: missing"):
        apply("endpoint", "192.168.1.10", 80)
