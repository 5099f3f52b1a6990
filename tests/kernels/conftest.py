# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real cluster for the tests: raised once, built once by site.yml, observed from outside."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from lab import Lab, LabSpec
from lab.demo.measure import ClientProcess
from lab.demo.playbook import CHECKOUT, PlayResult, run_playbook
from lab.demo.scenes import STEADY_S, Stage, histories, wait_healed
from lab.demo.target import Target
from lab.observer import start
from lab.progress import Progress

from .claim import claim
from .journals import fetch
from .timeline import told

HERE = Path(__file__).parent
BUILD = CHECKOUT / "build"
REUSE = os.environ.get("REUSE", "")
"""Set while working on one test: the lab stays, and the next session starts from its cluster.
``fast``: without running site.yml again."""
LONG = os.environ.get("LONG", "")
LABS = (
    *("shared", "lease", "many", "changes", "takeover"),
    *("operate", "versions", "release", "pacemaker", "spare", "spares", "streaming"),
)
"""Directories of tests that need hosts of their own: LONG names the one to run."""
NAME = os.environ.get("LAB", LONG if LONG in LABS else "test")
OUT = BUILD / f"lab-{NAME}"
CONVERGED = "converged"
LIMITS_S = {"agent": 120.0, "pacemaker": 600.0}
"""Of each engine: within so long a service is back. Pacemaker's agents are scripts, slow here: a
replicated database took more than five minutes after a boot of both nodes."""
HEALED_S = 300.0
"""Within so long a standby is ready again, with an engine that is quicker than that."""
MARKS = OUT / "marks.jsonl"
"""What was done to the lab and when, in wall-clock seconds: for tests.kernels.recording."""
RATE = 10
"""Rows and pages per second of the client. The demonstration and the bench measure with 50, which
leaves a playbook little of a node: a task took 15 s beside it, and 3 s without."""
READY_S = 2.0
"""So long each new client is served before its test: the test before ended with STEADY_S."""
FAILED = pytest.StashKey[bool]()
"""Of a test that failed in itself."""
HALF_WAY = "failover.cluster.drbd : Declare two new disks equal"


def say(text: str) -> None:
    """Progress, beside pytest's own output."""
    print(f"    {text}", file=sys.stderr, flush=True)


def mark(**what: object) -> None:
    """Put down what happens now."""
    with MARKS.open("a", encoding="utf-8") as file:
        print(json.dumps({"time": time.time(), **what}), file=file)


class MarkedLab(Lab):
    """Puts down which link was cut or mended; its power supplies keep a log of their own."""

    def link(self, node: str, link: str, state: str) -> None:
        super().link(node, link, state)
        mark(node=node, link=link, state=state)


@dataclass
class Site:
    """The raised lab and what is built on it."""

    lab: Lab
    target: Target
    spoiled: bool = False
    """The last test could not put the cluster back in order."""
    fresh: bool = True
    """Raised anew and not from a snapshot."""

    def play(self, name: str, *arguments: str, **environment: str) -> PlayResult:
        """Run one of the collection's playbooks, as an operator would."""
        return self._run(name, arguments, environment, say)

    def _run(
        self, name: str, arguments: Sequence[str], environment: Mapping[str, str], told: Progress
    ) -> PlayResult:
        return run_playbook(
            CHECKOUT / "playbooks" / f"{name}.yml",
            self.target.inventories(self.lab),
            BUILD,
            OUT / f"{name}.log",
            told,
            environment={**self.target.environment(self.lab), **environment},
            arguments=arguments,
        )

    def look_for_minor(self) -> None:
        """The observer watches the disk of the service: its number is 0 where nobody has that."""
        if self.target.replicated:
            path = f"/etc/drbd.d/{self.target.service}.res"
            said = self.lab.ssh(self.lab.nodes[0], f"grep -om1 'minor [0-9]*' {path}").stdout
            watch = replace(self.target.watch, minor=int(said.split()[1]))
            self.target = replace(self.target, watch=watch)

    @contextmanager
    def changed(self, name: str, change: Callable[[dict[str, Any]], None]) -> Iterator[None]:
        """The inventory is another one meanwhile. change: of the variables of the cluster."""
        before = self.target
        written = yaml.safe_load(before.inventory.read_text(encoding="utf-8"))
        change(written["lab_nodes"]["vars"])
        path = OUT / f"{name}.yml"
        path.write_text(yaml.safe_dump(written, sort_keys=False), encoding="utf-8")
        self.target = replace(before, inventory=path)
        try:
            yield
        finally:
            self.target = before

    def cut_off(self, name: str, task: str, *arguments: str, time: int = 1) -> None:
        """Run a playbook, and kill it just after that task has begun, for the first or nth time."""
        begun = 0

        def watch(text: str) -> None:
            nonlocal begun
            say(text)
            begun += text.strip() == task
            if begun == time:
                raise CutOff

        with pytest.raises(CutOff):
            self._run(name, arguments, {}, watch)


class CutOff(Exception):
    """A run that was killed on purpose."""


@dataclass
class Built:
    """What site.yml said of its two runs that ended."""

    site: Site
    first: PlayResult
    second: PlayResult


@contextmanager
def machines(hosts: Path) -> Iterator[tuple[MarkedLab, bool]]:
    """The lab as ``hosts`` describes it until the end, and whether it is raised anew."""
    lab = MarkedLab(NAME)
    OUT.mkdir(parents=True, exist_ok=True)
    MARKS.unlink(missing_ok=True)
    with claim(NAME):
        try:
            kept = bool(REUSE) and CONVERGED in lab.snapshots()
            lab.down(purge=not kept)
            lab.up(spec=LabSpec.from_file(hosts), progress=say)
            kept = kept and lab.has_snapshot(CONVERGED)
            if kept:
                lab.snapshot_restore(CONVERGED, progress=say)
            yield lab, not kept
        finally:
            lab.down(purge=not REUSE)


@contextmanager
def raised(hosts: Path, cluster: Path) -> Iterator[Site]:
    """These machines with the inventory ``cluster``."""
    with machines(hosts) as (lab, fresh):
        yield Site(lab, Target.load(lab, cluster), fresh=fresh)


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """Two bare hosts with nothing of the product."""
    with raised(HERE / "hosts.yml", HERE / "cluster.yml") as site:
        yield site


@pytest.fixture(scope="session")
def built(site: Site) -> Built:
    """The cluster, built by site.yml after a run that was cut off, and site.yml once more."""
    if not REUSE and site.target.replicated:
        site.cut_off("site", HALF_WAY)
    if REUSE == "fast" and site.lab.has_snapshot(CONVERGED):
        site.look_for_minor()
        nothing = PlayResult(0.0, 0, 0, len(site.lab.nodes), OUT / "site.log")
        return Built(site, nothing, nothing)
    first = site.play("site")
    site.look_for_minor()
    if REUSE:
        if not site.lab.has_snapshot(CONVERGED):
            site.lab.snapshot_save(CONVERGED, progress=say)
        return Built(site, first, first)
    return Built(site, first, site.play("site"))


@dataclass
class Cluster:
    """A healthy cluster under load, observed from outside."""

    site: Site
    stage: Stage

    @property
    def lab(self) -> Lab:
        return self.site.lab

    @property
    def owner(self) -> str:
        """The one node on which the service is seen."""
        node = self.stage.active()
        assert node, "the service is not active on exactly one node"
        return node

    @property
    def standby(self) -> str:
        return self.stage.other(self.owner)

    def serves(self, seconds: float = STEADY_S, since: float | None = None) -> bool:
        """Rows and pages are acknowledged for so long, without a gap, from now or ``since`` on."""
        after = time.monotonic() if since is None else since
        return self.stage.client.wait_steady(seconds, timeout=self.limit_s, since=after)

    @property
    def limit_s(self) -> float:
        """Within so long a service is back."""
        return LIMITS_S[self.site.target.engine]

    def wait(self, condition: Callable[[], bool], what: str, timeout: float = 0.0) -> None:
        """Wait for something to be seen, limit_s if no timeout is given; fail with ``what`` not."""
        limit_s = timeout or self.limit_s
        until = time.monotonic() + limit_s
        while not condition():
            assert time.monotonic() < until, f"{what}: not seen within {limit_s:.0f} s"
            time.sleep(0.2)

    def boot(self, node: str) -> str:
        """Which of its lives the node lives."""
        return self.lab.ssh(node, "cat /proc/sys/kernel/random/boot_id").stdout

    def history(self, node: str) -> list[dict[str, Any]]:
        """What the node's daemon wrote for people, oldest first."""
        return histories(self.stage, [node])

    def heal(self) -> None:
        """All links and power back, then wait until the standby is ready again."""
        self.lab.mend()
        for node in self.lab.nodes:
            self.lab.power(node, "on")
        wait_healed(self.stage, max(HEALED_S, self.limit_s))


@pytest.fixture
def cluster(built: Built, request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """A cluster of this test alone, which may break it."""
    node = request.node
    failed = partial(node.stash.get, FAILED, False)
    with watched(built.site, str(node.name), node.user_properties, failed) as cluster:
        yield cluster


@contextmanager
def watched(
    site: Site,
    name: str,
    properties: list[tuple[str, object]],
    failed: Callable[[], bool] = lambda: False,
) -> Iterator[Cluster]:
    """Whatever is done to it: nothing acknowledged is lost, and never were two nodes active.

    What was measured goes into ``properties``. failed: whether the test failed in itself.
    """
    if site.spoiled and site.lab.has_snapshot(CONVERGED):
        site.lab.snapshot_restore(CONVERGED, progress=say)
    site.spoiled = True
    client = ClientProcess(
        site.lab,
        OUT / f"{name}.jsonl",
        [*site.target.client_options(), "--rate", str(RATE)],
        site.target.password,
    )
    try:
        with start(site.lab, site.target.nodes, site.target.watch) as observer:
            target = site.target
            stage = Stage(site.lab, target.nodes, target.service, client, observer, say)
            stage.replicated = target.replicated
            cluster = Cluster(site, stage)
            assert cluster.serves(READY_S), "the service is not served before the test"
            wait_healed(stage, max(HEALED_S, cluster.limit_s))
            mark(test=name, what="begins")
            began = time.time()
            yield cluster
            if failed() and site.lab.has_snapshot(CONVERGED):
                return  # The next test begins with the saved cluster, and need not wait for this.
            cluster.heal()
            healed = time.monotonic()
            mark(test=name, what="ends")
            if target.engine == "agent":
                for node in site.lab.nodes:
                    fetch(site.lab, node, OUT / "journals" / name / node)
            assert cluster.serves(since=healed), "the service is not served after the test"
            site.spoiled = False
            account = client.finish()
            both = observer.both_active()
            active = told(observer.intervals(), began)
        properties += figures(account, client.served.rows)
        properties += [("both_active", len(both)), ("active", active)]
        assert account["verified"] and not account["lost"], account
        assert not both, f"two nodes were active: {both}"
    finally:
        client.kill()


def figures(account: Mapping[str, Any], rows: Sequence[float]) -> list[tuple[str, object]]:
    """What was measured, for pytest's report."""
    longest = max((later - earlier for earlier, later in pairwise(rows)), default=0.0)
    return [
        ("acknowledged", account["acknowledged"]),
        ("lost", len(account["lost"])),
        ("longest_gap_s", round(longest, 3)),
    ]


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """The long faults are for ``make show WHAT=exclusion`` (LONG=1, shared and lease)."""
    wanted = {"long": LONG not in ("", *LABS), **{name: name == LONG for name in LABS}}
    return None if wanted.get(collection_path.name, True) else True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failing test prints both nodes' journals."""
    report = yield
    if report.failed:
        item.stash[FAILED] = True
        for node, journal in Lab(NAME).journals().items():
            report.sections.append((f"journal of {node}", journal))
    return report
