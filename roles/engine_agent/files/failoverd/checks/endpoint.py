# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections to a server on this node: to a TCP port or to a UNIX socket."""

from __future__ import annotations

import asyncio
import errno
import os
from dataclasses import dataclass

from failoverd.system import trouble

from .base import CheckFailed, CheckUnable


@dataclass(frozen=True)
class Endpoint:
    """Either a path, or an address with its port."""

    address: str = "127.0.0.1"
    port: int = 0
    path: str = ""

    def __str__(self) -> str:
        if self.path:
            return self.path
        return f"[{self.address}]:{self.port}" if ":" in self.address else self._plain()

    def _plain(self) -> str:
        return f"{self.address}:{self.port}"


Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def connect(endpoint: Endpoint, **more: object) -> Streams:
    """Connect; raises CheckFailed with the reason, CheckUnable if the means are missing (F75)."""
    try:
        if endpoint.path:
            return await asyncio.open_unix_connection(endpoint.path)
        streams: Streams = await asyncio.open_connection(
            endpoint.address,
            endpoint.port,
            **more,  # type: ignore[arg-type]
        )
    except OSError as error:
        # Without a free local port no question is possible either.
        if trouble.own(error) or error.errno == errno.EADDRNOTAVAIL:
            raise CheckUnable(f"cannot connect to {endpoint}: {trouble.reason(error)}") from None
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise CheckFailed(f"cannot connect to {endpoint}: {reason}") from None
    writer = streams[1]
    # The kernel may choose the same port as local port, and connect it to itself.
    if writer.get_extra_info("sockname") == writer.get_extra_info("peername"):
        writer.close()
        raise CheckFailed(f"cannot connect to {endpoint}: nobody listens")
    return streams
