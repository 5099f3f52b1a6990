# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The session in which everything is compared: the same hosts, one client, one system at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from bench.cases import Case
from bench.results import Run
from bench.systems import System
from lab import Lab
from lab.client.gaps import longest_gap
from lab.demo import scenes
from lab.demo.measure import ClientProcess
from lab.demo.playbook import CHECKOUT, run_playbook
from lab.demo.target import INVENTORY, Target
from lab.errors import LabError
from lab.observer import start
from lab.progress import Progress, to_stderr

OUT = CHECKOUT / "build" / "bench"
BUILT = "built"
STEADY_S = 5.0
SERVED_S = 300.0
"""What is not served again by then is given up."""


@dataclass
class Bench:
    """The clusters of a session, one for each engine. One lab is up at a time."""

    name: str
    out: Path
    progress: Progress
    several: bool
    """Whether there is more than one engine, so that a cluster is left and found again."""
    engine: str = ""
    lab: Lab = field(init=False)
    target: Target = field(init=False)

    def enter(self, engine: str) -> None:
        """Raise the hosts of an engine, with the cluster that site.yml has built on them."""
        if self.engine == engine:
            return
        self.leave()
        lab = self.lab = Lab(f"{self.name}-{engine}")
        self.engine = engine
        lab.up(progress=self.progress)
        lab.wait_ready(timeout=300)
        self.target = Target.load(lab, inventory(engine, self.out))
        if lab.has_snapshot(BUILT):
            lab.snapshot_restore(BUILT, progress=self.progress)
            return
        self.progress(f"building the cluster of the engine {engine}: site.yml")
        run_playbook(
            CHECKOUT / "playbooks" / "site.yml",
            self.target.inventories(lab),
            CHECKOUT / "build",
            self.out / f"site-{engine}.log",
            self.progress,
            environment=self.target.environment(lab),
        )
        if self.several:
            lab.snapshot_save(BUILT, progress=self.progress)

    def leave(self) -> None:
        """Take the lab down that is up."""
        if self.engine:
            self.lab.down()
        self.engine = ""

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
                self.enter(system.engine)
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
        ordered = first_order(self.lab.power_log(owner), at.mono, until)
        return Run(
            system.name,
            case.name,
            number,
            returned,
            gap.seconds,
            page.seconds,
            ordered_s=ordered,
        )


def first_order(log: Sequence[dict[str, Any]], begin: float, end: float) -> float | None:
    """Seconds after ``begin`` until the BMC was told to cut the power; None: it was not."""
    for line in log:
        at = float(line["monotonic"])
        if line["what"] == "asked" and begin <= at <= end and line["reason"] != "on by BMC":
            return at - begin
    return None


def inventory(engine: str, out: Path) -> Path:
    """The inventory of the demonstration with that engine, without what that one cannot have."""
    if engine == "agent":
        return INVENTORY
    data = yaml.safe_load(INVENTORY.read_text(encoding="utf-8"))
    (group,) = data.values()
    given = group["vars"]
    given["failover_engine"] = engine
    given["failover_links"] = [link for link in given["failover_links"] if "interface" in link]
    path = out / f"{engine}.yml"
    path.write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
    return path


@contextmanager
def session(name: str, systems: Sequence[System]) -> Iterator[Bench]:
    """New labs, which are gone at the end."""
    OUT.mkdir(parents=True, exist_ok=True)
    engines = sorted({system.engine for system in systems})
    labs = [Lab(f"{name}-{engine}") for engine in engines]
    for lab in labs:
        lab.down(purge=True)
    try:
        yield Bench(name, OUT, to_stderr(), several=len(engines) > 1)
    finally:
        for lab in labs:
            lab.down(purge=True)
