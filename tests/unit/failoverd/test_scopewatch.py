# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an OCF agent started has ended: found by systemd's signal, long before the agent's turn."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from failoverd.resources import ocf, scopewatch
from failoverd.resources.base import Situation
from failoverd.resources.settings import ResourceSettings
from failoverd.system.systemd import SystemdError

AGENT = """#!/bin/sh
cd {directory}
case $1 in
meta-data) echo '<resource-agent><actions><action name="monitor" timeout="9s" interval="60s"/>
</actions></resource-agent>' ;;
monitor) echo "$OCF_RESKEY_CRM_meta_interval" >>asked; read -r code <says; exit "$code" ;;
esac
"""


class Bus:
    """A systemd whose signals the test gives."""

    def __init__(self) -> None:
        self.refusals = 0
        self.units: list[str] = []
        self.changed: Callable[[dict[str, Any]], None] = lambda properties: None
        self.listened = asyncio.Event()

    async def call(self, member: str, signature: str, *body: Any) -> list[Any]:
        return ["/job/1"]

    async def finished(self, path: str, unit: str) -> str:
        return "done"

    async def watch(self, unit: str, changed: Callable[[dict[str, Any]], None]) -> None:
        if self.refusals:
            self.refusals -= 1
            raise SystemdError("the system bus failed")
        self.units.append(unit)
        self.changed = changed
        self.listened.set()


class Node:
    """A running resource whose agent answers what the test wrote."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.bus = Bus()
        self.failures: asyncio.Queue[str] = asyncio.Queue()
        path = directory / "resource.d" / "test" / "a"
        path.parent.mkdir(parents=True)
        path.write_text(AGENT.format(directory=directory), encoding="utf-8")
        path.chmod(0o755)
        settings = ResourceSettings("db", "ocf", (), 60, 60, ocf.Options("test:a", {}))
        systemd: Any = self.bus
        self.resource = ocf.Ocf(settings, systemd, directory)

    async def run(self, says: int) -> None:
        """Start, and have it watched."""
        (self.directory / "says").write_text(f"{says}\n", encoding="ascii")
        await self.resource.start(Situation())
        self.resource.watch(self.failures.put_nowait)
        async with asyncio.timeout(20.0):
            await self.bus.listened.wait()

    async def told(self, properties: dict[str, Any]) -> None:
        """A signal, and what the resource does about it, to its end."""
        self.bus.changed(properties)
        await self.settled()

    async def settled(self) -> None:
        """Wait for what the signal has begun."""
        task = self.resource._scopewatch._teller
        if task is not None:
            with contextlib.suppress(asyncio.CancelledError):
                await task

    @property
    def asked(self) -> list[str]:
        """The intervals, in ms, of the monitors so far."""
        path = self.directory / "asked"
        return path.read_text(encoding="ascii").split() if path.exists() else []


def test_f50_the_end_of_the_last_process_is_told_at_once(tmp_path: Path) -> None:
    async def main() -> None:
        node = Node(tmp_path)
        await node.run(says=7)
        assert node.bus.units == ["failover-db.scope"]
        await node.told({"ActiveState": "inactive"})
        assert node.failures.get_nowait() == "ocf:test:a: monitor reports that it does not run"
        # With no interval it would be a probe, of which agents expect that nothing runs.
        assert node.asked == ["60000"]

    asyncio.run(main())


@pytest.mark.parametrize("says", [0, 1, 190])
def test_what_needs_no_process_or_is_doubtful_is_left_to_the_checks(
    tmp_path: Path, says: int
) -> None:
    async def main() -> None:
        node = Node(tmp_path)
        await node.run(says)
        await node.told({"ActiveState": "inactive"})
        assert node.failures.empty()
        assert len(node.asked) == 1

    asyncio.run(main())


def test_a_scope_that_is_alive_is_no_reason_to_ask(tmp_path: Path) -> None:
    async def main() -> None:
        node = Node(tmp_path)
        await node.run(says=7)
        await node.told({"ActiveState": "active"})
        await node.told({"FreezerState": "running"})
        assert node.asked == []

    asyncio.run(main())


@pytest.mark.parametrize("action", ["stop", "start", "close"])
def test_what_is_wanted_is_no_failure(tmp_path: Path, action: str) -> None:
    async def main() -> None:
        node = Node(tmp_path)
        await node.run(says=7)
        wanted = {"stop": node.resource.stop, "start": lambda: node.resource.start(Situation())}
        if action in wanted:
            await wanted[action]()
        else:
            node.resource.close()
        await node.told({"ActiveState": "inactive"})
        assert node.failures.empty()
        assert node.asked == []

    asyncio.run(main())


async def opened(pipe: Path) -> int:
    """Wait until somebody reads it."""
    for _round in range(2000):
        with contextlib.suppress(OSError):  # ENXIO
            return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        await asyncio.sleep(0.01)
    raise AssertionError("nobody reads it")


def test_a_stop_does_not_wait_for_a_question_that_hangs(tmp_path: Path) -> None:
    async def main() -> None:
        node = Node(tmp_path)
        await node.run(says=7)
        pipe = tmp_path / "says"
        pipe.unlink()
        os.mkfifo(pipe)
        node.bus.changed({"ActiveState": "inactive"})
        task = node.resource._scopewatch._teller
        assert task is not None
        # It opens once the agent reads, which then waits for what is never written.
        writer = await opened(pipe)
        await node.resource.stop()
        os.close(writer)
        assert task.cancelled()
        assert node.failures.empty()

    asyncio.run(main())


def test_a_bus_that_is_away_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        monkeypatch.setattr(scopewatch, "RETRY_S", 0.0)
        node = Node(tmp_path)
        node.bus.refusals = 3
        await node.run(says=7)
        await node.told({"ActiveState": "failed"})
        assert not node.failures.empty()
        # One subscription is enough for all starts.
        await node.run(says=0)
        await node.told({"ActiveState": "inactive"})
        assert len(node.bus.units) == 1

    asyncio.run(main())
