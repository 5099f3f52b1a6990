# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pacemaker and Corosync of the distribution, as site.yml has configured them."""

from __future__ import annotations

import time

from bench.cases import CASES
from lab.demo.scenes import Stage, wait_healed
from lab.errors import LabError

OWNER_S = 300.0
"""Its agents are scripts, which are slow on these hosts."""
OPERATIONS = (
    "cibadmin --query --xpath //op | grep -o 'name=\"monitor\" [^>]*' | sort | uniq -c | sort -rn"
)


class Pacemaker:
    """The cluster acts by itself."""

    name = "pacemaker"
    engine = "pacemaker"
    cases = frozenset(CASES)

    def about(self, stage: Stage) -> dict[str, str]:
        """Versions, timing and monitors."""
        ask = {
            "versions": "dpkg-query -W -f '${Package} ${Version}\\n' pacemaker corosync drbd-utils",
            "timing": "grep -E 'token|consensus|join' /etc/corosync/corosync.conf",
            "monitors": OPERATIONS,
        }
        told = {
            name: stage.lab.ssh(stage.nodes[0], text, check=False) for name, text in ask.items()
        }
        return {name: said.stdout.strip() for name, said in told.items()}

    def take(self, stage: Stage) -> None:
        """Start it on both nodes; it starts the service."""
        for node in stage.nodes:
            stage.lab.ssh(node, "systemctl start corosync pacemaker", timeout=120)
        until = time.monotonic() + OWNER_S
        while not stage.active():
            if time.monotonic() > until:
                raise LabError(f"pacemaker started nothing within {OWNER_S:.0f} s")
            time.sleep(0.5)
        wait_healed(stage, OWNER_S)

    def react(self, stage: Stage, case: str, owner: str) -> None:
        """That is the cluster's own affair."""

    def move(self, stage: Stage, owner: str) -> None:
        """As an operator types it."""
        order = f"failoverctl switchover {stage.service} --wait {OWNER_S:.0f}"
        stage.lab.ssh(owner, order, timeout=OWNER_S + 30)

    def heal(self, stage: Stage, owner: str) -> None:
        """The node joins again by itself; what failed may run there again."""
        wait_healed(stage, OWNER_S)
        stage.lab.ssh(stage.active(), "crm_resource --cleanup", timeout=90, check=False)
        wait_healed(stage, OWNER_S)

    def leave(self, stage: Stage) -> None:
        """Stop the standby, then the node with the service."""
        active = stage.active()
        for node in sorted(stage.nodes, key=lambda name: name == active):
            stage.lab.ssh(node, "systemctl stop pacemaker corosync", timeout=300, check=False)


SYSTEM = Pacemaker()
