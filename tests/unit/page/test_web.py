# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page as a server: bounded, read-only, and honest when the daemon is gone."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from failover_page import web
from tests.played import answers

from .conftest import Stage

Play = Callable[..., None]
TOKEN = "0123456789abcdef"


def test_metrics_and_status_are_served(play: Play) -> None:
    async def scene(stage: Stage) -> None:
        status, body, headers = await stage.get("/metrics")
        assert status == 200
        assert headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert '\nfailover_daemon_up{cluster="shop"} 1.0\n' in body
        status, body, headers = await stage.get("/api/status")
        told = json.loads(body)
        assert (told["up"], told["status"]["node"]) == (True, "node1")
        assert (await stage.get("/healthz"))[0] == 200

    play(scene)


def test_many_clients_cost_the_daemon_one_question(play: Play) -> None:
    async def scene(stage: Stage) -> None:
        stage.page.source._next = float("-inf")
        before = stage.daemon.asked
        found = await asyncio.gather(*(stage.get("/metrics") for _number in range(100)))
        assert {status for status, _body, _headers in found} == {200}
        assert stage.daemon.asked <= before + 2

    play(scene)


def test_a_daemon_that_is_gone_and_comes_back(play: Play) -> None:
    async def scene(stage: Stage) -> None:
        assert (await stage.metrics())["up"] == 1
        stage.daemon.close()
        stage.page.source._next = float("-inf")
        assert (await stage.metrics())["up"] == 0
        status, body, _headers = await stage.get("/healthz")
        assert (status, body) == (503, "status: No such file or directory\n")
        told = json.loads((await stage.get("/api/status"))[1])
        assert (told["up"], told["status"]["node"]) == (False, "node1")
        await stage.daemon.open()
        stage.page.source._next = float("-inf")
        assert (await stage.metrics())["up"] == 1

    play(scene)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\n",
        b"rubbish\n",
        b"[]\n",
        b'{"ok": true}\n',
        b'{"status": 1}\n',
        b'{"ok": false, "text": "no"}\n',
        b"\xff\n",
        b'{"status": {}}',
    ],
)
def test_an_answer_that_is_none_counts_as_no_answer(play: Play, answer: bytes) -> None:
    async def scene(stage: Stage) -> None:
        found = await stage.metrics()
        assert found["up"] == (1 if b"{}" in answer else 0)

    play(scene, answer=answer)


def test_a_daemon_that_hangs_holds_nobody_for_long(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("failover_page.source.ANSWER_S", 0.2)

    async def scene(stage: Stage) -> None:
        await stage.metrics()
        stage.tell(None)
        assert (await stage.metrics())["up"] == 0

    play(scene)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "RUBBISH"])
@pytest.mark.parametrize("path", ["/", "/metrics", "/api/status"])
def test_nothing_but_reading_is_answered(play: Play, method: str, path: str) -> None:
    async def scene(stage: Stage) -> None:
        async with stage.client.request(method, stage.url + path, data="x") as answer:
            assert answer.status in (400, 404, 405)

    play(scene)


RUBBISH = [
    b"\0" * 5000,
    b"GET /metrics HTTP/9.9\r\n\r\n",
    b"GET " + b"/x" * 20_000 + b" HTTP/1.1\r\n\r\n",
    b"GET /metrics HTTP/1.1\r\n" + b"A: b\r\n" * 5000 + b"\r\n",
    b"GET /metrics HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
    b"GET /metrics HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzzz\r\n",
    b"GET /static/../../etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"GET /%00%ff?lang=%00 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 500,
]


async def sent(stage: Stage, data: bytes) -> bytes:
    """What comes back until the page closes; the client closes its side first."""
    port = int(stage.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(data)
        writer.write_eof()
        async with asyncio.timeout(20):
            return await reader.read()
    except (ConnectionError, OSError):
        return b""
    finally:
        writer.close()


@pytest.mark.parametrize("data", RUBBISH, ids=range(len(RUBBISH)))
def test_rubbish_is_refused_and_the_next_client_is_served(play: Play, data: bytes) -> None:
    async def scene(stage: Stage) -> None:
        answer = await sent(stage, data)
        assert not answer or b" 200 " not in answer.split(b"\r\n")[0]
        assert b"root:" not in answer
        assert (await stage.metrics())["up"] == 1

    play(scene)


def test_connections_without_a_request_are_ended_and_do_not_lock_others_out(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "MOST_MUTE", 5)
    monkeypatch.setattr(web, "MUTE_S", 0.3)

    async def scene(stage: Stage) -> None:
        port = int(stage.url.rpartition(":")[2])
        mute = [await asyncio.open_connection("127.0.0.1", port) for _number in range(20)]
        for reader, _writer in mute:
            with contextlib.suppress(ConnectionError):
                assert await asyncio.wait_for(reader.read(), 20) == b""
        assert not stage.page._mute
        assert (await stage.metrics())["up"] == 1
        for _reader, writer in mute:
            writer.close()

    play(scene)


def test_a_connection_too_many_is_closed(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "MOST_CONNECTIONS", 3)

    async def scene(stage: Stage) -> None:
        port = int(stage.url.rpartition(":")[2])
        held = [await asyncio.open_connection("127.0.0.1", port) for _number in range(3)]
        for _reader, writer in held:
            writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        for reader, _writer in held:
            assert b"200" in await reader.readline()
        assert await sent(stage, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n") == b""
        for _reader, writer in held:
            writer.close()

    play(scene)


def basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"anybody:{password}".encode()).decode()


@pytest.mark.parametrize("path", ["/metrics", "/api/status", "/healthz", "/", "/nowhere"])
@pytest.mark.parametrize(
    ("header", "known"),
    [
        ("", False),
        ("Bearer", False),
        ("Bearer wrong-wrong-wrong", False),
        (f"Bearer {TOKEN}x", False),
        (f"Digest {TOKEN}", False),
        ("Basic %%%", False),
        (basic("wrong"), False),
        (f"Bearer {TOKEN}", True),
        (f"bearer {TOKEN}", True),
        (basic(TOKEN), True),
    ],
)
def test_with_a_token_only_who_knows_it_sees_anything(
    play: Play, path: str, header: str, known: bool
) -> None:
    async def scene(stage: Stage) -> None:
        status, body, headers = await stage.get(path, headers={"Authorization": header})
        assert (status != 401) == known
        if not known:
            assert "node1" not in body
            assert headers["WWW-Authenticate"].startswith("Basic ")

    play(scene, token=TOKEN)


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    place = tmp_path_factory.mktemp("pem")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-keyout", "key", "-out", "certificate", "-days", "2", "-subj", "/CN=node1",
         "-addext", "subjectAltName=IP:127.0.0.1"],
        cwd=place, check=True, capture_output=True, timeout=300,
    )  # fmt: skip
    return {name: place / name for name in ("certificate", "key")}


def test_with_a_certificate_all_is_encrypted(play: Play, pem: dict[str, Path]) -> None:
    async def scene(stage: Stage) -> None:
        context = ssl.create_default_context(cafile=str(pem["certificate"]))
        header = {"Authorization": f"Bearer {TOKEN}"}
        status, body, _headers = await stage.get("/metrics", ssl=context, headers=header)
        assert status == 200
        assert 'failover_daemon_up{cluster="shop"} 1.0' in body
        plain = b"GET /metrics HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + TOKEN.encode()
        assert b"failover" not in await sent(stage, plain + b"\r\n\r\n")
        old = ssl.create_default_context(cafile=str(pem["certificate"]))
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_2
        assert (await stage.get("/metrics", ssl=old, headers=header))[0] == 200

    play(scene, token=TOKEN, **pem)


def test_every_answer_forbids_what_a_browser_need_not_do(play: Play) -> None:
    async def scene(stage: Stage) -> None:
        for path in ("/metrics", "/api/status", "/healthz", "/nowhere"):
            headers = (await stage.get(path))[2]
            assert headers["Content-Security-Policy"].startswith("default-src 'self';")
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["Cache-Control"] == "no-store"

    play(scene)


def test_fifty_services_are_told(play: Play) -> None:
    async def scene(stage: Stage) -> None:
        found = await stage.metrics()
        assert sum(name.startswith("failover_service_generation{") for name in found) == 50

    play(scene, answer=answers.large())


def test_the_clients_error_is_not_the_pages_end(play: Play) -> None:
    """Clients that go away in the middle of an answer."""

    async def scene(stage: Stage) -> None:
        port = int(stage.url.rpartition(":")[2])
        for _number in range(30):
            _reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /api/status HTTP/1.1\r\nHost: x\r\n\r\n")
            writer.transport.abort()
        assert (await stage.metrics())["up"] == 1

    play(scene, answer=answers.large())
