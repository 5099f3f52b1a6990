# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One lab, one cluster, one client: the session in which everything is compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.cases import Case
from bench.results import Run
from bench.systems import System
from lab import Lab
from lab.client.gaps import longest_gap
from lab.demo import scenes
from lab.demo.measure import ClientProcess
from lab.demo.playbook import CHECKOUT, run_playbook
from lab.demo.target import Target
from lab.errors import LabError
from lab.observer import start
from lab.progress import Progress, to_stderr

OUT = CHECKOUT / "build" / "bench"
STEADY_S = 5.0
SERVED_S = 180.0
"""What is not served again by then is given up."""


@dataclass
class Bench:
    """The raised cluster."""

    lab: Lab
    target: Target
    out: Path
    progress: Progress

    def play(
        self, systems: Sequence[System], cases: Sequence[Case], runs: int
    ) -> tuple[list[Run], dict[str, Any]]:
        """Every case with every system, in turn; returns the runs and what the systems are."""
        played: list[Run] = []
        about: dict[str, Any] = {}
        for number in range(runs):
            # Whoever is first finds a younger lab: each is that in its turn.
            shift = number % len(systems)
            for system in (*systems[shift:], *systems[:shift]):
                self.progress(f"run {number + 1} of {runs}: {system.name}")
                played += self._with(system, cases, number, about)
        return played, about

    def _with(
        self, system: System, cases: Sequence[Case], number: int, about: dict[str, Any]
    ) -> list[Run]:
        out = self.out / f"{system.name}-{number}.jsonl"
        target = self.target
        with start(self.lab, target.nodes, target.watch) as observer:
            client = ClientProcess(self.lab, out, target.client_options(), target.password)
            try:
                stage = scenes.Stage(
                    self.lab, target.nodes, target.service, client, observer, self.progress
                )
                system.take(stage)
                about.setdefault(system.name, system.about(stage))
                runs = [
                    self._one(system, case, stage, number)
                    for case in cases
                    if case.name in system.cases
                ]
                account = client.finish()
                system.leave(stage)
            finally:
                client.kill()
        lost = len(account["lost"]) if account.get("verified") else None
        for run in runs:
            run.lost = lost
        return runs

    def _one(self, system: System, case: Case, stage: scenes.Stage, number: int) -> Run:
        if not stage.client.wait_steady(STEADY_S, timeout=SERVED_S):
            raise LabError(f"{system.name}: the service is not served before {case.name}")
        owner = stage.active()
        if not owner:
            raise LabError(f"{system.name}: no single node is active before {case.name}")
        self.progress(f"  {case.name}: {case.what} ({owner})")
        at = scenes.now()
        if case.cause is None:
            system.move(stage, owner)
        else:
            case.cause(stage, owner)
            system.react(stage, case.name, owner)
        steady = stage.client.wait_steady(STEADY_S, timeout=SERVED_S, since=at.mono)
        until, served = scenes.now().mono, stage.client.served
        gap = longest_gap(served.rows, at.mono, until)
        page = longest_gap(served.pages, at.mono, until)
        after = stage.active()
        returned = steady and gap.returned and (not case.moves or after != owner)
        self.progress(
            f"    {gap.seconds:.2f} s without a write, {page.seconds:.2f} s without a page"
        )
        case.undo(stage, owner)
        system.heal(stage, owner)
        return Run(system.name, case.name, number, returned, gap.seconds, page.seconds)


@contextmanager
def session(name: str) -> Iterator[Bench]:
    """A new lab with a cluster that site.yml has built."""
    progress = to_stderr()
    OUT.mkdir(parents=True, exist_ok=True)
    lab = Lab(name)
    lab.down()
    try:
        lab.up(progress=progress)
        lab.wait_ready(timeout=300)
        target = Target.load(lab)
        progress("building the cluster: site.yml")
        run_playbook(
            CHECKOUT / "playbooks" / "site.yml",
            target.inventories(lab),
            CHECKOUT / "build",
            OUT / "site.log",
            progress,
            environment=target.environment(lab),
        )
        bench = Bench(lab, target, OUT, progress)
        yield bench
    finally:
        lab.down()
