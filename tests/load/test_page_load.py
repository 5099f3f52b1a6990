# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever happens to the page, the cluster notices nothing: real daemons, a real page, real load.

make show WHAT=see runs it. The heartbeats of node1 are watched from node2.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import aiohttp
import pytest

from failoverd.system.aside import aside
from tests.unit.failoverd.test_pair import Pair

from .page import page_of
from .watch import NODES

OPEN_PAGES, SCRAPES_A_SECOND = 200, 10
ROUNDS = 3
QUIET = frozenset(
    ("peer-suspect", "peer-silent", "self-late", "fence", "link-down", "daemon-start")
)
"""What the history would tell if the cluster noticed anything."""


async def watched(pair: Pair, load: Awaitable[None]) -> float:
    """Play the load; the longest age of a heartbeat of node1 that node2 saw meanwhile, in s."""
    ages = []
    task = asyncio.ensure_future(load)
    while not task.done():
        done = await aside(pair.ctl, "node2", "status", "--json")
        (link,) = json.loads(done.stdout)["links"]
        ages.append(float(link["age_s"]))
        await asyncio.sleep(0.2)
    await task
    return max(ages)


@contextlib.asynccontextmanager
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(total=120)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        yield session


async def readers(url: str) -> None:
    """200 open pages and ten scrapes a second, for twenty seconds."""
    async with client() as session, contextlib.AsyncExitStack() as stack:
        for _page in range(OPEN_PAGES):
            answer = await stack.enter_async_context(session.get(f"{url}/events"))
            assert answer.status == 200
        for _scrape in range(20 * SCRAPES_A_SECOND):
            async with session.get(f"{url}/metrics") as answer:
                assert answer.status == 200
            await asyncio.sleep(1 / SCRAPES_A_SECOND)


async def flood(url: str) -> None:
    """Twenty clients ask for whole pages as fast as they can, for ten seconds."""
    end = time.monotonic() + 10

    async def one(session: aiohttp.ClientSession) -> None:
        while time.monotonic() < end:
            with contextlib.suppress(aiohttp.ClientError):
                async with session.get(f"{url}/") as answer:
                    await answer.read()

    async with client() as session:
        await asyncio.gather(*(one(session) for _number in range(20)))


async def rubbish(url: str) -> None:
    """A thousand connections that bring random bytes."""
    luck = random.Random(7)
    host, port = "127.0.0.1", int(url.rpartition(":")[2])
    for _number in range(1000):
        with contextlib.suppress(OSError):
            _reader, writer = await asyncio.open_connection(host, port)
            writer.write(luck.randbytes(luck.randrange(1, 4000)))
            writer.close()


async def beside(path: Path) -> None:
    """A page gone mad: it connects to the status socket without end, and sends orders there."""
    order = b'{"op": "command", "verb": "handover"}\n' * 100
    end = time.monotonic() + 10
    held: list[socket.socket] = []
    while time.monotonic() < end:
        one = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        held.append(one)
        with contextlib.suppress(OSError):
            one.connect(str(path))
            one.send(order)
        if len(held) > 200:
            held.pop(0).close()
        await asyncio.sleep(0)
    for one in held:
        one.close()


def test_heartbeats_go_on_whatever_happens_to_the_page(
    pair: Pair, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    page = page_of(pair, tmp_path)
    generation = pair.service("node1")["generation"]
    suspect_s = 1.0

    def part(name: str, load: Callable[[], Awaitable[None]]) -> None:
        """Once without a late heartbeat is enough: what the page does, it does each time."""
        for _round in range(ROUNDS):
            before = {node: len(pair.codes(node)) for node in NODES}
            age = asyncio.run(watched(pair, load()))
            told = {code for node in NODES for code in pair.codes(node)[before[node] :]} & QUIET
            if age < suspect_s and not told:
                break
        request.node.user_properties.append((f"{name}_oldest_heartbeat_s", age))
        assert age < suspect_s and not told, (name, age, told)

    try:
        part("quiet", lambda: asyncio.sleep(10))
        part("readers", lambda: readers(page.url))
        part("flood", lambda: flood(page.url))
        part("rubbish", lambda: rubbish(page.url))
        part("socket", lambda: beside(pair.path / "node1/run-page/status.sock"))
        assert page.process.poll() is None
        page.end(signal.SIGKILL)
        part("killed", lambda: asyncio.sleep(5))
    finally:
        if page.process.poll() is None:
            page.end()
    assert pair.runs_on("node1")
    assert pair.service("node2")["generation"] == generation


@pytest.mark.parametrize("number", [signal.SIGSTOP, signal.SIGKILL])
def test_the_cluster_fails_over_while_the_page_is_dead(
    pair: Pair, tmp_path: Path, number: int
) -> None:
    page = page_of(pair, tmp_path)
    try:
        os.kill(page.process.pid, number)
        assert pair.ctl("node1", "switchover", "shop").returncode == 0
        assert pair.runs_on("node2")
    finally:
        page.end(signal.SIGKILL)
