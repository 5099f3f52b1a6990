# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A connection to a server that can be cut from outside.

The time-out of a socket begins again with each byte: a server that sends a byte now and then would
keep a thread for ever. So the caller cuts the connection at its deadline, and the thread ends.
"""

from __future__ import annotations

import contextlib
import smtplib
import socket
import ssl
import time
from typing import Any


class Exchange:
    """Makes the connection for a library that uses it on a thread of its own."""

    def __init__(self, whole_s: float, socket_s: float) -> None:
        self._until = time.monotonic() + whole_s
        self._socket_s = socket_s
        self._held: socket.socket | None = None
        """A duplicate of the connection, which stays usable when TLS takes over the socket."""

    def connect(self, address: tuple[str, int], *_ignored: Any) -> socket.socket:
        """A connection to one of the server's addresses, as socket.create_connection makes it."""
        problem: OSError = TimeoutError("timed out")
        for family, kind, protocol, _name, place in socket.getaddrinfo(
            *address, type=socket.SOCK_STREAM
        ):
            left = self._until - time.monotonic()
            if left <= 0:
                break
            connection = socket.socket(family, kind, protocol)
            connection.settimeout(min(left, self._socket_s))
            try:
                self._held = connection.dup()
                connection.connect(place)
                return connection
            except OSError as error:
                problem = error
                connection.close()
                self.close()
        raise problem

    def cut(self) -> None:
        """Cut it now: a thread that waits for the server gets an error."""
        held = self._held
        if held is not None:
            with contextlib.suppress(OSError):
                held.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection."""
        if self._held is not None:
            self._held.close()


class Smtp(smtplib.SMTP):
    """SMTP over an exchange; with a context, TLS from the beginning."""

    def __init__(
        self, exchange: Exchange, server: str, port: int, node: str, tls: ssl.SSLContext | None
    ) -> None:
        self._exchange, self._tls = exchange, tls
        super().__init__(server, port, local_hostname=node)

    def _get_socket(self, host: str, port: int, _timeout: Any) -> socket.socket:
        connection = self._exchange.connect((host, port))
        if self._tls is None:
            return connection
        return self._tls.wrap_socket(connection, server_hostname=host)
