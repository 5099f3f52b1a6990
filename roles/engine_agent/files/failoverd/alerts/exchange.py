# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One conversation with a server, with one deadline for all of it.

The time-out of a socket begins anew with each byte: a server that sends one now and then would keep
a thread for ever. So whoever waits for the thread cuts the connection, and the thread ends.
"""

from __future__ import annotations

import contextlib
import smtplib
import socket
import ssl
import time
from typing import Any


class Exchange:
    """Makes the connection for a library that talks over it on a thread of its own."""

    def __init__(self, whole_s: float, socket_s: float) -> None:
        self._until = time.monotonic() + whole_s
        self._socket_s = socket_s
        self._held: socket.socket | None = None
        """The same connection, which stays known when TLS takes over the library's socket."""

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
        """End it now: whoever waits for the server on another thread gets an error."""
        held = self._held
        if held is not None:
            with contextlib.suppress(OSError):
                held.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """The conversation is over."""
        if self._held is not None:
            self._held.close()


class Smtp(smtplib.SMTP):
    """Talks SMTP over an exchange, from the beginning under TLS if it is given a context."""

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
