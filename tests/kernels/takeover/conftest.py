# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two bare hosts, and a system that people built on them by hand, observed from outside."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from lab import Lab
from lab.client.account import outcomes, settle
from lab.client.gaps import longest_gap
from lab.client.recording import read
from lab.demo.playbook import CHECKOUT, PlayResult, recap
from lab.demo.target import Target
from lab.errors import LabError
from lab.observer import Observer, Watch, start
from tests.kernels.conftest import OUT, Site, machines

from .by_hand import ADDRESS, PORT, RESYNC, Pair, wait

HERE = Path(__file__).parent


class Client:
    """The client of a book, until the end."""

    def __init__(self, lab: Lab, out: Path, address: str = ADDRESS, port: int = PORT) -> None:
        self._out = out
        out.unlink(missing_ok=True)
        self._child = lab.run_in(
            [sys.executable, "-m", f"{__package__}.client", address, str(port), str(out)],
            cwd=str(CHECKOUT),
            stdin=subprocess.PIPE,
        )

    def records(self) -> list[dict[str, Any]]:
        """What it recorded so far."""
        return list(read(self._out))

    @property
    def sessions(self) -> int:
        """Connections so far; each after the first one stands for an interruption."""
        return sum(one["kind"] == "session" for one in self.records())

    def acknowledged(self, since: float = 0.0) -> list[float]:
        """Monotonic times of the acknowledgements since then."""
        return [
            r["mono"] for r in self.records() if r.get("outcome") == "ack" and r["mono"] > since
        ]

    def served(self) -> bool:
        """Wait until numbers are acknowledged from now on."""
        now = time.monotonic()
        wait(lambda: len(self.acknowledged(now)) >= 20, "numbers that are acknowledged", 120.0)
        return True

    def finish(self) -> None:
        """Let it end."""
        assert self._child.stdin is not None
        self._child.stdin.close()
        self._child.wait(90.0)

    def kill(self) -> None:
        """End it, whatever it does."""
        if self._child.poll() is None:
            self._child.kill()
            self._child.wait(5.0)


@dataclass
class Old:
    """A system that runs, and its hosts."""

    site: Site
    pair: Pair
    client: Client
    observer: Observer

    @property
    def lab(self) -> Lab:
        return self.site.lab

    def propose(self, playbook: str) -> tuple[dict[str, Any], dict[str, list[str]]]:
        """Import it: the only service of the proposal, and the sentences of each kind."""
        path = OUT / "proposal.yml"
        for old in OUT.glob("proposal.*"):
            old.unlink()
        self.site.play(playbook, "-e", f"output={path}")
        told = json.loads((OUT / "proposal.findings.json").read_text(encoding="utf-8"))
        said: dict[str, list[str]] = {}
        for one in told["findings"]:
            said.setdefault(one["kind"], []).append(one["text"])
        (group,) = yaml.safe_load(path.read_text(encoding="utf-8")).values()
        (service,) = group["vars"]["failover_services"]
        return service, said

    def decide(self, **service: Any) -> None:
        """Write into the proposal what only people know, and go on with that inventory."""
        proposal = yaml.safe_load((OUT / "proposal.yml").read_text(encoding="utf-8"))
        (group,) = proposal.values()
        group["vars"] |= yaml.safe_load((HERE / "cluster.yml").read_text(encoding="utf-8"))
        group["vars"]["failover_services"][0] |= service
        # The proposal accepts that nothing excludes a silent node. Now something does.
        assert group["vars"].pop("failover_unsafe") == ["no_exclusion"]
        decided = OUT / "decided.yml"
        decided.write_text(yaml.safe_dump(proposal), encoding="utf-8")
        self.site = Site(self.lab, replace(self.site.target, inventory=decided))

    def refused(self, *arguments: str) -> str:
        """What site.yml refuses with, on one line; nothing was changed."""
        before = self.pair.look()
        with pytest.raises(LabError):
            self.site.play("site", *arguments)
        text = (OUT / "site.log").read_text(encoding="utf-8")
        assert recap(text.splitlines())[1] == 0, "a task changed something"
        assert self.pair.look() == before
        return " ".join(text.split())

    def play(self, name: str, *arguments: str) -> PlayResult:
        """Run a playbook with the inventory that was decided."""
        return self.site.play(name, *arguments)

    @property
    def owner(self) -> str:
        """The one host on which the service is seen; empty unless it is one."""
        found = self.observer.active_now()
        return found.pop() if len(found) == 1 else ""

    def wait_owner(self, node: str) -> None:
        """The service is served, by this host alone."""
        wait(lambda: self.owner == node, f"the service on {node}", 120.0)
        assert self.client.served()

    def power_cut(self, *asked: str) -> float:
        """Cut the owner's power, kobe, and lead its service home afterwards; how long it was away.

        asked: names the cluster in an operator's command.
        """
        began = time.monotonic()
        self.lab.power("kobe", "off")
        self.wait_owner("otsu")
        away_s = self.gap(began)
        assert self.pair.whole("otsu")
        self.lab.power("kobe", "on")
        self.lab.wait_ready(timeout=240)
        ready = f"failoverctl ready {self.pair.name}"
        wait(lambda: self.lab.ssh("otsu", ready, check=False).returncode < 2, "a standby", 180.0)
        self.play("failback", *asked)
        self.wait_owner("kobe")
        return away_s

    def resyncs(self) -> set[str]:
        """The states of the connection in which blocks are copied, seen on either host."""
        seen = {s.connection for node in self.lab.nodes for s in self.observer.samples(node)}
        return {state for state in seen if state.startswith(RESYNC)}

    def gap(self, since: float) -> float:
        """The longest time without an acknowledgement since a monotonic time, in seconds."""
        times = self.client.acknowledged()
        return round(longest_gap(times, since, times[-1]).seconds, 1)

    def account(self, node: str) -> dict[str, Any]:
        """Compare what was acknowledged with what the book of this host holds, at the end."""
        self.client.finish()
        rows = outcomes(self.client.records())
        return settle(rows, self.pair.written(node)).as_dict()

    def one_at_a_time(self) -> bool:
        """Never were two hosts active."""
        assert self.observer.wait_answering()
        return not self.observer.both_active()


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """Two bare hosts; there is no inventory but that of the connections."""
    with machines(HERE / "hosts.yml") as (lab, fresh):
        watch = Watch(mount="", address=ADDRESS)
        target = Target(tuple(lab.nodes), "", watch, "", "", "", lab.inventory_path)
        yield Site(lab, target, fresh=fresh)


@contextmanager
def observed(site: Site, pair: Pair) -> Iterator[Old]:
    """Watch a pair that was made and is served."""
    watch = Watch(mount=pair.mount, address=ADDRESS, minor=pair.minor)
    client = Client(site.lab, OUT / f"{pair.name}.jsonl")
    try:
        with start(site.lab, site.lab.nodes, watch) as observer:
            yield Old(site, pair, client, observer)
    finally:
        client.kill()
        pair.forget()
