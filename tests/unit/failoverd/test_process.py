# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Helper programs are bounded: in memory, in time, in what they inherit, in whom they leave."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from failoverd.system import process
from failoverd.system.process import LAST_OUTPUT, MAX_OUTPUT, Finished, Program, run

MIB = 1 << 20
FILES = Path(process.__file__).resolve().parents[2]


def apart(text: str) -> Any:
    """What a piece of Python prints, run in a process of its own as the daemon is."""
    done = subprocess.run(
        [sys.executable, "-c", text],
        env={"PYTHONPATH": str(FILES), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    return json.loads(done.stdout)


FLOOD = """
import asyncio, json, resource
from failoverd.checks.base import CheckSettings
from failoverd.checks.command import Command, Options
from failoverd.checks.watcher import Watcher

async def main():
    watcher = Watcher(
        CheckSettings("flood", "command", interval_s=0.01, deadline_s=1.0),
        Command(Options(("/usr/bin/yes",))),
        lambda: "",
    )
    failures, turns = [], 0
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    watcher.begin(failures.append)
    while not failures:
        turns += 1
        await asyncio.sleep(0.01)
    watcher.end()
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({"kib": after - before, "turns": turns, "said": failures[0],
                      "cpu": used.ru_utime + used.ru_stime}))

asyncio.run(main())
"""


@pytest.mark.finding("X3")
def test_a_check_that_never_stops_talking_costs_no_memory_and_holds_nobody_up() -> None:
    found = apart(FLOOD)
    assert found["kib"] < 16 * 1024
    assert found["turns"] > 10
    assert found["said"] == "flood: no answer within 1 s"


@pytest.mark.finding("X3")
def test_of_much_output_the_begin_and_the_end_are_kept(script: Any) -> None:
    path = script("talker", "head -c 3000000 /dev/zero | tr '\\0' x; echo; echo the reason")
    done = asyncio.run(run(path))
    assert done.code == 0
    assert len(done.output) <= MAX_OUTPUT + LAST_OUTPUT + 10
    assert done.output.startswith("xxx")
    assert done.last_line == "the reason"


INHERITED = """
import asyncio, json, os, resource, sys
from pathlib import Path
from failoverd.system import process, realtime
from failoverd.fencing.stonith import Stonith
from failoverd.resources import agents

Path("/proc/self/oom_score_adj").write_text("500")
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
core = resource.getrlimit(resource.RLIMIT_CORE)[1]
resource.setrlimit(resource.RLIMIT_CORE, (core, core))
os.umask(0o077)
missing = realtime.hurry()
argv = ("/bin/sh", "-c", "umask; cat /proc/self/oom_score_adj; ulimit -S -c; ulimit -S -n;"
        " cut -d ' ' -f 40,41 /proc/self/stat; grep VmLck /proc/self/status")

async def main():
    plain = await process.run(*argv)
    agent = await agents.run(argv, {**process.ENVIRONMENT}, 10.0)
    mine = Path("/proc/self/stat").read_text().split()[40]
    print(json.dumps([plain.output.split(), agent.output.split(), mine, missing]))

asyncio.run(main())
"""


@pytest.mark.finding("X3")
def test_a_child_inherits_nothing_that_only_the_daemon_may_have() -> None:
    plain, agent, mine, missing = apart(INHERITED)
    other = ["0022", "0", "0", "1024", "0", "0", "VmLck:", "0", "kB"]
    assert plain == other
    assert agent == other
    # The daemon itself had what its children have not, where it may have it.
    assert missing or mine == str(os.SCHED_RR)


@pytest.mark.finding("X3")
def test_its_end_is_the_end_of_its_first_process_and_the_rest_is_ended(
    script: Any, tmp_path: Path, ends: Any
) -> None:
    body = f"sleep 600 & echo $! >{tmp_path}/pid; echo done"
    done = asyncio.run(run(script("parent", body), timeout_s=60))
    assert (done.code, done.last_line) == (0, "done")
    ends(int((tmp_path / "pid").read_text()))


@pytest.mark.finding("X3")
def test_at_the_deadline_the_whole_process_group_ends(
    script: Any, tmp_path: Path, ends: Any
) -> None:
    body = f"trap '' TERM; sleep 600 & echo $! >{tmp_path}/pid; wait"
    done = asyncio.run(run(script("parent", body), timeout_s=1))
    assert done == Finished(None, "no answer within 1 s", late=True)
    ends(int((tmp_path / "pid").read_text()))


def test_one_that_is_cancelled_leaves_nothing(
    script: Any, tmp_path: Path, ends: Any, until: Any
) -> None:
    path = script(
        "parent", f"sleep 600 & echo $! >{tmp_path}/new; mv {tmp_path}/new {tmp_path}/pid; wait"
    )

    async def main() -> None:
        task = asyncio.ensure_future(run(path))
        await until((tmp_path / "pid").exists)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    ends(int((tmp_path / "pid").read_text()))


def test_a_long_input_arrives_whole_and_one_that_is_not_read_holds_nobody_up(script: Any) -> None:
    text = "line\n" * 100_000
    assert asyncio.run(run("/usr/bin/wc", "-c", stdin=text)).last_line == str(len(text))
    assert asyncio.run(run("/bin/true", stdin=text)).code == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [(None, "No such file or directory"), ("#!/nowhere/sh\n", "not found")],
)
def test_what_cannot_be_executed_has_no_exit_status(
    tmp_path: Path, text: str | None, said: str
) -> None:
    path = tmp_path / "program"
    if text is not None:
        path.write_text(text)
        path.chmod(0o755)
    assert asyncio.run(run(str(path))) == Finished(None, f"{path}: {said}")


@pytest.mark.finding("S17")
def test_what_cannot_begin_for_want_of_descriptors_says_so_and_who_may_wait_waits(
    few: Any,
) -> None:
    async def main() -> tuple[Finished, Finished]:
        few.take()
        refused = await run("/bin/true")
        asyncio.get_running_loop().call_later(0.2, few.give)
        return refused, await run("/bin/true", patient=True)

    refused, waited = asyncio.run(main())
    assert refused.code is None
    assert isinstance(refused.error, OSError)
    assert refused.last_line == "/bin/true: Too many open files"
    assert waited.code == 0


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_nothing_of_a_program_stays_open() -> None:
    async def main() -> None:
        await run("/bin/true")
        before = descriptors()
        for _round in range(5):
            await run("/bin/true")
            await run("/bin/sleep", "60", timeout_s=0.05)
            program = Program.spawn("/bin/cat")
            await program.kill()
        assert descriptors() == before

    asyncio.run(main())
