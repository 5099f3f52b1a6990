# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sd_notify protocol: readiness, watchdog and a status line for systemd."""

from __future__ import annotations

import contextlib
import os
import socket


class Notifier:
    """Does nothing if systemd did not start the daemon."""

    def __init__(self) -> None:
        self._address = os.environ.pop("NOTIFY_SOCKET", "")
        self._socket: socket.socket | None = None
        if self._address:
            kind = socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
            self._socket = socket.socket(socket.AF_UNIX, kind)
            if self._address.startswith("@"):
                self._address = "\0" + self._address[1:]

    def send(self, *lines: str) -> None:
        """Send assignments such as READY=1; never blocks, never raises."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.sendto("\n".join(lines).encode(), self._address)


def watchdog_period() -> float | None:
    """How often systemd wants WATCHDOG=1, in seconds: a third of its limit."""
    try:
        return int(os.environ["WATCHDOG_USEC"]) / 3_000_000
    except (KeyError, ValueError):
        return None
