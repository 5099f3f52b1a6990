# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks a BMC whether it accepts a name and a password, before any package is installed.

The first half of the RAKP handshake of IPMI 2.0 (section 13.20 ff.): the BMC proves with its
answer which password it knows, so one exchange tells all, and nothing is logged in.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import socket
import struct

PORT = 623
TRIES = 3
TIMEOUT_S = 6.0
"""A question is never repeated within a handshake: a late answer to the first would be taken for
one to the second, and a right password would look wrong. A new try is a new handshake on a new
port, so the time must be ample for a device that is busy."""

OPEN_REQUEST, OPEN_ANSWER, RAKP_1, RAKP_2 = 0x10, 0x11, 0x12, 0x13
ALGORITHMS = ((1, hashlib.sha1), (3, hashlib.sha256))
"""Number of the authentication algorithm, and its hash: cipher suites 3 and 17."""
ROLE = 0x14  # Administrator, looked up by name only.
NAME_UNKNOWN = 0x0D


class NameIgnored(Exception):
    """Some devices keep silent instead of saying that a name is wrong."""


def check(address: str, user: str, password: str, port: int = PORT) -> str:
    """Return "" if the BMC accepts the password, else what is wrong as the end of a sentence."""
    try:
        found = socket.getaddrinfo(address, port, type=socket.SOCK_DGRAM)[0]
    except OSError:
        return "has a name that does not resolve."
    problem = "does not answer."
    for _round in range(TRIES):
        with socket.socket(found[0], socket.SOCK_DGRAM) as link:
            link.settimeout(TIMEOUT_S)
            try:
                link.connect(found[4])
                return _handshake(link, user.encode(), password.encode())
            except NameIgnored:
                problem = "answers, but not to a log-in with this user name."
            except OSError:
                problem = "does not answer."
            except (IndexError, struct.error):
                return "gives an answer that is not IPMI 2.0."
    return problem


def _handshake(link: socket.socket, user: bytes, password: bytes) -> str:
    console = os.urandom(4)
    for number, digest in ALGORITHMS:
        answer = _ask(link, OPEN_REQUEST, OPEN_ANSWER, _open(console, number))
        if answer[1] != 0:
            continue  # It does not speak this algorithm.
        managed = answer[8:12]
        mine = os.urandom(16)
        tail = bytes([ROLE, len(user)]) + user
        request = bytes([0, 0, 0, 0]) + managed + mine + bytes([ROLE, 0, 0, len(user)]) + user
        try:
            answer = _ask(link, RAKP_1, RAKP_2, request)
        except TimeoutError:
            raise NameIgnored from None
        if answer[1] == NAME_UNKNOWN:
            return "refuses the user name."
        if answer[1] != 0:
            return f"refuses the log-in with status {answer[1]:#04x}."
        theirs, identity, proof = answer[8:24], answer[24:40], answer[40:]
        told = console + managed + mine + theirs + identity + tail
        wanted = hmac.new(password, told, digest).digest()
        if not hmac.compare_digest(wanted, proof[: len(wanted)]):
            return "refuses the password."
        return ""
    return "offers no known way to log in (neither cipher suite 3 nor 17)."


def _open(console: bytes, algorithm: int) -> bytes:
    integrity = 1 if algorithm == 1 else 4
    parts = ((0, algorithm), (1, integrity), (2, 1))
    return (
        bytes([0, 0, 0, 0])
        + console
        + b"".join(bytes([kind, 0, 0, 8, chosen, 0, 0, 0]) for kind, chosen in parts)
    )


def _ask(link: socket.socket, request: int, answer: int, payload: bytes) -> bytes:
    packet = bytes([6, 0, 0xFF, 7, 6, request]) + bytes(8) + struct.pack("<H", len(payload))
    link.send(packet + payload)
    data = link.recv(1024)
    if len(data) >= 16 and data[4] == 6 and data[5] & 0x3F == answer:
        size = struct.unpack("<H", data[14:16])[0]
        body = data[16 : 16 + size]
        if len(body) >= 2 and (body[1] != 0 or len(body) >= 12):
            return body
    raise struct.error
