# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scenes of the demonstration: a planned switchover and a power cut."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lab import Lab
from lab.demo.events import Moment, Played
from lab.demo.measure import ClientProcess
from lab.demo.phases import parse_history
from lab.errors import LabError
from lab.observer import Observer
from lab.progress import Progress

STEADY_S = 5.0


@dataclass
class Stage:
    """The objects of the scenes."""

    lab: Lab
    nodes: tuple[str, ...]
    service: str
    client: ClientProcess
    observer: Observer
    progress: Progress
    replicated: bool = True
    """True if the data is replicated, not on a shared disk."""

    def active(self) -> str:
        """The node on which the service is seen, empty unless it is exactly one."""
        found = self.observer.active_now()
        return found.pop() if len(found) == 1 else ""

    def other(self, node: str) -> str:
        """The node that is not ``node``."""
        return next(name for name in self.nodes if name != node)

    def status(self, node: str) -> dict[str, Any]:
        """``failoverctl status --json`` of a node.

        :raises LabError: the daemon does not answer.
        """
        done = self.lab.ssh(node, "failoverctl status --json", timeout=30, check=False)
        try:
            answer: dict[str, Any] = json.loads(done.stdout)
        except ValueError as error:
            raise LabError(f"failoverctl on {node}: {done.stderr.strip()[-300:]}") from error
        return answer


def now() -> Moment:
    """The present instant."""
    return Moment(time.time(), time.monotonic())


def switchover(stage: Stage) -> Played:
    """Move the service to the other node as an operator would."""
    before = stage.active()
    stage.progress(f"planned switchover of {stage.service}, active on {before or 'no single node'}")
    at = now()
    done = stage.lab.ssh(
        before or stage.nodes[0],
        f"failoverctl switchover {stage.service} --wait 60",
        timeout=90,
        check=False,
    )
    if done.returncode != 0:
        stage.progress(f"  refused: {(done.stderr or done.stdout).strip()[-300:]}")
    return _finish(stage, "switchover", at, before)


def power_off(stage: Stage) -> Played:
    """Cut the power of the active node.

    :raises LabError: there is no single active node whose power could be cut.
    """
    before = stage.active()
    if not before:
        raise LabError("no single node is active, so there is none to cut the power of")
    stage.progress(f"cutting the power of {before}, the active node")
    at = now()
    stage.lab.power(before, "off")
    return _finish(stage, "power_off", at, before)


def _finish(stage: Stage, name: str, at: Moment, before: str) -> Played:
    steady = stage.client.wait_steady(STEADY_S, timeout=120.0, since=at.mono)
    after = stage.active()
    words = f"served by {after or 'no single node'}" if steady else "not served again within 120 s"
    stage.progress(f"  {words}")
    until = now()
    return Played(name, stage.service, at, until, before, after, _told(stage, after))


def _told(stage: Stage, node: str) -> dict[str, Any]:
    try:
        return stage.status(node) if node else {}
    except LabError as error:
        stage.progress(f"  {error}")
        return {}


def heal(stage: Stage, dead: str, timeout: float = 300.0) -> None:
    """Give the node its power back and wait until it is a ready standby again.

    :raises LabError: it is not within ``timeout`` seconds.
    """
    stage.progress(f"giving {dead} its power back")
    stage.lab.power(dead, "on")
    wait_healed(stage, timeout)


def wait_healed(stage: Stage, timeout: float = 300.0) -> None:
    """Wait until all copies of the data are current and the standby is ready to take over.

    :raises LabError: that is not so within ``timeout`` seconds.
    """
    until = time.monotonic() + timeout
    why = "no answer yet"
    while time.monotonic() < until:
        owner = stage.active()
        sample = stage.observer.last(owner) if owner else None
        if sample and (sample.healed or not stage.replicated):
            try:
                service = _service(stage.status(owner), stage.service)
            except LabError as error:
                why = str(error)
            else:
                standby = service.get("standby") or {}
                if standby.get("able"):
                    stage.progress("  healed: all copies are current, the standby is ready")
                    return
                why = f"the standby is not ready: {standby.get('why') or 'no reason given'}"
        elif sample:
            why = f"DRBD: {sample.connection} {sample.disk}/{sample.peer_disk}"
        time.sleep(1.0)
    raise LabError(f"the cluster did not heal within {timeout:.0f} s: {why}")


def _service(status: dict[str, Any], name: str) -> dict[str, Any]:
    for service in status.get("services", []):
        if service.get("name") == name:
            return dict(service)
    raise LabError(f"failoverctl status does not know the service {name}")


def histories(stage: Stage, nodes: Sequence[str]) -> list[dict[str, Any]]:
    """The histories of all nodes as one, in order of time."""
    entries: list[dict[str, Any]] = []
    for node in nodes:
        done = stage.lab.ssh(
            node, "failoverctl history --json --lines 2000", timeout=60, check=False
        )
        if done.returncode == 0:
            entries += parse_history(done.stdout)
        else:
            stage.progress(f"  no history from {node}: {done.stderr.strip()[-200:]}")
    return sorted(entries, key=lambda entry: float(entry["time"]))
