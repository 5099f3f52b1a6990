# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the parts of ``make test``, three at a time: ``python -m tests.legs NAME [NAME ...]``.

A lab of real kernels and the containers wait for most of their time, so other parts have the
machine meanwhile; those that only compute stand back (nice). What a part prints goes to
``build/test/NAME.log``. A line tells how far each one is. The end tells what came of each, with the
last lines of those that failed, and ``build/test/legs.json`` keeps it.

What has not ended after LIMIT_S is interrupted and has failed. Who interrupts or terminates this
program ends all of them.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
LOGS = CHECKOUT / "build" / "test"
GATES = str(CHECKOUT / "build" / "gates-venv" / "bin" / "python")
AT_A_TIME = 3
SHOWN_S = 30.0
LIMIT_S = 3000.0
"""Of all parts together. A whole run takes half of it; what takes longer hangs."""
HEARS = ("env", "--default-signal=INT")
"""What a shell starts in the background ignores the interrupt, and so does all that it starts."""
ENDS_S = 120.0
"""A part that is interrupted has this long to end what it started, such as kernels."""
TAIL = 240
"""Lines of a part that failed: a scenario prints its last step and the end of each host's log."""
REPORT = "legs.json"
PYTEST = (sys.executable, "-m", "pytest")
LEFT_OUT = [
    f"--ignore=tests/{name}"
    for name in ("kernels", "pacemaker", "simulation", "exploration", "load")
]
"""What has a part of its own, or is a long proof (make show) that needs more of the machine."""
AT_ONCE = ("-n", "4", "--dist", "loadfile", "--no-loadscope-reorder", "--timeout=600")
"""Four processes take the files of tests in their order: they wait more than they compute.

A test that hangs fails and tells where each of its threads stands.
"""


@dataclass(frozen=True)
class Leg:
    """One part. nice: 0, or more for one that can wait."""

    name: str
    command: Sequence[str]
    nice: int = 0

    @property
    def log(self) -> Path:
        """Where its output goes."""
        return LOGS / f"{self.name}.log"


# In the order in which they begin: the longest first, and what waits beside what computes. A lab
# needs both processors while it installs packages. Containers do the same, and begin later.
LEGS = (
    Leg("lab", (*PYTEST, "-v", "tests/kernels")),
    Leg("units", (*PYTEST, "-q", *AT_ONCE, "tests", *LEFT_OUT), nice=5),
    Leg("lint", ("make", "--no-print-directory", "lint"), nice=10),
    Leg("gates", (GATES, "-m", "tests.gates", "--quick"), nice=10),
    Leg("simulation", (*PYTEST, "-q", "tests/simulation", "tests/exploration"), nice=10),
    Leg("containers", ("lab/containers/scenarios", "bookworm", "default preflight roles")),
    Leg("mutation", (sys.executable, "-m", "tests.mutation", "--slice"), nice=10),
)


@dataclass
class Run:
    """One part while it runs, and what came of it."""

    leg: Leg
    began: float = 0.0
    ended: float = 0.0
    code: int | None = None
    cpu_s: float = 0.0
    pid: int = 0
    ending: bool = False

    def play(self) -> None:
        """Run it to its end."""
        if self.ending:
            return
        self.began = time.monotonic()
        print(f"{self.leg.name}: begins, see {self.leg.log.relative_to(CHECKOUT)}", flush=True)
        with self.leg.log.open("w", encoding="utf-8") as log:
            child = subprocess.Popen(
                [*HEARS, "nice", "-n", str(self.leg.nice), *self.leg.command],
                cwd=CHECKOUT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                process_group=0,
            )
            self.pid = child.pid
            if self.ending:
                self.tell(signal.SIGINT)
            _pid, status, used = os.wait4(child.pid, 0)
        self.ended = time.monotonic()
        self.code = child.returncode = os.waitstatus_to_exitcode(status)
        # Of the child and of all that it waited for.
        self.cpu_s = used.ru_utime + used.ru_stime
        word = "ok" if self.code == 0 else f"FAILED ({self.code})"
        print(f"{self.leg.name}: {word} after {self.seconds:.0f} s: {self.last}", flush=True)

    def tell(self, number: int) -> None:
        """Send a signal to all that is left of it, if it has begun."""
        with contextlib.suppress(ProcessLookupError):
            if self.pid:
                os.killpg(self.pid, number)

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return (self.ended or time.monotonic()) - self.began if self.began else 0.0

    @property
    def last(self) -> str:
        """The last line that it printed, shortened."""
        lines = tail(self.leg.log, 5)
        return next((line.strip()[:100] for line in reversed(lines) if line.strip()), "")


def worked_s() -> float:
    """How long the processors of this machine have worked since it began, in seconds of one."""
    first = Path("/proc/stat").read_text(encoding="ascii").splitlines()[0]
    user, nice, system, _idle, _waiting, interrupts, soft = map(int, first.split()[1:8])
    return (user + nice + system + interrupts + soft) / os.sysconf("SC_CLK_TCK")


def tail(path: Path, count: int) -> list[str]:
    """The last lines of a log."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()[-count:]
    except FileNotFoundError:
        return []


def end(runs: Sequence[Run]) -> None:
    """Begin nothing more, and end what runs: by an interrupt, so that it can clean up."""
    running = [run for run in runs if run.code is None]
    for run in running:
        run.ending = True
        run.tell(signal.SIGINT)
    late = time.monotonic() + ENDS_S
    while any(run.began and run.code is None for run in running) and time.monotonic() < late:
        time.sleep(0.05)
    for run in running:
        run.tell(signal.SIGKILL)


def play(legs: Sequence[Leg], limit_s: float = LIMIT_S) -> int:
    """Run them; returns 0 only when all ended well, within so many seconds."""
    LOGS.mkdir(parents=True, exist_ok=True)
    for leg in legs:
        leg.log.unlink(missing_ok=True)
    began, worked = time.monotonic(), worked_s()
    runs = [Run(leg) for leg in legs]
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        try:
            waiting: set[Future[None]] = {pool.submit(run.play) for run in runs}
            while waiting:
                left_s = began + limit_s - time.monotonic()
                if left_s <= 0:
                    print(f"Not ended after {limit_s:.0f} s: what runs is interrupted.", flush=True)
                    end(runs)
                    break
                done, waiting = wait(waiting, timeout=min(SHOWN_S, left_s))
                for future in done:
                    future.result()
                for run in runs:
                    if run.began and run.code is None:
                        print(f"  {run.leg.name} {run.seconds:.0f} s: {run.last}", flush=True)
        except BaseException:
            end(runs)
            raise
    failed = [run for run in runs if run.code != 0]
    for run in failed:
        print(f"\n--- {run.leg.name}: the end of {run.leg.log.relative_to(CHECKOUT)}")
        print("\n".join(tail(run.leg.log, TAIL)))
    print()
    for run in runs:
        word = "ok    " if run.code == 0 else "FAILED"
        print(f"{word} {run.leg.name}, {run.seconds:.0f} s: {run.last}")
    seconds, worked = time.monotonic() - began, worked_s() - worked
    report = LOGS / REPORT
    report.write_text(json.dumps(told(runs, seconds, worked), indent=2) + "\n", encoding="utf-8")
    print(f"{seconds:.0f} s; {os.cpu_count()} processors worked for {worked:.0f} s together")
    print(f"{len(runs) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


def told(runs: Sequence[Run], seconds: float, worked: float) -> dict[str, object]:
    """What came of a run. whole: no part was left out. worked: by all processors.

    What a part starts and does not wait for, such as kernels and containers, is in worked alone.
    """
    return {
        "ok": all(run.code == 0 for run in runs),
        "whole": {run.leg.name for run in runs} >= {leg.name for leg in LEGS},
        "seconds": round(seconds),
        "processors": os.cpu_count(),
        "worked_seconds": round(worked),
        "legs": [
            {
                "name": run.leg.name,
                "ok": run.code == 0,
                "seconds": round(run.seconds),
                "cpu_seconds": round(run.cpu_s),
            }
            for run in runs
        ],
    }


def main() -> int:
    """Run the parts that are named, all if none is."""
    known = {leg.name: leg for leg in LEGS}
    wanted = sys.argv[1:] or list(known)
    strange = [name for name in wanted if name not in known]
    if strange:
        print(f"{strange[0]} is no part; they are {', '.join(known)}.", file=sys.stderr)
        return 2
    os.environ.setdefault("SEEDS", "2000")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    return play([known[name] for name in wanted])


if __name__ == "__main__":
    sys.exit(main())
