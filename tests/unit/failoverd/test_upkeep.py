# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""F75: a long task of the daemon that ends unasked starts again, or the daemon restarts."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from failoverd.core.events import Disk, DiskChanged, Event
from failoverd.resources import drbd
from failoverd.resources.drbd_watcher import DrbdWatcher
from failoverd.resources.settings import ResourceSettings
from failoverd.system import upkeep
from failoverd.system.upkeep import Upkeep

from .test_pair import Pair

WANTS = [
    pytest.param(RuntimeError("can't start new thread"), id="no thread"),
    pytest.param(MemoryError(), id="no memory"),
    pytest.param(OSError(errno.EMFILE, os.strerror(errno.EMFILE)), id="no descriptor"),
]
UPTODATE = Disk("Secondary", "UpToDate", "Secondary", "UpToDate", "Connected")
PRIMARY = Disk("Primary", "UpToDate", "Secondary", "UpToDate", "Connected")


class Told:
    def add(self, code: str, text: str, **more: Any) -> None:
        """Nobody reads it."""


class Device(drbd.Drbd):
    """A replicated disk whose answers the test gives."""

    def __init__(self, path: Path) -> None:
        options = drbd.Options("shop", 0, "/dev/drbd0")
        super().__init__(ResourceSettings("drbd", "drbd", (), 60.0, 30.0, options), path)
        self.answers: list[Disk | Exception | asyncio.Future[Disk]] = []
        self.asked = 0

    async def disk(self) -> Disk:
        self.asked += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, Disk) else await answer

    async def bring_up(self) -> None:
        """It is up."""


@pytest.mark.finding("S18")
@pytest.mark.parametrize("want", WANTS)
def test_the_watcher_of_the_disks_outlives_what_the_daemon_lacks_for_a_moment(
    tmp_path: Path, until: Any, want: Exception
) -> None:
    events: list[Event] = []
    told: list[str] = []

    async def main() -> None:
        device = Device(tmp_path)
        device.answers = [UPTODATE, want, PRIMARY]
        disks = DrbdWatcher({"shop": device}, 0.01, events.append, Told())
        kept = Upkeep(told.append, told.append)
        for name, work in disks.tasks():
            kept.keep(name, work)
        await until(lambda: DiskChanged("shop", PRIMARY) in events)
        kept.close()

    asyncio.run(main())
    [text] = told
    assert "the watcher of the disk of shop ended" in text and "starts again" in text
    assert type(want).__name__ in text


@pytest.mark.finding("S14")
def test_an_older_answer_of_a_disk_is_never_told_behind_a_newer_one(tmp_path: Path) -> None:
    events: list[Event] = []

    async def main() -> None:
        device = Device(tmp_path)
        slow: asyncio.Future[Disk] = asyncio.get_running_loop().create_future()
        device.answers = [slow, PRIMARY]
        disks = DrbdWatcher({"shop": device}, 1.0, events.append, Told())
        first = asyncio.ensure_future(disks.look("shop"))
        await asyncio.sleep(0)
        second = asyncio.ensure_future(disks.look("shop", always=True))
        for _round in range(10):
            await asyncio.sleep(0)
        slow.set_result(UPTODATE)
        await asyncio.gather(first, second)
        assert disks.last["shop"] == PRIMARY

    asyncio.run(main())
    assert events == [DiskChanged("shop", UPTODATE), DiskChanged("shop", PRIMARY)]


@pytest.mark.finding("S18")
def test_what_does_not_stay_alive_ends_the_daemons_life(
    until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "HOPELESS_S", 0.3)
    monkeypatch.setattr(upkeep, "FIRST_PAUSE_S", 0.01)
    told: list[str] = []
    ends: list[str] = []

    async def work() -> None:
        raise MemoryError

    async def main() -> None:
        kept = Upkeep(told.append, ends.append)
        kept.keep("the work", work)
        await until(lambda: ends)
        kept.close()

    asyncio.run(main())
    assert told == ["the work ended: MemoryError; it starts again"], "told once"
    assert "the work keeps failing" in ends[0]


BREAK = """
import asyncio, itertools, os, signal, sys
from pathlib import Path
from failoverd import daemon
from failoverd.system import upkeep

out = Path(sys.argv.pop())
real = daemon.Daemon.run

def tasks():
    return [task for task in asyncio.all_tasks() if not task.get_name().startswith("Task-")]

def tell():
    names = sorted(task.get_name() for task in tasks())
    (out / "new").write_text("\\n".join(names))
    (out / "new").rename(out / "tasks")

wants = [RuntimeError("can't start new thread"), MemoryError(), OSError(24, "EMFILE")]
blows = itertools.count()

def hit():
    # What is told once is not told again: the next blow is another want.
    first = next(blows)
    for number, task in enumerate(sorted(tasks(), key=asyncio.Task.get_name), first):
        # Whatever it waits for fails, wherever that is.
        waiter = task._fut_waiter
        if isinstance(waiter, asyncio.Future) and not waiter.done():
            while isinstance(getattr(waiter, "_fut_waiter", None), asyncio.Future):
                waiter = waiter._fut_waiter
            if not waiter.done() and not isinstance(waiter, asyncio.Task):
                waiter.set_exception(wants[number % 3])

async def run(self):
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGUSR1, tell)
    loop.add_signal_handler(signal.SIGUSR2, hit)
    await real(self)

daemon.Daemon.run = run
from failoverd.__main__ import run
run()
"""


class Broken(Pair):
    """A daemon that tells its long tasks at SIGUSR1, and whose tasks all fail at SIGUSR2."""

    def start(self, node: str) -> None:
        base = self.path / node
        script = self.path / "broken.py"
        script.write_text(BREAK, encoding="utf-8")
        argv = [sys.executable, str(script)]
        for name in ("etc", "state", "run"):
            argv += [f"--{name}", str(base / name)]
        namespace = self.wire.names[int(node[-1]) - 1]
        files = str(Path(upkeep.__file__).parents[2])
        with (base / "log").open("ab") as log:
            self.processes[node] = subprocess.Popen(
                ["ip", "netns", "exec", namespace, *argv, str(base)],
                stderr=log,
                env={**os.environ, "PYTHONPATH": files},
            )
        (base / "pid").write_text(str(self.processes[node].pid))

    def tasks(self, node: str) -> list[str]:
        """The daemon's long tasks now."""
        path = self.path / node / "tasks"
        path.unlink(missing_ok=True)
        self.processes[node].send_signal(signal.SIGUSR1)
        self.wait(path.exists)
        return path.read_text(encoding="utf-8").splitlines()

    def texts(self, node: str) -> list[str]:
        lines = (self.path / node / "state/history.jsonl").read_text().splitlines()
        return [json.loads(line)["text"] for line in lines]


@pytest.fixture
def broken(cable: Any, tmp_path: Path) -> Iterator[Broken]:
    agent = tmp_path / "agent"
    agent.write_text("#!/bin/sh\nexit 0\n", encoding="utf-8")
    agent.chmod(0o755)
    pair = Broken(tmp_path, cable, str(agent))
    yield pair
    for node in list(pair.processes):
        pair.end(node, signal.SIGKILL)


@pytest.mark.finding("S18")
def test_every_long_task_of_the_daemon_begins_again(broken: Broken) -> None:
    broken.start("node1")
    broken.wait(lambda: broken.service("node1")["state"])
    # What is done once at the beginning is no long task.
    broken.wait(lambda: "read-ahead" not in broken.tasks("node1"))
    before = broken.tasks("node1")
    assert {"the patrol of the fence devices", "the monitor Ping"} <= set(before)

    def struck() -> set[str]:
        """What has ended, after one more blow; a blow misses a task that is busy."""
        broken.processes["node1"].send_signal(signal.SIGUSR2)
        assert broken.tasks("node1") == before
        return {t.split(" ended")[0] for t in broken.texts("node1") if " ended: " in t}

    broken.wait(lambda: struck() == set(before))
    assert broken.processes["node1"].poll() is None, "one failure does not end the daemon"
    # Each is alive: a further blow finds them, too.
    count = len(broken.texts("node1"))
    broken.wait(lambda: struck() and len(broken.texts("node1")) > count)
