# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The status for programs without privileges: who may see it cannot order anything."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import stat
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from failoverd.control import readonly
from failoverd.control.readonly import StatusSocket, directory_of
from failoverd.system.aside import aside
from tests.unit.bounded import LIMIT_S

NOBODY = 65534
ASK = """
import socket, sys
with socket.socket(socket.AF_UNIX) as connection:
    try:
        connection.connect(sys.argv[1])
    except PermissionError:
        sys.exit(1)
    sys.exit(0 if connection.recv(1) else 2)
"""
Scene = Callable[[StatusSocket, list[int]], Awaitable[None]]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readonly, "LOOK_S", 0.02)


def played(
    directory: Path, scene: Scene, answer: Callable[[], dict[str, Any]] | None = None
) -> None:
    """Run the socket of the directory, and the scene beside it; asked counts the answers."""
    asked: list[int] = []

    def said() -> dict[str, Any]:
        asked.append(1)
        return {"ok": True, "number": len(asked)} if answer is None else answer()

    async def main() -> None:
        status = StatusSocket(directory, said)
        task = asyncio.create_task(status.run())
        try:
            async with asyncio.timeout(30):
                await scene(status, asked)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    asyncio.run(main())


async def until(true: Callable[[], bool]) -> None:
    while not true():  # noqa: ASYNC110
        await asyncio.sleep(0.01)


async def asked_at(path: Path, sent: bytes = b"") -> dict[str, Any]:
    reader, writer = await asyncio.open_unix_connection(str(path), limit=16 << 20)
    try:
        if sent:
            writer.write(sent)
        return dict(json.loads(await reader.readline()))
    finally:
        writer.close()


def made(tmp_path: Path, mode: int = 0o750) -> Path:
    directory = directory_of(tmp_path / "run")
    directory.mkdir()
    directory.chmod(mode)
    return directory


def test_the_directory_lies_beside_the_one_for_root_alone() -> None:
    assert directory_of(Path("/run/failoverd")) == Path("/run/failoverd-page")


def test_a_client_gets_the_answer_and_what_it_sends_is_not_read(tmp_path: Path) -> None:
    directory = made(tmp_path)

    async def scene(status: StatusSocket, asked: list[int]) -> None:
        path = directory / "status.sock"
        await until(path.exists)
        order = b'{"op": "command", "verb": "handover"}\n'
        assert await asked_at(path, order) == {"ok": True, "number": 1}

    played(directory, scene)
    assert not (directory / "status.sock").exists()


def test_only_the_directory_decides_who_may_ask(open_path: Path) -> None:
    """A user that may enter it gets an answer; one that may not is refused by the kernel."""
    directory = made(open_path, 0o750)

    def as_nobody(group: int) -> int:
        argv = ["/usr/bin/python3", "-IS", "-c", ASK, str(directory / "status.sock")]
        return subprocess.run(
            argv, user=NOBODY, group=group, extra_groups=[], cwd="/", timeout=LIMIT_S, check=False
        ).returncode

    async def scene(status: StatusSocket, asked: list[int]) -> None:
        await until((directory / "status.sock").exists)
        os.chown(directory, 0, 4242)
        assert await aside(as_nobody, NOBODY) == 1
        assert await aside(as_nobody, 4242) == 0

    played(directory, scene)


def test_the_socket_comes_and_goes_with_the_directory(tmp_path: Path) -> None:
    directory = directory_of(tmp_path / "run")

    async def scene(status: StatusSocket, asked: list[int]) -> None:
        for _round in range(2):
            made(tmp_path)
            await until((directory / "status.sock").exists)
            assert await asked_at(directory / "status.sock")
            (directory / "status.sock").unlink()
            directory.rmdir()
            await until(lambda: status._listening is None)
        assert status.problem == ""

    played(directory, scene)


@pytest.mark.parametrize("mode", [0o770, 0o757])
def test_a_directory_into_which_others_write_is_refused(tmp_path: Path, mode: int) -> None:
    directory = made(tmp_path, mode)

    async def scene(status: StatusSocket, asked: list[int]) -> None:
        await until(lambda: bool(status.problem))
        assert "others may write into it" in status.problem
        assert not (directory / "status.sock").exists()

    played(directory, scene)


def test_a_flood_costs_a_bounded_number_of_answers(tmp_path: Path) -> None:
    directory = made(tmp_path)

    async def scene(status: StatusSocket, asked: list[int]) -> None:
        path = directory / "status.sock"
        await until(path.exists)
        loop = asyncio.get_running_loop()
        began, answered = loop.time(), 0
        while answered < 15:
            one = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
            with one:
                try:
                    one.connect(str(path))
                    async with asyncio.timeout(10):
                        answered += bool(await loop.sock_recv(one, 1))
                except BlockingIOError:
                    await asyncio.sleep(0)
        passed = loop.time() - began
        assert answered <= passed / readonly.PAUSE_S + 1
        assert len(asked) <= passed / readonly.FRESH_S + 1

    played(directory, scene)


def test_a_client_that_does_not_read_is_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = made(tmp_path)

    async def scene(status: StatusSocket, asked: list[int]) -> None:
        path = directory / "status.sock"
        await until(path.exists)
        with socket.socket(socket.AF_UNIX) as lazy:
            with monkeypatch.context() as patch:
                patch.setattr(readonly, "SEND_S", 0.2)
                lazy.connect(str(path))
                await until(lambda: bool(status._sending))
                await until(lambda: not status._sending)
            # A busy machine takes its time for 4 MB.
            monkeypatch.setattr(readonly, "SEND_S", 60.0)
            assert (await asked_at(path))["text"]

    played(directory, scene, lambda: {"text": "x" * 4_000_000})


def test_an_error_of_the_answer_is_told_and_the_next_client_is_served(tmp_path: Path) -> None:
    directory = made(tmp_path)

    async def scene(status: StatusSocket, asked: list[int]) -> None:
        await until((directory / "status.sock").exists)
        for _round in range(2):
            said = await asked_at(directory / "status.sock")
            assert said == {
                "ok": False,
                "text": "internal error: ZeroDivisionError: integer division or modulo by zero",
            }

    played(directory, scene, lambda: {"ok": 1 // 0})


def test_the_socket_can_be_connected_to_but_its_directory_is_the_gate(tmp_path: Path) -> None:
    directory = made(tmp_path)

    async def scene(status: StatusSocket, asked: list[int]) -> None:
        await until((directory / "status.sock").exists)
        assert stat.S_IMODE((directory / "status.sock").stat().st_mode) == 0o666
        assert stat.S_IMODE(directory.stat().st_mode) == 0o750

    played(directory, scene)
