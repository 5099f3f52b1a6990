# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control socket: one answer per question, and a client that leaves takes only itself away."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from failoverd.control import server
from failoverd.control.client import NotRunning, ask
from failoverd.control.server import MAX_ASKING, READ_S, ControlServer
from failoverd.system.aside import aside


class Desk:
    """Answers "echo" at once, "wait" when told to, and remembers who left."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.left = 0
        self.waiting = 0
        self.uids: set[int] = set()

    async def answer(self, request: dict[str, Any], uid: int) -> dict[str, Any]:
        self.uids.add(uid)
        if request.get("op") == "break":
            return {"ok": 1 // 0}
        if request.get("op") == "wait":
            self.waiting += 1
            try:
                await self.open.wait()
            except asyncio.CancelledError:
                self.left += 1
                raise
        return {"ok": True, "heard": request}


def played(tmp_path: Path, scene: Any, read_s: float = READ_S) -> None:
    async def main() -> None:
        desk = Desk()
        server = ControlServer(tmp_path, desk.answer, read_s)
        await server.open()
        try:
            await scene(desk)
        finally:
            server.close()

    asyncio.run(main())


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAILOVERD_RUN", str(tmp_path))


def test_a_question_is_answered_and_the_asker_is_known(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        answer = await aside(ask, {"op": "echo", "n": 1})
        assert answer["heard"] == {"op": "echo", "n": 1}
        assert desk.uids == {0}

    played(tmp_path, scene)


def test_the_socket_is_for_root_alone(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        mode = (tmp_path / "control.sock").stat().st_mode
        assert stat.S_IMODE(mode) & 0o077 == 0

    played(tmp_path, scene)


@pytest.mark.parametrize("line", [b"", b"\n", b"{", b"[1]\n", b"\xff\xfe\n", b"x" * 200_000])
def test_rubbish_ends_only_its_own_connection(tmp_path: Path, line: bytes) -> None:
    async def scene(desk: Desk) -> None:
        def send() -> bytes:
            with socket.socket(socket.AF_UNIX) as rude:
                rude.settimeout(10)
                rude.connect(str(tmp_path / "control.sock"))
                try:
                    rude.sendall(line)
                    rude.shutdown(socket.SHUT_WR)
                    return rude.recv(100)
                except OSError:
                    return b""

        assert await aside(send) == b""
        assert (await aside(ask, {"op": "echo"}))["ok"]

    played(tmp_path, scene)


def test_a_client_that_leaves_cancels_its_own_question(tmp_path: Path, until: Any) -> None:
    async def scene(desk: Desk) -> None:
        stays = aside(ask, {"op": "wait"})
        with socket.socket(socket.AF_UNIX) as leaves:
            leaves.connect(str(tmp_path / "control.sock"))
            leaves.sendall(json.dumps({"op": "wait"}).encode() + b"\n")
            await until(lambda: desk.waiting == 2)
        await until(lambda: desk.left == 1)
        desk.open.set()
        assert (await stays)["ok"]

    played(tmp_path, scene)


@contextlib.asynccontextmanager
async def crowd(tmp_path: Path, count: int, says: bytes = b"") -> AsyncIterator[None]:
    """So many connections that say this, and then nothing."""
    clients: list[socket.socket] = []

    def come() -> None:
        for _round in range(count):
            client = socket.socket(socket.AF_UNIX)
            clients.append(client)
            client.connect(str(tmp_path / "control.sock"))
            client.settimeout(20)
            with contextlib.suppress(ConnectionError):
                client.sendall(says)

    try:
        await aside(come)
        yield
    finally:
        for client in clients:
            client.close()


@pytest.mark.finding("X9")
@pytest.mark.parametrize("says", [b"", b'{"op": ', b"x" * 60_000])
def test_silent_connections_hold_up_nobody(tmp_path: Path, says: bytes) -> None:
    """While they are open: the handler of DRBD, behind which a disk is frozen, gets its answer."""

    async def scene(desk: Desk) -> None:
        async with crowd(tmp_path, 3 * MAX_ASKING, says):
            assert (await aside(ask, {"op": "fence-peer"}))["ok"]

    played(tmp_path, scene)


@pytest.mark.finding("X9")
def test_a_client_that_is_turned_away_from_a_crowd_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "MAX_CROWD", 1)
    monkeypatch.setattr(server, "GRACE_S", 3600.0)

    async def scene(desk: Desk) -> None:
        async with crowd(tmp_path, 1):
            answer = await aside(ask, {"op": "echo"})
        assert answer == {"ok": False, "text": server.CROWDED}

    played(tmp_path, scene)


def test_a_client_that_makes_room_for_another_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "MAX_SILENT", 1)
    monkeypatch.setattr(server, "GRACE_S", 0.0)

    def silent() -> bytes:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(20)
            client.connect(str(tmp_path / "control.sock"))
            return client.recv(1000)

    async def scene(desk: Desk) -> None:
        told = aside(silent)
        while not told.done():
            await aside(ask, {"op": "echo"})
        assert json.loads(await told) == {"ok": False, "text": server.CROWDED}

    played(tmp_path, scene)


def test_requests_that_wait_do_not_hold_up_the_handler(tmp_path: Path, until: Any) -> None:
    async def scene(desk: Desk) -> None:
        async with crowd(tmp_path, MAX_ASKING, b'{"op": "wait"}\n'):
            await until(lambda: desk.waiting == MAX_ASKING)
            answer = await aside(ask, {"op": "echo"})
            assert answer == {
                "ok": False,
                "text": "64 requests are under way: ask again when one has ended",
            }
            assert (await aside(ask, {"op": "fence-peer"}))["ok"]
        await until(lambda: desk.left == MAX_ASKING)
        assert (await aside(ask, {"op": "echo"}))["ok"]

    played(tmp_path, scene)


@pytest.mark.finding("X9")
def test_a_silent_connection_is_closed_after_a_time(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        def read() -> bytes:
            with socket.socket(socket.AF_UNIX) as silent:
                silent.settimeout(30)
                silent.connect(str(tmp_path / "control.sock"))
                return silent.recv(1)

        assert await aside(read) == b""

    played(tmp_path, scene, read_s=0.05)


@pytest.mark.finding("X11")
@pytest.mark.parametrize("line", [b"[" * 60_000, b'{"op":' * 9_000, b'{"n":' + b"9" * 5000 + b"}"])
def test_a_hostile_request_ends_only_its_own_connection(tmp_path: Path, line: bytes) -> None:
    async def scene(desk: Desk) -> None:
        complaints: list[Any] = []
        asyncio.get_running_loop().set_exception_handler(lambda _l, c: complaints.append(c))
        async with crowd(tmp_path, 3, line + b"\n"):
            assert (await aside(ask, {"op": "echo"}))["ok"]
        assert complaints == []

    played(tmp_path, scene)


@pytest.mark.finding("X11")
def test_a_defect_behind_a_request_is_told_to_whoever_asked(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        answer = await aside(ask, {"op": "break"})
        assert not answer["ok"] and answer["text"].startswith("internal error: ZeroDivisionError")

    played(tmp_path, scene)


def test_without_a_daemon_the_tools_say_so() -> None:
    with pytest.raises(NotRunning, match="does not answer"):
        ask({"op": "status"})
