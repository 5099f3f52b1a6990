# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control socket: one answer per question, and a client that leaves takes only itself away."""

from __future__ import annotations

import asyncio
import json
import socket
import stat
from pathlib import Path
from typing import Any

import pytest

from failoverd.control.client import NotRunning, ask
from failoverd.control.server import MAX_CLIENTS, ControlServer


class Desk:
    """Answers "echo" at once, "wait" when told to, and remembers who left."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.left = 0
        self.uids: set[int] = set()

    async def answer(self, request: dict[str, Any], uid: int) -> dict[str, Any]:
        self.uids.add(uid)
        if request.get("op") == "wait":
            try:
                await self.open.wait()
            except asyncio.CancelledError:
                self.left += 1
                raise
        return {"ok": True, "heard": request}


def played(tmp_path: Path, scene: Any) -> None:
    async def main() -> None:
        desk = Desk()
        server = ControlServer(tmp_path, desk.answer)
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
        answer = await asyncio.to_thread(ask, {"op": "echo", "n": 1})
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

        assert await asyncio.to_thread(send) == b""
        assert (await asyncio.to_thread(ask, {"op": "echo"}))["ok"]

    played(tmp_path, scene)


def test_a_client_that_leaves_cancels_its_own_question(tmp_path: Path, until: Any) -> None:
    async def scene(desk: Desk) -> None:
        stays = asyncio.create_task(asyncio.to_thread(ask, {"op": "wait"}))
        with socket.socket(socket.AF_UNIX) as leaves:
            leaves.connect(str(tmp_path / "control.sock"))
            leaves.sendall(json.dumps({"op": "wait"}).encode() + b"\n")
            await asyncio.sleep(0.05)
        await until(lambda: desk.left == 1)
        desk.open.set()
        assert (await stays)["ok"]

    played(tmp_path, scene)


def test_many_clients_cannot_exhaust_the_daemon(tmp_path: Path, until: Any) -> None:
    async def scene(desk: Desk) -> None:
        crowd = []
        for _round in range(MAX_CLIENTS + 20):
            client = socket.socket(socket.AF_UNIX)
            client.connect(str(tmp_path / "control.sock"))
            crowd.append(client)
        await asyncio.sleep(0.1)
        for client in crowd:
            client.close()
        await asyncio.sleep(0.1)
        assert (await asyncio.to_thread(ask, {"op": "echo"}))["ok"]

    played(tmp_path, scene)


def test_without_a_daemon_the_tools_say_so() -> None:
    with pytest.raises(NotRunning, match="does not answer"):
        ask({"op": "status"})
