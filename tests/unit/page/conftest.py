# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real page on loopback before a played daemon."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from failover_page.settings import Settings
from failover_page.web import Page
from tests.played import answers
from tests.played.daemon import PlayedDaemon

LIMIT_S = 60.0


class Stage:
    """The daemon, the page, and a client of the page."""

    def __init__(self, daemon: PlayedDaemon, page: Page, url: str) -> None:
        self.daemon, self.page, self.url = daemon, page, url
        self.client: Any = None

    async def get(self, path: str, **more: Any) -> tuple[int, str, Any]:
        """Status, body and headers."""
        async with self.client.get(self.url + path, **more) as answer:
            return answer.status, await answer.text(), answer.headers

    async def metrics(self) -> dict[str, float]:
        """Each sample by its name with labels."""
        status, body, _headers = await self.get("/metrics")
        assert status == 200
        lines = [line for line in body.splitlines() if line and not line.startswith("#")]
        parts = [line.rpartition(" ") for line in lines]
        found = {name: float(value) for name, _space, value in parts}
        (up,) = (value for name, value in found.items() if name.startswith("failover_daemon_up{"))
        return {**found, "up": up}

    def tell(self, answer: Any) -> None:
        """What the daemon answers from now on, however fresh the last answer is."""
        self.daemon.answer = answer
        self.page.source._next = float("-inf")


@asynccontextmanager
async def stage(tmp_path: Path, answer: Any = None, **settings: Any) -> AsyncIterator[Stage]:
    """Open all of it on a free port of loopback."""
    daemon = PlayedDaemon(tmp_path, answers.normal() if answer is None else answer)
    await daemon.open()
    given = Settings(**{"listen": "127.0.0.1", "port": 0, "socket": daemon.path, **settings})
    page = Page(given)
    port = await page.open()
    scheme = "https" if given.certificate else "http"
    played = Stage(daemon, page, f"{scheme}://127.0.0.1:{port}")
    try:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as client:
            played.client = client
            yield played
    finally:
        await page.close()
        daemon.close()


@pytest.fixture
def play(tmp_path: Path) -> Callable[..., None]:
    """Runs a scene on a stage."""

    def run(scene: Callable[[Stage], Awaitable[None]], answer: Any = None, **settings: Any) -> None:
        async def main() -> None:
            async with asyncio.timeout(LIMIT_S), stage(tmp_path, answer, **settings) as played:
                await scene(played)

        asyncio.run(main())

    return run


def written(path: Path, **data: Any) -> str:
    """A file of settings."""
    file = path / "page.json"
    file.write_text(json.dumps({"port": 0, "socket": "/run/played/status.sock", **data}))
    return str(file)
