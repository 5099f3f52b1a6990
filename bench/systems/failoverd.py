# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""failoverd, as site.yml has configured it."""

from __future__ import annotations

import time

from bench.cases import CASES
from lab.demo.scenes import Stage, wait_healed
from lab.errors import LabError

OWNER_S = 120.0


class Failoverd:
    """The daemon acts by itself."""

    name = "failoverd"
    engine = "agent"
    cases = frozenset(CASES)

    def about(self, stage: Stage) -> dict[str, str]:
        """The timing that it runs with."""
        node = stage.nodes[0]
        said = stage.lab.ssh(node, "failoverctl --help >/dev/null; drbdadm --version | head -1")
        timing = stage.lab.ssh(
            node,
            'python3 -c \'import json;print(json.load(open("/etc/failoverd/cluster.json"))'
            '.get("timing", {}))\'',
            check=False,
        )
        return {"drbd": said.stdout.strip(), "timing": timing.stdout.strip() or "as shipped"}

    def take(self, stage: Stage) -> None:
        """Start the daemons; they start the service."""
        for node in stage.nodes:
            stage.lab.ssh(node, "systemctl start failoverd")
        until = time.monotonic() + OWNER_S
        while not stage.active():
            if time.monotonic() > until:
                raise LabError(f"failoverd started nothing within {OWNER_S:.0f} s")
            time.sleep(0.5)
        wait_healed(stage)

    def react(self, stage: Stage, case: str, owner: str) -> None:
        """That is the daemon's own affair."""

    def move(self, stage: Stage, owner: str) -> None:
        """As an operator types it."""
        stage.lab.ssh(owner, f"failoverctl switchover {stage.service} --wait 60", timeout=90)

    def heal(self, stage: Stage, owner: str) -> None:
        """The daemon brings its node back."""
        wait_healed(stage)

    def leave(self, stage: Stage) -> None:
        """Stop the service in order, then the daemons."""
        active = stage.active()
        for node in sorted(stage.nodes, key=lambda name: name == active):
            # The last one to leave has nobody to give it to, and stops it.
            stage.lab.ssh(
                node, "failoverctl handover; systemctl stop failoverd", timeout=120, check=False
            )


SYSTEM = Failoverd()
