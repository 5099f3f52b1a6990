# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks whether a port is open. A weak check: the kernel answers for a stopped process."""

from __future__ import annotations

from typing import Any

from failoverd.formats.schema import Section

from .endpoint import Endpoint, connect


def parse(entry: Section) -> Endpoint:
    """Read path, or port and address."""
    if entry.has("path"):
        return Endpoint(path=entry.path("path"))
    if not entry.has("port"):
        raise entry.fail("port", "is missing, and there is no path instead of it")
    return Endpoint(entry.text("address", "127.0.0.1"), entry.integer("port", 0, 1, 65535))


def build(options: Endpoint, resource: Any) -> Port:
    """Make the check."""
    del resource
    return Port(options)


class Port:
    """Connects and closes the connection."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    async def check(self) -> None:
        """Raises CheckFailed if nobody listens."""
        _reader, writer = await connect(self._endpoint)
        writer.close()

    def close(self) -> None:
        """Nothing to close."""
