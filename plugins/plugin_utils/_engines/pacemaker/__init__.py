# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""pacemaker: Corosync and Pacemaker of the distribution, for two nodes and more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..._inventory.kinds import Key
from ..._inventory.reading import Scope, attempt, known, put
from ..._problems import Problems
from .._base import Engine, Found, Hooks, Model
from .._lock_disks import lock_disks
from . import cib, corosync, durations, fences, locks, refusals, replicas, shutdown, streaming
from .variables import PACEMAKER

PROVED_NODES = 2
PROVED = "proved on real kernels only for two nodes with DRBD, on Debian 12"


class Pacemaker(Engine):
    """corosync.conf and its key, the part of the CIB that is ours, and a drop-in for systemd."""

    def complete(self, model: Any, scope: Scope) -> None:
        put(scope, model, "pacemaker", _settings, model, scope)
        if model["sfex"] is not None:
            put(scope, model["sfex"], "times", locks.times, model["sfex"])
            with scope.problems:
                locks.numbered(model)
        with scope.problems:
            refusals.given(model, scope.problems)

    def check(self, model: Any, problems: Problems) -> None:
        with problems:
            refusals.completed(model, problems)

    def judge(self, model: Model, found: Found) -> list[str]:
        refusals.hosts(model, found)
        lock_disks(model, found)
        return []

    def packages(self, model: Model) -> Sequence[str]:
        device = ["corosync-qdevice"] if model["pacemaker"].get("quorum_device") else []
        return [*self.needs, *device]

    def notes(self, model: Model) -> list[str]:
        """What the engine agent would ask, and this one does not."""
        asked = [
            f"{service['name']}: Pacemaker looks whether {application['name']} runs, and asks it"
            " nothing; the engine agent asks whether it serves."
            for service in model["services"]
            for application in service["applications"]
            if application.get("monitor") and not streaming.runs(service, application)
        ]
        replicated = all(map(replicas.replicated, model["services"]))
        proved = replicated and len(model["nodes"]) == PROVED_NODES
        return [*(() if proved else (f"failover_engine: pacemaker is {PROVED}.",)), *asked]

    def costs(self, model: Model) -> list[str]:
        silent = (durations.token_ms(model) + durations.consensus_ms(model)) / 1000
        longest = fences.longest_s(model)
        return [
            f"an owner that dies counts as lost {silent:g} s after its last sign of life; then its"
            f" fence device has up to {longest:g} s.",
            *(
                f"{service['name']}: if the other copy of its disk is lost, its writes wait until"
                f" that node is fenced: up to {silent + longest:g} s if the device answers."
                for service in model["services"]
                if replicas.replicated(service)
            ),
            *locks.costs(model),
        ]

    def ports(self, link: Mapping[str, Any]) -> Sequence[tuple[str, int]]:
        return [("udp", link["port"])]

    def files(self, model: Model, node: str, secrets: Mapping[str, str]) -> dict[str, str]:
        return {
            "corosync.conf": corosync.render(model),
            "authkey": corosync.key(secrets["corosync"]),
            "cib.xml": cib.render(model),
            "pacemaker.conf": shutdown.drop_in(model),
        }


def _settings(model: Any, scope: Scope) -> Any:
    """What was given of failover_pacemaker, with the defaults; all of them without it."""
    given = model["pacemaker"]
    if given is not None:
        return given
    return known(attempt(scope, PACEMAKER.read, "failover_pacemaker", {}, scope))


KIND = Pacemaker(
    name="pacemaker",
    text=f"Corosync and Pacemaker of the distribution. It is {PROVED}.",
    most=16,
    ignores=("failover_notifications", "failover_watchdog"),
    variables={
        "failover_pacemaker": Key(
            PACEMAKER, "What only Corosync and Pacemaker need.", otherwise="the defaults"
        )
    },
    # The agent Filesystem refuses to work without fuser, which the package only recommends.
    needs=("corosync", "pacemaker", "pacemaker-cli-utils", "psmisc", "resource-agents"),
    secrets=("corosync",),
    reserved=("corosync*", "pacemaker*", "sbd*"),
    hooks=Hooks(
        drbd=replicas.HANDLERS,
        locks="sfex",
        # Who may ask Pacemaker may order it, too. So the page does not ask it by itself.
        status="/run/failoverd-page/status.sock",
        telling=("/usr/bin/python3", "-ISu", "/usr/lib/failoverctl/telling.py"),
        teller="hacluster",
        # Nothing in before: Pacemaker orders a unit itself, by a drop-in that it removes when it
        # stops the unit. An order that stayed would hold that stop up until Pacemaker has ended.
        units=("pacemaker.service", "corosync.service"),
    ),
)
