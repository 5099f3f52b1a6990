# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kinds of values that name something of a network."""

from __future__ import annotations

import re
from typing import Any

from .. import _net
from .._problems import refuse
from .kinds import Kind, Text
from .reading import Scope, same

INTERFACE = re.compile(r"[^\s/:]{1,15}")


class Interface(Text):
    """The name of a network interface."""

    def __init__(self) -> None:
        super().__init__(
            form=INTERFACE.pattern,
            rule="is not the name of an interface: at most 15 characters, without '/', ':' and"
            " blanks.",
            words="interface",
        )

    def read(self, where: str, value: Any, scope: Scope) -> str:
        result = super().read(where, value, scope)
        if result in (".", "..", "lo"):
            refuse(where, result, "is not an interface that leads to another host.")
        return result


class Address(Kind):
    """An IP address without a prefix that a host can have."""

    def __init__(self, loopback: bool = False) -> None:
        self._loopback = loopback

    def read(self, where: str, value: Any, scope: Scope) -> str:
        where = where.removesuffix(".address")
        same(where, value)
        if not isinstance(value, str):
            refuse(where, value, "is not an IP address.")
        try:
            address = _net.address(value)
        except ValueError:
            refuse(where, value, "is not an IP address.")
        ordinary(where, address, loopback=self._loopback)
        return address

    def says(self) -> str:
        return "IP address"


def ordinary(where: str, address: str, link_local: bool = False, loopback: bool = False) -> None:
    """Refuse an address that no single host of a LAN can have."""
    kind = _net.special(address)
    if (link_local and kind == "link-local" and ":" not in address) or (
        loopback and kind == "loopback"
    ):
        return
    if kind:
        refuse(where, address, f"is a {kind} address; give one that a host of the LAN can have.")


class VirtualAddress(Kind):
    """An address with its prefix."""

    def read(self, where: str, value: Any, scope: Scope) -> str:
        where = where.removesuffix(".address")
        same(where, value)
        if not isinstance(value, str):
            refuse(where, value, "is not an address with a prefix such as 192.168.1.10/24.")
        try:
            address, edge = _net.host(value), _net.reserved(value)
        except ValueError:
            refuse(where, value, "is not an address with a prefix such as 192.168.1.10/24.")
        if "/" not in value:
            refuse(where, value, "has no prefix; write it as 192.168.1.10/24.")
        if edge:
            refuse(where, value, "is the network or the broadcast address itself.")
        ordinary(where, address)
        return value

    def says(self) -> str:
        return "address with a prefix such as `192.168.1.10/24`"


class Network(Kind):
    """A network in its canonical form."""

    def read(self, where: str, value: Any, scope: Scope) -> str:
        same(where, value)
        if not isinstance(value, str):
            refuse(where, value, "is not a network such as 192.168.1.0/24.")
        if "/" not in value:
            refuse(where, value, "has no prefix; write a network such as 192.168.1.0/24.")
        try:
            return _net.network(value)
        except ValueError:
            refuse(where, value, "is not a network such as 192.168.1.0/24.")

    def says(self) -> str:
        return "network such as `192.168.1.0/24`"
