# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The status socket with an answer of the test's choice; it counts who asks."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any


class PlayedDaemon:
    """Answers as failoverd does: one line for each client, whatever the client sends."""

    def __init__(self, directory: Path, answer: Any) -> None:
        self.path = directory / "status.sock"
        self.answer = answer
        """A mapping, or bytes that are sent as they are, or None: no answer."""
        self.asked = 0
        self._server: asyncio.AbstractServer | None = None

    async def open(self) -> None:
        """Listen."""
        self.path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._client, str(self.path))

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked += 1
        if self.answer is not None:
            raw = isinstance(self.answer, bytes)
            writer.write(self.answer if raw else json.dumps(self.answer).encode() + b"\n")
        else:
            await reader.read()
        writer.close()

    def close(self) -> None:
        """Be gone, as a daemon that ended."""
        if self._server is not None:
            self._server.close()
        self.path.unlink(missing_ok=True)
