# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds who answers to an address on the LAN, and announces addresses.

IPv4: ARP probe and announcement (RFC 5227). IPv6: neighbour solicitation from the unspecified
address and unsolicited advertisement (RFC 4861, RFC 4862).

Who is about to take an address and sees the probe of another host has to give way. So a node that
only wants to know who has it marks its probe, where hosts do not look: in the target's hardware
address (RFC 5227, 2.1.1), and in a nonce (RFC 7527).
"""

from __future__ import annotations

import socket
import struct
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address, IPv6Address

Address = IPv4Address | IPv6Address

ETH_P_ARP, ETH_P_IPV6 = 0x0806, 0x86DD
BROADCAST = b"\xff" * 6
ICMPV6 = 58
NS, NA = 135, 136
OVERRIDE = 0x20000000
MARK = b"\x02asked"
NO_MARK = b"\0" * 6
NONCE = b"\x0e\x01"
_CLOSER = ThreadPoolExecutor(1, "close")


class Neighbours:
    """A raw socket on one interface for addresses of one version. Raises OSError."""

    def __init__(self, interface: str, own: bytes, *addresses: Address) -> None:
        protocol = ETH_P_ARP if addresses[0].version == 4 else ETH_P_IPV6
        self._own = own
        self._addresses = addresses
        # Open it without a protocol and bind it then. Binding a socket that hears already makes the
        # kernel wait for every processor, which blocked the loop for a second with 50 addresses.
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, 0)
        try:
            self.socket.bind((interface, protocol))
        except OSError:
            self.socket.close()
            raise

    def probe(self, *, taking: bool) -> None:
        """Ask who has each address, without claiming it. taking: this node is about to take it."""
        mark = NO_MARK if taking else MARK
        for address in self._addresses:
            target = address.packed
            if isinstance(address, IPv4Address):
                self._send(BROADCAST, _arp(1, self._own, b"\0" * 4, mark, target))
                continue
            group = bytes.fromhex("ff0200000000000000000001ff") + target[-3:]
            body = struct.pack("!BBHI", NS, 0, 0, 0) + target + (b"" if taking else NONCE + mark)
            self._send(b"\x33\x33" + group[-4:], _ipv6(b"\0" * 16, group, body))

    def announce(self) -> None:
        """Announce that each address is here now, in both usual forms (F57)."""
        for address in self._addresses:
            packed = address.packed
            if isinstance(address, IPv4Address):
                self._send(BROADCAST, _arp(1, self._own, packed, b"\0" * 6, packed))
                self._send(BROADCAST, _arp(2, self._own, packed, BROADCAST, packed))
                continue
            everybody = bytes.fromhex("ff020000000000000000000000000001")
            option = struct.pack("!BB", 2, 1) + self._own
            body = struct.pack("!BBHI", NA, 0, 0, OVERRIDE) + packed + option
            self._send(b"\x33\x33" + everybody[-4:], _ipv6(packed, everybody, body))

    def rivals(self, *, probing: bool) -> str:
        """The MAC of another host that claims an address in the waiting packets; or ''."""
        return next(iter(self.claims(probing=probing).values()), "")

    def claims(self, *, probing: bool) -> dict[Address, str]:
        """The same for each address that another host claims.

        probing: this node does not hold the address, so a probe of another host counts, too, unless
        that one only asks.
        """
        claimants = self.claimants(probing=probing)
        return {address: macs[0] for address, macs in claimants.items()}

    def claimants(self, *, probing: bool) -> dict[Address, list[str]]:
        """The same with all hosts that claim it, each once, in the order of their packets."""
        found: dict[Address, list[str]] = {}
        for _round in range(64 + 4 * len(self._addresses)):
            packet = self._received()
            if not packet:
                break
            for address in self._addresses:
                if self._claims(address, packet, probing):
                    macs, mac = found.setdefault(address, []), packet[6:12].hex(":")
                    if mac not in macs:
                        macs.append(mac)
        return found

    def _received(self) -> bytes:
        """The next waiting packet, empty if there is none."""
        try:
            return self.socket.recv(256)
        except BlockingIOError:
            return b""

    def _claims(self, address: Address, frame: bytes, probing: bool) -> bool:
        packet, target = frame[14:], address.packed
        if frame[6:12] == self._own:
            return False
        if isinstance(address, IPv4Address):
            if len(packet) < 28 or packet[2:6] != b"\x08\x00\x06\x04":
                return False
            sender, mark, wanted = packet[14:18], packet[18:24], packet[24:28]
            takes = sender == b"\0" * 4 and wanted == target and mark != MARK
            return sender == target or (probing and takes)
        if len(packet) < 64 or packet[6] != ICMPV6 or packet[48:64] != target:
            return False
        unspecified, asks = packet[8:24] == b"\0" * 16, packet[64:72] == NONCE + MARK
        return packet[40] == NA or (probing and packet[40] == NS and unspecified and not asks)

    def _send(self, destination: bytes, payload: bytes) -> None:
        protocol = ETH_P_ARP if self._addresses[0].version == 4 else ETH_P_IPV6
        self.socket.send(destination + self._own + struct.pack("!H", protocol) + payload)

    def close(self) -> None:
        """Close the socket on a thread: the kernel waits for every processor then, too."""
        try:
            _CLOSER.submit(self.socket.close)
        except RuntimeError:  # no thread can start, or the process ends
            self.socket.close()


def _arp(operation: int, own: bytes, sender: bytes, hardware: bytes, target: bytes) -> bytes:
    head = struct.pack("!HHBBH", 1, 0x0800, 6, 4, operation)
    return head + own + sender + hardware + target


def _ipv6(source: bytes, destination: bytes, body: bytes) -> bytes:
    pseudo = source + destination + struct.pack("!II", len(body), ICMPV6)
    total = sum(struct.unpack(f"!{len(pseudo + body) // 2}H", pseudo + body))
    total = (total & 0xFFFF) + (total >> 16)
    total = (total & 0xFFFF) + (total >> 16)
    body = body[:2] + struct.pack("!H", ~total & 0xFFFF) + body[4:]
    return struct.pack("!IHBB", 6 << 28, len(body), ICMPV6, 255) + source + destination + body
