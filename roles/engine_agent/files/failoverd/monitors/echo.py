# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ICMP echo (RFC 792, RFC 4443) over one raw socket per family: no process per ping."""

from __future__ import annotations

import contextlib
import ctypes
import ipaddress
import secrets
import socket
import struct
from collections.abc import Callable

SO_ATTACH_FILTER = 26
REQUEST = {4: 8, 6: 128}
ANSWER = {4: 0, 6: 129}
TOKEN_BYTES = 8
HEAD = struct.Struct("!BBHHH")
LONGEST = 256
DRAIN = 64
"""Answers read per turn of the loop, so that a flood cannot starve the rest."""

Answered = Callable[[str, int], None]
"""Called with the address and the sequence number of each answer to one of our requests."""


class Echo:
    """Sends requests to addresses of one IP version, and reports the answers."""

    def __init__(self, version: int, answered: Answered) -> None:
        """Open the socket; raises OSError (CAP_NET_RAW is needed)."""
        self.version = version
        self._answered = answered
        self._ident = secrets.randbelow(0xFFFF) + 1
        # Answers without this number belong to other programs or lives.
        self._token = secrets.token_bytes(TOKEN_BYTES)
        family = socket.AF_INET if version == 4 else socket.AF_INET6
        protocol = socket.IPPROTO_ICMP if version == 4 else socket.IPPROTO_ICMPV6
        kind = socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
        self.socket = socket.socket(family, kind, protocol)
        self._filter()

    def ask(self, address: str, sequence: int) -> None:
        """Send one request; raises OSError if it cannot leave."""
        packet = HEAD.pack(REQUEST[self.version], 0, 0, self._ident, sequence) + self._token
        if self.version == 4:
            # For ICMPv6 the kernel computes the checksum itself.
            word = checksum(packet)
            packet = HEAD.pack(REQUEST[4], 0, word, self._ident, sequence) + self._token
        self.socket.sendto(packet, (address, 0))

    def read(self) -> None:
        """Read waiting answers, up to a limit."""
        for _round in range(DRAIN):
            try:
                packet, sender = self.socket.recvfrom(LONGEST)
            except OSError:
                return
            self._take(packet, sender[0])

    def _take(self, packet: bytes, sender: str) -> None:
        if self.version == 4:
            # A raw socket of IPv4 delivers the IP header, too.
            packet = packet[(packet[0] & 0x0F) * 4 :] if packet else b""
        if len(packet) < HEAD.size:
            return
        kind, _code, _sum, ident, sequence = HEAD.unpack_from(packet)
        mine = kind == ANSWER[self.version] and ident == self._ident
        if mine and packet[HEAD.size :] == self._token:
            address = ipaddress.ip_address(sender.partition("%")[0])
            self._answered(str(address), sequence)

    def _filter(self) -> None:
        """Make the kernel drop all but answers with our number (linux/filter.h). Best effort."""
        length, byte, half, jump, give = 0xB1, 0x50, 0x48, 0x15, 0x06
        program = [
            # X becomes the length of the IP header; an ICMPv6 socket has none.
            (length, 0, 0, 0) if self.version == 4 else (0x01, 0, 0, 0),
            (byte, 0, 0, 0),
            (jump, 0, 3, ANSWER[self.version]),
            (half, 0, 0, 4),
            (jump, 0, 1, self._ident),
            (give, 0, 0, 0x40000),
            (give, 0, 0, 0),
        ]
        code = b"".join(struct.pack("HBBI", *line) for line in program)
        buffer = ctypes.create_string_buffer(code)
        argument = struct.pack("HL", len(program), ctypes.addressof(buffer))
        with contextlib.suppress(OSError):
            self.socket.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, argument)

    def close(self) -> None:
        """Free the socket."""
        self.socket.close()


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071) of an even number of bytes."""
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF
