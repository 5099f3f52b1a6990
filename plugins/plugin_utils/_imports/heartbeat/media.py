# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The paths of Heartbeat's packets, as links of the new cluster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ... import _net
from ..._inventory.links import BAUDS
from .. import text
from ..findings import Findings
from ..hosts import Host
from ..inventory import address as one_form
from ..links import Links
from .ha_cf import UDP_PORT, Config, Medium


def build(
    configs: Mapping[str, Config], hosts: Sequence[Host], links: Links, findings: Findings
) -> None:
    """Make a link of each path that both hosts have."""
    for host in hosts:
        others = [other for other in hosts if other is not host]
        for medium in configs[host.name].media:
            where = f"{host.name}: ha.cf line {medium.line}"
            if medium.kind != "serial":
                _network(medium, host, others[0], where, links, findings)
    serial = {h.name: [m for m in configs[h.name].media if m.kind == "serial"] for h in hosts}
    for index, medium in enumerate(next(iter(serial.values()))):
        _serial(medium, index, serial, links, findings)
    kinds = {m.kind for config in configs.values() for m in config.media}
    if kinds & {"bcast", "mcast"}:
        findings.add(
            "changed",
            "ha.cf",
            "heartbeats go to the other node alone (UDP port 7410), and no more to everybody on the"
            " network.",
        )
    odd = sorted({m.port for c in configs.values() for m in c.media if m.port not in (0, UDP_PORT)})
    if odd:
        findings.add(
            "note",
            "ha.cf",
            f"the port {', '.join(map(str, odd))} is Heartbeat's own; the new heartbeats have the"
            " port 7410. Let a firewall pass it.",
        )


def _network(
    medium: Medium, host: Host, other: Host, where: str, links: Links, findings: Findings
) -> None:
    interface = medium.device.partition(":")[0]
    peer = one_form(medium.peer) if medium.peer else ""
    if medium.peer and not peer:
        findings.add("refused", where, f"{text.shown(medium.peer)} is no IP address of the peer.")
        return
    if peer and host.interface_of(peer):
        return  # A line that names the node itself; Heartbeat ignores it, too.
    if interface not in host.interfaces:
        has = ", ".join(sorted(name for name in host.interfaces if name != "lo")) or "none"
        findings.add(
            "dropped", where, f"{host.name} has no interface {text.shown(interface)}; it has {has}."
        )
        return
    there = other.interface_of(peer) if peer else _opposite(host, interface, other)
    if peer and not there:
        findings.add(
            "dropped", where, f"{other.name} does not have the address {peer}, so nobody hears it."
        )
        return
    if not there:
        findings.add(
            "dropped",
            where,
            f"{other.name} has no interface in the network of {interface} of {host.name}.",
        )
        return
    both = {host.name: interface, other.name: there}
    links.network({name: both[name] for name in links.nodes})


def _opposite(host: Host, interface: str, other: Host) -> str:
    """The interface of the other host on the same network, "" for none."""
    networks = [_net.network(one) for one in host.interfaces[interface] if not _net.alone(one)]
    for name in (interface, *other.interfaces):
        have = [_net.network(one) for one in other.interfaces.get(name, ())]
        if any(network in have for network in networks):
            return name
    return ""


def _serial(
    medium: Medium,
    index: int,
    serial: Mapping[str, Sequence[Medium]],
    links: Links,
    findings: Findings,
) -> None:
    where = f"ha.cf line {medium.line}"
    devices = {name: of[index].device for name, of in serial.items() if index < len(of)}
    if len(devices) < len(serial):
        findings.add("dropped", where, f"{text.shown(medium.device)} has no other end.")
        return
    bad = [device for device in devices.values() if not device.startswith("/dev/")]
    if bad:
        findings.add("dropped", where, f"{text.shown(bad[0])} is no device below /dev.")
        return
    baud = medium.baud
    if baud not in BAUDS:
        nearest = max([b for b in BAUDS if b <= baud] or [BAUDS[0]])
        findings.add("changed", where, f"the speed {baud} of the serial line becomes {nearest}.")
        baud = nearest
    links.serial(devices, baud)
