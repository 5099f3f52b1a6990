# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sends entries of the history with their fields to journald, in systemd's native protocol."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
from collections.abc import Mapping
from typing import Any

SOCKET = "/run/systemd/journal/socket"
WARNING, INFO = 4, 6


def under_journald() -> bool:
    """Whether standard error goes to journald (JOURNAL_STREAM, systemd.exec(5))."""
    try:
        status = os.fstat(2)
    except OSError:
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"


def fields(entry: Mapping[str, Any]) -> bytes:
    """One entry in journald's format. A text with a line break is sent with its length."""
    values = {
        "MESSAGE": f"{entry['code']}: {entry['text']}",
        "PRIORITY": str(WARNING if entry["level"] == "alert" else INFO),
        "SYSLOG_IDENTIFIER": "failoverd",
        "FAILOVER_NODE": entry["node"],
        "FAILOVER_CODE": entry["code"],
        "FAILOVER_LEVEL": entry["level"],
        "FAILOVER_SERVICE": entry["service"],
    }
    result = b""
    for name, value in values.items():
        data = str(value).encode(errors="replace")
        if b"\n" in data:
            result += name.encode() + b"\n" + struct.pack("<Q", len(data)) + data + b"\n"
        elif data:
            result += name.encode() + b"=" + data + b"\n"
    return result


class Journald:
    """Sends without waiting. The caller writes a refused entry to standard error."""

    def __init__(self, path: str = SOCKET) -> None:
        self._path = path
        kind = socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
        self._socket = socket.socket(socket.AF_UNIX, kind)

    def send(self, entry: Mapping[str, Any]) -> bool:
        """Whether journald took it; never raises."""
        with contextlib.suppress(OSError):
            self._socket.sendto(fields(entry), self._path)
            return True
        return False

    def close(self) -> None:
        """Free the socket."""
        self._socket.close()
