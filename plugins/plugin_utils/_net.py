# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses and networks as texts; the only place that knows the library that reads them.

Texts come out in their canonical form. A text that is none raises ValueError with the end of a
sentence, such as "is not an IP address."; call need() before.
"""

from __future__ import annotations

import ipaddress
from typing import Any

from ._problems import Problem

try:
    import netaddr
except ImportError:
    netaddr = None


def need() -> None:
    """Raise Problem unless the library is there."""
    if netaddr is None:
        raise Problem("netaddr: missing; the control host needs this Python package.")


def address(text: str) -> str:
    """Return an address that is written without a prefix."""
    if not isinstance(text, str):
        raise ValueError("is not a text.")
    try:
        # Without the flag, releases before 1.0 take "10" for 0.0.0.10.
        return str(netaddr.IPAddress(text, flags=netaddr.INET_PTON))
    except (netaddr.AddrFormatError, ValueError):
        raise ValueError("is not an IP address.") from None


def host(text: str) -> str:
    """Return the address of an address with or without prefix."""
    return str(_parsed(text).ip)


def network(text: str) -> str:
    """Return the network of an address with prefix: 192.168.1.0/24 of 192.168.1.10/24."""
    return str(_parsed(text).cidr)


def special(text: str) -> str:
    """What an address is that no single host of a LAN has, empty if it is an ordinary one."""
    found = ipaddress.ip_address(text)
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        return "mapped IPv4"
    if found.is_unspecified or (found.version == 4 and int(found) >> 24 == 0):
        return "unspecified"
    if found.is_loopback:
        return "loopback"
    if found.is_link_local:
        return "link-local"
    if found.is_multicast:
        return "multicast"
    return "reserved" if found.version == 4 and found.is_reserved else ""


def alone(text: str) -> bool:
    """Whether a network holds one address only."""
    return bool(text) and bool(_parsed(text).size == 1)


def version(text: str) -> int:
    """Return 4 or 6."""
    return int(_parsed(text).version)


def inside(text: str, network: str) -> bool:
    """Whether an address lies in a network; one of the other version never does."""
    return bool(_parsed(text).ip in _parsed(network).cidr)


def reserved(text: str) -> bool:
    """Whether an address with prefix is the IPv4 network or the broadcast address itself."""
    found = _parsed(text)
    # A /31 or /32 has neither (RFC 3021).
    ends = (found.network, found.broadcast)
    return bool(found.version == 4 and found.size > 2 and found.ip in ends)


def endpoint(text: str, port: int) -> str:
    """Return address and port as one word, with brackets around an IPv6 address."""
    shown = address(text)
    if not isinstance(port, int) or not 1 <= port <= 65535:
        raise ValueError("has no such port; ports are numbers from 1 to 65535.")
    return f"[{shown}]:{port}" if ":" in shown else f"{shown}:{port}"


def _parsed(text: str) -> Any:
    if not isinstance(text, str):
        raise ValueError("is not a text.")
    address(text.partition("/")[0])
    try:
        return netaddr.IPNetwork(text)
    except (netaddr.AddrFormatError, ValueError):
        raise ValueError("is not an address with a prefix such as 192.168.1.10/24.") from None
