# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Three namespaces: two hosts, and between them a LAN with a router that answers pings.

Besides the LAN the hosts have a cable of their own. Nothing leads out.
"""

from __future__ import annotations

import os
import subprocess

NODES = ("node1", "node2")
ROUTER = "10.9.0.254"
SERVICE = "10.9.0.10"
ADDRESSES = {
    "office": {"node1": "10.9.0.1", "node2": "10.9.0.2"},
    "mirror": {"node1": "10.9.1.1", "node2": "10.9.1.2"},
}


class Network:
    """Made by up(), gone after down()."""

    def __init__(self) -> None:
        self._names = {name: f"fci{os.getpid()}-{name}" for name in (*NODES, "router")}

    def inside(self, name: str, *argv: str) -> list[str]:
        """The command that runs argv on a host, in a mount namespace of its own, too."""
        return ["ip", "netns", "exec", self._names[name], *argv]

    def up(self) -> None:
        """Make it."""
        for name in self._names.values():
            _ip("netns", "add", name)
            _ip("-n", name, "link", "set", "lo", "up")
        router = self._names["router"]
        _ip("-n", router, "link", "add", "lan", "type", "bridge", "forward_delay", "0")
        _ip("-n", router, "address", "add", f"{ROUTER}/24", "dev", "lan")
        _ip("-n", router, "link", "set", "lan", "up")
        for node in NODES:
            self._join(node, "office", "router", node)
            _ip("-n", router, "link", "set", node, "master", "lan")
        self._join("node1", "mirror", "node2", "mirror")
        for link, addresses in ADDRESSES.items():
            for node, address in addresses.items():
                _ip("-n", self._names[node], "address", "add", f"{address}/24", "dev", link)

    def _join(self, host: str, link: str, other: str, there: str) -> None:
        here, beyond = self._names[host], self._names[other]
        peer = ("peer", "name", there, "netns", beyond)
        _ip("-n", here, "link", "add", link, "type", "veth", *peer)
        _ip("-n", here, "link", "set", link, "up")
        _ip("-n", beyond, "link", "set", there, "up")

    def down(self) -> None:
        """Remove it."""
        for name in self._names.values():
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)
