# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Netlink without a process or a library: addresses of interfaces (man 7 rtnetlink)."""

from __future__ import annotations

import errno
import fcntl
import ipaddress
import os
import socket
import struct
from collections.abc import Iterator
from ipaddress import IPv4Interface, IPv6Interface

from . import trouble

Interface = IPv4Interface | IPv6Interface
"""An address with its prefix length."""

NLMSG_ERROR, NLMSG_DONE = 2, 3
RTM_SETLINK, RTM_NEWADDR, RTM_DELADDR, RTM_GETADDR = 19, 20, 21, 22
IFLA_AF_SPEC, IFLA_INET_CONF, IPV4_PROMOTE_SECONDARIES = 26, 1, 20
NLM_F_REQUEST, NLM_F_ACK, NLM_F_DUMP = 0x1, 0x4, 0x300
NLM_F_CREATE, NLM_F_EXCL = 0x400, 0x200
IFA_ADDRESS, IFA_LOCAL, IFA_BROADCAST, IFA_FLAGS = 1, 2, 4, 8
IFA_F_NODAD = 0x02
GROUPS = {4: 0x10, 6: 0x100}
"""Multicast groups for changes of addresses, by IP version."""
LINKS = 0x1
"""Multicast group for changes of interfaces."""
TIMEOUT_S = 2.0
IFF_UP, IFF_RUNNING = 0x1, 0x40
SIOCGIFFLAGS, SIOCGIFHWADDR = 0x8913, 0x8927


def add(interface: str, address: Interface) -> None:
    """Add an address, unless it is there already. Raises OSError."""
    # The address was probed before, so the kernel need not repeat it (F56).
    keep_secondaries(interface, address)
    flags = struct.pack("=I", IFA_F_NODAD)
    body = _address_message(interface, address) + _attribute(IFA_FLAGS, flags)
    try:
        request(RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, body)
    except FileExistsError:
        return


def remove(interface: str, address: Interface) -> None:
    """Remove this address and no other; an absent address is no error. Raises OSError."""
    try:
        keep_secondaries(interface, address)
        request(RTM_DELADDR, NLM_F_ACK, _address_message(interface, address))
    except OSError as error:
        if error.errno not in (errno.EADDRNOTAVAIL, errno.ENODEV, errno.ENXIO):
            raise


def keep_secondaries(interface: str, address: Interface) -> None:
    """Keep this address when an earlier one of the same network is removed. Raises OSError.

    Of the addresses of one network on an interface, IPv4 calls the first primary and all others
    secondary. It removes the secondary ones with the primary one unless promote_secondaries of the
    interface is on. They may belong to other services, or to the host.
    """
    if address.version == 6:
        return
    body = struct.pack("=BBHiII", socket.AF_UNSPEC, 0, 0, _index(interface), 0, 0)
    setting = _attribute(IPV4_PROMOTE_SECONDARIES, struct.pack("=I", 1))
    family = _attribute(socket.AF_INET, _attribute(IFLA_INET_CONF, setting))
    request(RTM_SETLINK, NLM_F_ACK, body + _attribute(IFLA_AF_SPEC, family))


def holders(address: Interface) -> list[tuple[str, Interface]]:
    """The interfaces of this node that hold the address, with their prefixes. Raises OSError."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    body = struct.pack("=BBBBI", family, 0, 0, 0, 0)
    found: list[tuple[str, Interface]] = []
    for kind, payload in request(RTM_GETADDR, NLM_F_DUMP, body):
        if kind != RTM_NEWADDR or payload[0] != family:
            continue
        index = struct.unpack_from("=I", payload, 4)[0]
        values = dict(attributes(payload[8:]))
        packed = values.get(IFA_LOCAL, values.get(IFA_ADDRESS, b""))
        if packed == address.ip.packed:
            here = ipaddress.ip_interface((address.ip, payload[1]))
            found.append((socket.if_indextoname(index), here))
    return found


def monitor(version: int) -> socket.socket:
    """A non-blocking socket that becomes readable when addresses of this version change."""
    return _listen(GROUPS[version])


def interfaces() -> socket.socket:
    """A non-blocking socket that becomes readable when an interface or its carrier changes."""
    return _listen(LINKS)


def _listen(groups: int) -> socket.socket:
    result = socket.socket(
        socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.NETLINK_ROUTE
    )
    result.bind((0, groups))
    return result


def carrier(interface: str) -> bool:
    """Whether the interface exists, is up and has a carrier.

    Raises OSError if the kernel could not be asked (trouble.own).
    """
    try:
        flags = struct.unpack_from("=H", _ask_interface(SIOCGIFFLAGS, interface))[0]
    except OSError as error:
        if trouble.own(error):
            raise
        return False
    return bool(flags & IFF_UP and flags & IFF_RUNNING)


def hardware_address(interface: str) -> bytes:
    """The interface's MAC address. Raises OSError."""
    return _ask_interface(SIOCGIFHWADDR, interface)[2:8]


def _ask_interface(request: int, interface: str) -> bytes:
    """The answer part of a struct ifreq (man 7 netdevice)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        name = interface.encode()[:15].ljust(16, b"\0")
        answer: bytes = fcntl.ioctl(any_socket, request, name + bytes(24))
        return answer[16:]


def _address_message(interface: str, address: Interface) -> bytes:
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    index = _index(interface)
    packed = address.ip.packed
    length = address.network.prefixlen
    body = struct.pack("=BBBBI", family, length, 0, 0, index)
    body += _attribute(IFA_LOCAL, packed) + _attribute(IFA_ADDRESS, packed)
    if isinstance(address, ipaddress.IPv4Interface) and length < 31:
        body += _attribute(IFA_BROADCAST, address.network.broadcast_address.packed)
    return body


def _index(interface: str) -> int:
    """The number of an interface. Raises OSError with ENODEV, which Python does not set."""
    try:
        return socket.if_nametoindex(interface)
    except OSError:
        raise OSError(errno.ENODEV, os.strerror(errno.ENODEV)) from None


def _attribute(kind: int, value: bytes) -> bytes:
    length = 4 + len(value)
    return struct.pack("=HH", length, kind) + value + b"\0" * (-length % 4)


def attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The attributes of a message: kind and value."""
    while len(data) >= 4:
        length, kind = struct.unpack_from("=HH", data)
        if length < 4:
            return
        yield kind & 0x3FFF, data[4:length]
        data = data[length + (-length % 4) :]


def request(
    kind: int, flags: int, body: bytes, protocol: int = socket.NETLINK_ROUTE
) -> list[tuple[int, bytes]]:
    """Send one request and collect the answers up to its end. Raises OSError."""
    header = struct.pack("=IHHII", 16 + len(body), kind, NLM_F_REQUEST | flags, 1, 0)
    answers: list[tuple[int, bytes]] = []
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol) as kernel:
        kernel.settimeout(TIMEOUT_S)
        kernel.bind((0, 0))
        kernel.send(header + body)
        for _round in range(10_000):
            data = kernel.recv(65536)
            while len(data) >= 16:
                length, answer = struct.unpack_from("=IH", data)
                payload = data[16:length]
                data = data[length + (-length % 4) :]
                if answer == NLMSG_ERROR:
                    code = -struct.unpack_from("=i", payload)[0]
                    if code:
                        raise OSError(code, os.strerror(code))
                    return answers
                if answer == NLMSG_DONE:
                    return answers
                answers.append((answer, payload))
    raise OSError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
