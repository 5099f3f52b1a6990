# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which packets a node has to let in, as rules of nftables. No I/O."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from . import _applications, _engines, _net

PACKAGES = ("nftables",)
UNITS = ("failover-firewall*",)
"""Patterns of units that are its own."""
LOOPBACK = ("127.0.0.1", "::1")


def rules(model: Mapping[str, Any], node: str) -> dict[str, list[str]]:
    """Return accept, what has to come in, and guard, what is dropped from everybody else.

    The model is completed with the answers of the nodes: only they know the addresses of the links.
    """
    return {"accept": [*_accepted(model, node)], "guard": [*_guarded(model)]}


def _accepted(model: Mapping[str, Any], node: str) -> Iterator[str]:
    for other in (name for name in model["nodes"] if name != node):
        for link in model["links"]:
            if link["type"] == "udp":
                for protocol, port in _engines.of(model).ports(link):
                    about = f"heartbeat of link {link['name']}"
                    yield _from_peer(link, node, other, f"{protocol} dport {port}", about)
        for service in model["services"]:
            link, port = _replication(model, service)
            if link is not None:
                about = f"replication of {service['name']}"
                # Either node may begin a connection.
                for end in ("dport", "sport"):
                    yield _from_peer(link, node, other, f"tcp {end} {port}", about)
    for target in model["ping_targets"]:
        address = target["address"]
        kind = "icmp" if _net.version(address) == 4 else "icmpv6"
        rule = f"{_family(address)} saddr {address} {kind} type echo-reply"
        yield _accept(rule, f"answer of ping target {address}")
    yield from _clients(model, node)


def _clients(model: Mapping[str, Any], node: str) -> Iterator[str]:
    """What everybody may reach."""
    for _kind, _where, service, application in _applications.each(model["services"]):
        if "port" not in application:
            continue
        for address in application.get("listen", ()):
            if address in LOOPBACK:
                continue
            place = "" if address == "*" else f"{_family(address)} daddr {address} "
            about = f"{application['name']} of {service['name']}"
            yield _accept(f"{place}tcp dport {application['port']}", about)
    page = model["page"]
    if page is not None and page["listen"][node] not in LOOPBACK:
        address = page["listen"][node]
        everywhere = address in ("0.0.0.0", "::")
        place = "" if everywhere else f"{_family(address)} daddr {address} "
        yield _accept(f"{place}tcp dport {page['port']}", "status page")


def _guarded(model: Mapping[str, Any]) -> Iterator[str]:
    """Ports that only another node may use."""
    ports: dict[str, set[int]] = {}
    for link in model["links"]:
        if link["type"] == "udp":
            for protocol, port in _engines.of(model).ports(link):
                ports.setdefault(protocol, set()).add(port)
    for service in model["services"]:
        link, port = _replication(model, service)
        if link is not None:
            ports.setdefault("tcp", set()).add(port)
    for protocol, numbers in sorted(ports.items()):
        listed = ", ".join(map(str, sorted(numbers)))
        yield f'{protocol} dport {{ {listed} }} drop comment "failover.cluster: not from a node"'


def _replication(
    model: Mapping[str, Any], service: Mapping[str, Any]
) -> tuple[Mapping[str, Any] | None, int]:
    storage = service["storage"]
    named = [link for link in model["links"] if link["name"] == storage.get("link")]
    return (named[0], storage["port"]) if named and "port" in storage else (None, 0)


def _from_peer(link: Mapping[str, Any], node: str, other: str, what: str, about: str) -> str:
    interface = link["interface"][node]
    own, peer = link["address"][node], link["address"][other]
    family = _family(own)
    return _accept(
        f'iifname "{interface}" {family} saddr {peer} {family} daddr {own} {what}',
        f"{about}, from {other}",
    )


def _accept(rule: str, about: str) -> str:
    return f'{rule} accept comment "failover.cluster: {about}"'


def _family(address: str) -> str:
    return "ip" if _net.version(address) == 4 else "ip6"
