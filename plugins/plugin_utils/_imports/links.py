# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The heartbeat links of a proposal."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from .. import _net
from .hosts import Host
from .inventory import named


class Links:
    """Links between hosts, each wire once."""

    def __init__(self, hosts: Sequence[Host], virtual: Collection[str]) -> None:
        """virtual: addresses that move, and belong to no node."""
        self._hosts = hosts
        self._virtual = frozenset(virtual)
        self._made: list[dict[str, Any]] = []

    def network(
        self, interfaces: Mapping[str, str], addresses: Mapping[str, str] | None = None
    ) -> str:
        """Return the name of the link over these interfaces, a new one if there is none.

        interfaces: node -> its interface. addresses: node -> the address that is used there, if it
        matters which.
        """
        wanted = addresses or {}
        told = {h.name: self._address(h, interfaces[h.name], wanted) for h in self._hosts}
        for link in self._made:
            if link.get("interface") == folded(interfaces):
                if wanted and all(told.values()):
                    link["address"] = told
                return str(link["name"])
        name = named(next(iter(interfaces.values())), self.names(), "link")
        link = {"name": name, "interface": folded(interfaces)}
        if all(told.values()):
            link["address"] = told
        self._made.append(link)
        return name

    def serial(self, devices: Mapping[str, str], baud: int) -> None:
        """Add a serial line, if it is not there. devices: node -> its device."""
        if any(link.get("device") == folded(devices) for link in self._made):
            return
        name = named("serial", self.names(), "serial")
        self._made.append({"name": name, "device": folded(devices), "baud": baud})

    @property
    def nodes(self) -> list[str]:
        """The names of the nodes, in their order."""
        return [host.name for host in self._hosts]

    def names(self) -> list[str]:
        """The names of all links."""
        return [link["name"] for link in self._made]

    def all(self) -> list[dict[str, Any]]:
        """The value of failover_links."""
        return list(self._made)

    def reaching(self, address: str) -> list[str]:
        """The names of the links in whose network an address lies."""
        return [
            link["name"]
            for link in self._made
            if any(_net.inside(address, one) for one in link.get("address", {}).values())
        ]

    def _address(self, host: Host, interface: str, wanted: Mapping[str, str]) -> str:
        """The address of the interface that is wanted, else the first that is the node's own."""
        have = list(host.interfaces.get(interface, ()))
        have.sort(key=lambda one: _net.host(one) != wanted.get(host.name))
        for one in have:
            if _net.host(one) not in self._virtual and not _net.alone(one):
                return str(one)
        return ""


def folded(interfaces: Mapping[str, str]) -> Any:
    """One value if all nodes have the same."""
    values = set(interfaces.values())
    return values.pop() if len(values) == 1 else dict(interfaces)
