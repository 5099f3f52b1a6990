# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""TCP connections of this node, those of its kernel too (man 7 sock_diag)."""

from __future__ import annotations

import ipaddress
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from .netlink import NLM_F_DUMP, attributes, request

NETLINK_SOCK_DIAG = 4
SOCK_DIAG_BY_FAMILY = 20
INET_DIAG_INFO = 2
"""The attribute that holds struct tcp_info (linux/tcp.h)."""
ESTABLISHED = 1
LAST_DATA_RECEIVED = 52
"""Offset in struct tcp_info: milliseconds since data came, then since an acknowledgement came."""
ID, ATTRIBUTES = 4, 72
"""Offsets in struct inet_diag_msg."""

Endpoint = tuple[str, int]
"""Address and port."""


@dataclass(frozen=True)
class Connection:
    """An established connection."""

    here: Endpoint
    there: Endpoint
    silent_s: float
    """For how long neither data nor an acknowledgement has come."""


def established(version: int) -> Iterator[Connection]:
    """The established TCP connections of an IP version. Raises OSError."""
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    extensions = 1 << (INET_DIAG_INFO - 1)
    body = struct.pack("=BBBxI", family, socket.IPPROTO_TCP, extensions, 1 << ESTABLISHED)
    answers = request(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, body + bytes(48), NETLINK_SOCK_DIAG)
    for _kind, message in answers:
        if message[0] != family:
            continue
        info = dict(attributes(message[ATTRIBUTES:])).get(INET_DIAG_INFO, b"")
        if len(info) < LAST_DATA_RECEIVED + 8:
            continue
        here, there = struct.unpack_from("!HH", message, ID)
        size = 4 if version == 4 else 16
        own, other = message[ID + 4 : ID + 4 + size], message[ID + 20 : ID + 20 + size]
        silent_ms = min(struct.unpack_from("=II", info, LAST_DATA_RECEIVED))
        yield Connection((_text(own), here), (_text(other), there), silent_ms / 1000)


def _text(packed: bytes) -> str:
    return str(ipaddress.ip_address(packed))
