# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page over HTTP: whole at first, then live, and never more than it can bear."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from failover_page import web
from tests.played import answers

from .conftest import Stage

Play = Callable[..., None]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "LOOK_S", 0.05)
    monkeypatch.setattr("failover_page.source.FRESH_S", 0.02)


async def until(true: Callable[[], bool]) -> None:
    while not true():  # noqa: ASYNC110
        await asyncio.sleep(0.01)


async def event(answer: Any) -> dict[str, Any]:
    """The next event with news."""
    while True:
        line = (await answer.content.readline()).decode()
        if line.startswith("data: "):
            return dict(json.loads(line.removeprefix("data: ")))
        assert line, "the stream has ended"


def test_the_page_speaks_the_language_of_the_browser(play: Play) -> None:
    async def scene(stage: Stage) -> None:
        _status, body, headers = await stage.get("/", headers={"Accept-Language": "ja,en;q=0.5"})
        assert '<html lang="ja">' in body and "正常です" in body
        assert headers["Content-Type"] == "text/html; charset=utf-8"
        assert headers["Vary"] == "Accept-Language"
        assert headers["Content-Security-Policy"].startswith("default-src 'self';")
        assert '<html lang="en">' in (await stage.get("/?lang=en"))[1]

    play(scene)


def test_all_that_the_page_names_is_served(play: Play) -> None:
    async def scene(stage: Stage) -> None:
        for name, kind in web.STATIC.items():
            status, body, headers = await stage.get(f"/static/{name}")
            assert (status, headers["Content-Type"]) == (200, f"{kind}; charset=utf-8")
            assert body
        for name in ("web.py", "..%2fweb.py", "../web.py", ""):
            assert (await stage.get(f"/static/{name}"))[0] == 404

    play(scene)


def test_an_open_page_is_told_what_changes_and_nothing_else(play: Play) -> None:
    async def scene(stage: Stage) -> None:
        async with stage.client.get(f"{stage.url}/events?lang=en") as answer:
            assert answer.headers["Content-Type"] == "text/event-stream"
            first = await event(answer)
            assert first["title"] == "All is well · Cluster shop"
            assert set(first["sections"]) >= {"now", "picture", "services", "links", "events"}
            said = copy.deepcopy(stage.daemon.answer)
            said["status"]["links"][1]["state"] = "down"
            stage.daemon.answer = said
            second = await event(answer)
            assert set(second["sections"]) == {"picture", "links"}

    play(scene)


def test_an_open_page_is_told_that_the_daemon_is_gone_and_back(play: Play) -> None:
    async def scene(stage: Stage) -> None:
        async with stage.client.get(f"{stage.url}/events?lang=en") as answer:
            await event(answer)
            stage.daemon.close()
            news = await event(answer)
            assert news["title"].startswith("Not known")
            assert "does not answer" in news["sections"]["now"]
            await stage.daemon.open()
            assert (await event(answer))["title"].startswith("All is well")

    play(scene)


def test_without_news_the_stream_is_kept_alive(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "ALIVE_S", 0.1)

    async def scene(stage: Stage) -> None:
        async with stage.client.get(f"{stage.url}/events") as answer:
            await event(answer)
            assert await answer.content.readline() == b"\n"
            assert await answer.content.readline() == b": none\n"

    play(scene)


def test_one_live_page_too_many_is_refused_and_may_come_later(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "MOST_LIVE", 2)

    async def scene(stage: Stage) -> None:
        async with contextlib.AsyncExitStack() as stack:
            for _page in range(2):
                get = stage.client.get(f"{stage.url}/events")
                await event(await stack.enter_async_context(get))
            assert (await stage.get("/events"))[0] == 503
            assert (await stage.get("/"))[0] == 200
        await until(lambda: not stage.page._live)
        async with stage.client.get(f"{stage.url}/events") as answer:
            assert answer.status == 200

    play(scene)


def test_two_hundred_open_pages_cost_the_daemon_no_more_than_one(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = web.view.sections

    async def scene(stage: Stage) -> None:
        async with contextlib.AsyncExitStack() as stack:
            open_pages = []
            for _page in range(200):
                get = stage.client.get(f"{stage.url}/events")
                open_pages.append(await stack.enter_async_context(get))
            await asyncio.gather(*map(event, open_pages))
            made = 0

            def sections(*of: Any) -> dict[str, str]:
                nonlocal made
                made += 1
                return real(*of)

            monkeypatch.setattr(web.view, "sections", sections)
            before = stage.daemon.asked
            stage.daemon.answer = answers.degraded()
            await asyncio.gather(*map(event, open_pages))
            # One question and one picture for each look, not for each page.
            assert 0 < made <= stage.daemon.asked - before + 2

    play(scene)


def test_a_client_that_takes_nothing_is_dropped(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "SEND_S", 0.3)

    async def scene(stage: Stage) -> None:
        port = int(stage.url.rpartition(":")[2])
        _reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1)
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        writer.write(b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
        await until(lambda: bool(stage.page._live))
        number = 0
        while stage.page._live:
            number += 1
            said = answers.large(50)
            said["status"]["services"][0]["generation"] = number
            stage.daemon.answer = said
            await asyncio.sleep(0.02)
        assert (await stage.get("/healthz"))[0] == 200
        writer.close()

    play(scene)


def test_the_page_ends_at_once_though_pages_are_open(play: Play) -> None:
    async def scene(stage: Stage) -> None:
        async with stage.client.get(f"{stage.url}/events") as answer:
            await event(answer)
            async with asyncio.timeout(10):
                await stage.page.close()

    play(scene)
