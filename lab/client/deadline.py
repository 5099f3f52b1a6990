# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A socket with one deadline for all of its waits.

With a timeout for each call, a server that sends one byte a second would hold its client for ever.
Here the deadline is for the whole exchange, so the client gives up a dead owner after a known time.
"""

from __future__ import annotations

import socket
import time
from typing import Any


class DeadlineSocket(socket.socket):
    """A TCP socket with an overall deadline."""

    deadline = float("inf")

    def allow(self, seconds: float) -> None:
        """From now on, all operations together must end within ``seconds``."""
        self.deadline = time.monotonic() + seconds

    def _arm(self) -> None:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("deadline passed")
        self.settimeout(min(left, 3600.0))

    def recv(self, *args: Any) -> bytes:
        """Receive; TimeoutError when the deadline passes first."""
        self._arm()
        return super().recv(*args)

    def recv_into(self, *args: Any) -> int:
        """Receive into a buffer; TimeoutError when the deadline passes first."""
        self._arm()
        return super().recv_into(*args)

    def send(self, *args: Any) -> int:
        """Send; TimeoutError when the deadline passes first."""
        self._arm()
        return super().send(*args)

    def sendall(self, *args: Any) -> None:
        """Send everything; TimeoutError when the deadline passes first."""
        self._arm()
        super().sendall(*args)


def connect(host: str, port: int, seconds: float) -> DeadlineSocket:
    """A connected socket with ``seconds`` for the connection and all that follows.

    ``host`` is an address, so that no name server is part of what is measured.

    :raises OSError: refused, unreachable, or not connected in time.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    link = DeadlineSocket(family, socket.SOCK_STREAM)
    try:
        link.allow(seconds)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        link.settimeout(seconds)
        link.connect((host, port))
    except BaseException:
        link.close()
        raise
    return link
