# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every answer of failoverctl status --json is what its schema promises, in every state."""

from __future__ import annotations

import json
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from failoverd.control.health import health
from failoverd.control.nodes import Reports
from failoverd.control.status import snapshot
from failoverd.core.state import State
from failoverd.resources.service import Service
from failoverd.resources.service_settings import ServiceSettings
from tests.simulation import daemon as simulated
from tests.simulation.world import World

from . import schemas
from .answers import WELL
from .test_pair import AGENT, Pair
from .test_pair_many import COUNT, many

__all__ = ["many"]

SEEDS = range(6)
EVERY = 25
"""Steps of the core between two looks."""
DEAF = "exit 1"
"""A fence agent that never does anything."""


class Told:
    """A history that nobody reads."""

    def add(self, code: str, text: str, **more: Any) -> None: ...


def answer(pair: Pair, node: str) -> dict[str, Any]:
    done = pair.ctl(node, "status", "--json")
    assert done.returncode == 0, done.stderr
    return cast(dict[str, Any], json.loads(done.stdout))


def valid(status: dict[str, Any]) -> dict[str, Any]:
    schemas.validator("status").validate(status)
    return status


def codes(status: dict[str, Any]) -> set[str]:
    return {finding["code"] for finding in status["health"]["findings"]}


def test_the_schema_says_what_each_field_is() -> None:
    described = schemas.described("status")
    assert len(described) > 100
    assert all(text.endswith(".") for text in described)


def test_the_example_of_the_other_tests_is_a_valid_answer() -> None:
    valid(WELL)


def test_a_pair_in_order_is_ok_and_nothing_is_wrong(
    tmp_path: Path, cable: Any, script: Callable[[str, str], str]
) -> None:
    pair = Pair(tmp_path, cable, script("agent", AGENT))
    cable.ip(1, "address", "add", "10.9.0.99", "dev", "lo")
    try:
        for node in ("node1", "node2"):
            for file in ("key", "cluster.json"):
                (tmp_path / node / "etc" / file).chmod(0o600)
            pair.start(node)
        pair.wait(lambda: pair.runs_on("node1"))
        pair.wait(lambda: answer(pair, "node2")["health"]["state"] == "ok")
        pair.wait(lambda: answer(pair, "node1")["health"]["state"] == "ok")
        for node in ("node1", "node2"):
            status = valid(answer(pair, node))
            # One link alone was accepted; that stands for as long as it lasts.
            assert codes(status) == {"accepted-risk"}
    finally:
        for node in list(pair.processes):
            pair.end(node, signal.SIGKILL)


def test_a_peer_that_cannot_be_excluded_blocks_the_service_and_the_remedy_is_told(
    tmp_path: Path, cable: Any, script: Callable[[str, str], str]
) -> None:
    pair = Pair(tmp_path, cable, script("agent", DEAF))
    cable.ip(1, "address", "add", "10.9.0.99", "dev", "lo")
    try:
        pair.start("node2")
        pair.wait(lambda: pair.service("node2")["state"] == "blocked")
        assert answer(pair, "node2")["peer"]["life"] == "unseen"
        assert "service-down" in codes(valid(answer(pair, "node2")))
        pair.start("node1")
        pair.wait(lambda: pair.runs_on("node1"))
        valid(answer(pair, "node2"))
        pair.end("node1", signal.SIGKILL)
        pair.wait(lambda: pair.service("node2")["state"] == "blocked")
        pair.wait(lambda: "confirm-fenced" in pair.service("node2")["why"])
        pair.wait(lambda: "fencing-unavailable" in codes(answer(pair, "node2")))
        status = valid(answer(pair, "node2"))
        assert status["health"]["state"] == "critical"
        down = next(f for f in status["health"]["findings"] if f["code"] == "service-down")
        assert down["remedy"] == "failoverctl confirm-fenced node1"
        assert down["about"] == "shop"
    finally:
        for node in list(pair.processes):
            pair.end(node, signal.SIGKILL)


def test_fifty_services_fit_the_schema(many: Any) -> None:
    status = valid(answer(many, "node1"))
    assert len(status["services"]) == COUNT
    assert not {f["about"] for f in status["health"]["findings"]} & {
        service["name"] for service in status["services"]
    }


def _whole(state: State) -> dict[str, Any]:
    """What a daemon in this state would answer."""
    services = {
        s.name: Service(ServiceSettings(s.name, "", 3, ()), {}, Told()) for s in state.services
    }
    status = snapshot(state, services, [], {}, [], lambda name: 0.0, {})
    heartbeats: dict[str, Any] = {"keys": ["0f3ca711"], "refused": {}, "dropped": {}}
    daemon = dict.fromkeys(("late_ms", "latest_ms", "memory_bytes", "cpu_s", "cpu_percent"), 0)
    more = {"ping": [], "carrier": {}, "daemon": {**daemon, "real_time": False}, "disks": []}
    for link in status["links"]:
        link.update(received=0, missed=0)
    for service in status["services"]:
        service["ready"] = {"level": "unknown", "reason": "", "seconds": None}
    status |= {"heartbeats": heartbeats, "watchdog": None, **more}
    status["reports"] = Reports().told(state, 0.0)
    return {**status, "health": health(status)}


def test_every_state_that_the_simulator_reaches_can_be_told_and_judged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    check = schemas.validator("status")
    seen: Counter[str] = Counter()
    real, steps = simulated.step, 0

    def step(state: State, event: Any, now: float) -> Any:
        nonlocal steps
        steps += 1
        if steps % EVERY == 0:
            monkeypatch.setattr("time.monotonic", lambda: now)
            status = _whole(state)
            monkeypatch.undo()
            monkeypatch.setattr(simulated, "step", step)
            check.validate(status)
            seen.update(codes(status) | {status["health"]["state"]})
            kept = [s for s in status["services"] if not s["retired"]]
            down = [s for s in kept if s["state"] in ("blocked", "broken")]
            assert not down or status["health"]["state"] == "critical"
        return real(state, event, now)

    monkeypatch.setattr(simulated, "step", step)
    for seed in SEEDS:
        World(seed).run()
    expected = {"service-down", "node-offline", "standby-unable", "link-down", "ok", "warning"}
    assert expected <= seen.keys(), seen
