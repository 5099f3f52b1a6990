# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""failover_links: the heartbeat links."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import _net
from .._daemon import forms
from .._problems import Problem, refuse
from .addresses import Interface, Network, ordinary
from .kinds import Key, Kind, Name, Path, Whole
from .nested import Choice, Each, ListOf
from .reading import Read, Scope, same

BAUDS = (9600, 19200, 38400, 57600, 115200)
PORT = 7410


class LinkAddress(Kind):
    """An address with or without a prefix; a cross cable may have 169.254.x.x (H20)."""

    def read(self, where: str, value: Any, scope: Scope) -> Read:
        same(where, value)
        if not isinstance(value, str):
            refuse(where, value, "is not an IP address.")
        try:
            address = _net.host(value)
            network = _net.network(value) if "/" in value else ""
        except ValueError:
            refuse(where, value, "is not an IP address.")
        ordinary(where, address, link_local=True)
        return Read(address=address, network=network)

    def says(self) -> str:
        return "IP address, with or without a prefix"


class Baud(Whole):
    """A speed that every serial line has."""

    def __init__(self) -> None:
        super().__init__(BAUDS[0], BAUDS[-1])

    def read(self, where: str, value: Any, scope: Scope) -> int:
        result = super().read(where, value, scope)
        if result not in BAUDS:
            refuse(where, value, f"is not one of {', '.join(map(str, BAUDS))}.")
        return result

    def says(self) -> str:
        return " or ".join(f"`{baud}`" for baud in BAUDS)


def _guess(given: Mapping[str, Any]) -> str:
    if "device" in given and "interface" in given:
        raise Problem("holds both a device and an interface; a link is a cable or a network.")
    return "serial" if "device" in given else "udp"


NAME = Key(Name(), "Name of the link, as the status shows it.", required=True)
NETWORK: Mapping[str, Key] = {
    "name": NAME,
    "interface": Key(Each(Interface()), "Network interface of the link.", required=True),
    "address": Key(
        Each(LinkAddress()),
        "Address of each node on the link.",
        otherwise="the address that the interface has",
    ),
    "network": Key(
        Network(),
        "Network of the link; needed where an address has the prefix /32.",
        otherwise="the network of the address",
    ),
    "port": Key(Whole(*forms.PORTS), "UDP port of the heartbeats.", default=PORT),
}
SERIAL: Mapping[str, Key] = {
    "name": NAME,
    "device": Key(Each(Path("/dev/")), "Serial device of each node, such as /dev/ttyS0.", True),
    "baud": Key(Baud(), "Speed of the line.", default=115200),
}
LINKS = ListOf(
    Choice(
        "type",
        {"udp": NETWORK, "serial": SERIAL},
        "What the link is: a network, or a null-modem cable. A device makes it serial.",
        guess=_guess,
        placed=True,
    ),
    empty="the nodes must hear each other.",
)
