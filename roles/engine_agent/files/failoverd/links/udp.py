# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Heartbeats as unicast datagrams over one interface."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import ipaddress
import socket
import struct

from .base import DRAIN, REOPEN_S, Awake, Receive
from .settings import UdpSettings
from .wire import HEADER_BYTES, MAX_BYTES, Frame

SO_ATTACH_FILTER = 26
DISCARD = 4096
RECEIVE_BUFFER = 256 * 1024


class UdpLink:
    """Bound to address and interface, so that no datagram takes another path."""

    def __init__(
        self, settings: UdpSettings, heads: tuple[bytes, ...], receive: Receive, awake: Awake
    ) -> None:
        self.name = settings.name
        self.problem = "not open yet"
        self._settings = settings
        self._heads = heads
        self._receive = receive
        self._awake = awake
        self._socket: socket.socket | None = None
        self._timer: asyncio.TimerHandle | None = None

    def open(self) -> None:
        """Bind; retry each second while interface or address is absent."""
        loop = asyncio.get_running_loop()
        self._timer = None
        try:
            self._socket = self._bound()
        except OSError as error:
            self.problem = f"{self._settings.interface}: {error.strerror or error}"
            self._timer = loop.call_later(REOPEN_S, self.open)
            return
        self.problem = ""
        loop.add_reader(self._socket.fileno(), self._readable)

    def _bound(self) -> socket.socket:
        own = ipaddress.ip_address(self._settings.address)
        family = socket.AF_INET if own.version == 4 else socket.AF_INET6
        result = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        try:
            interface = self._settings.interface
            result.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
            result.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
            result.setsockopt(socket.SOL_SOCKET, socket.SO_PRIORITY, 6)
            attach_filter(result, self._heads)
            scope = socket.if_nametoindex(interface) if own.is_link_local else 0
            extra = (0, scope) if own.version == 6 else ()
            result.bind((str(own), self._settings.port, *extra))
            # Connected, so the kernel drops datagrams from other addresses than the peer's.
            result.connect((self._settings.peer_address, self._settings.port, *extra))
        except OSError:
            result.close()
            raise
        return result

    def send(self, frame: Frame) -> None:
        """Send or drop it; open again after the interface went away."""
        if self._socket is None:
            return
        try:
            self._socket.send(frame.whole)
            self.problem = ""
        except ConnectionRefusedError:
            # The kernel of the peer answers and its daemon does not listen: this side is fine.
            self.problem = ""
        except OSError as error:
            self._failed(error)

    def _readable(self) -> None:
        if not self._awake():
            return
        for _round in range(DRAIN):
            if self._socket is None:
                return
            try:
                frame = self._socket.recv(MAX_BYTES + 1)
            except BlockingIOError:
                return
            except ConnectionRefusedError:
                continue
            except OSError as error:
                self._failed(error)
                return
            self._receive(self.name, frame)

    def discard(self) -> None:
        """Drop waiting input, limited to what the kernel's buffer can hold."""
        with contextlib.suppress(OSError):
            for _round in range(DISCARD):
                if self._socket is None:
                    return
                self._socket.recv(1)

    def _failed(self, error: OSError) -> None:
        self.problem = f"{self._settings.interface}: {error.strerror or error}"
        if isinstance(error, BlockingIOError):
            return
        self.close()
        self._timer = asyncio.get_running_loop().call_later(REOPEN_S, self.open)

    def close(self) -> None:
        """Stop listening."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket.fileno())
            self._socket.close()
            self._socket = None


def attach_filter(target: socket.socket, heads: tuple[bytes, ...]) -> None:
    """Make the kernel drop datagrams that do not begin with one of the heads (F70).

    A classic BPF program (linux/filter.h): compare the first four bytes of the payload, which
    follows the UDP header of 8 bytes, with those of each head. Best effort.
    """
    jump, load, give = 0x15, 0x20, 0x06
    words = sorted({int.from_bytes(head[: min(4, HEADER_BYTES)], "big") for head in heads})
    program = [struct.pack("HBBI", load, 0, 0, 8)]
    for index, word in enumerate(words):
        program.append(struct.pack("HBBI", jump, len(words) - index, 0, word))
    program.append(struct.pack("HBBI", give, 0, 0, 0))
    program.append(struct.pack("HBBI", give, 0, 0, 0x40000))
    buffer = ctypes.create_string_buffer(b"".join(program))
    argument = struct.pack("HL", len(program), ctypes.addressof(buffer))
    with contextlib.suppress(OSError):
        target.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, argument)
