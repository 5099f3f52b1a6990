# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The floor: somebody who knows at once, has excluded the other node, and types the shortest way.

No detection, no fencing, no verification. Nothing that is safe can be quicker on these hosts.
"""

from __future__ import annotations

import time

from lab.demo.scenes import Stage
from lab.errors import LabError

HEALED_S = 180.0
DRBD = "PATH=/lib/drbd:/usr/lib/drbd:$PATH; S=$(command -v drbdsetup-84 || command -v drbdsetup)"
HELPER = "/sys/module/drbd/parameters/usermode_helper"
"""Asked by DRBD whether the peer is excluded; 7 says that it is."""
SETUP = r"""
printf '#!/bin/sh\nexit 7\n' > /root/floor-helper; chmod 755 /root/floor-helper
systemctl disable --quiet --now failoverd
modprobe drbd; drbdadm up {service} 2>/dev/null; drbdadm adjust {service}
echo /root/floor-helper > {helper}
systemctl reset-failed {database} {pages} 2>/dev/null || true
"""
START = (
    DRBD
    + r"""
n=0; until $S primary {minor} 2>/dev/null || [ $n -ge 100 ]; do n=$((n+1)); sleep 0.02; done
mount /dev/drbd{minor} {mount}
ip address add {address}/24 dev eth0
arping -q -U -c 1 -I eth0 {address} &
systemctl start {database}
systemctl start {pages}
wait
"""
)
STOP = (
    DRBD
    + r"""
systemctl stop {pages}
systemctl stop {database}
ip address del {address}/24 dev eth0
umount {mount}
$S secondary {minor}
"""
)
DATABASE, PAGES = "postgresql-{}.service", "apache-{}.service"
"""The units that the collection makes for a service."""


class Floor:
    """A person with a prepared command line."""

    name = "floor"
    engine = "agent"
    cases = frozenset({"power_off", "kernel_hung", "postmaster", "switchover"})

    def about(self, stage: Stage) -> dict[str, str]:
        """The command lines."""
        return {"start": self._text(stage, START), "stop": self._text(stage, STOP)}

    def take(self, stage: Stage) -> None:
        """Start it on the first node."""
        for node in stage.nodes:
            stage.lab.ssh(node, self._text(stage, SETUP), timeout=90)
        self._wait_connected(stage)
        stage.lab.ssh(stage.nodes[0], self._text(stage, START), timeout=90)

    def react(self, stage: Stage, case: str, owner: str) -> None:
        """Known this moment."""
        if case == "postmaster":
            stage.lab.ssh(owner, f"systemctl restart {DATABASE.format(stage.service)}", timeout=90)
        elif case != "switchover":
            stage.lab.ssh(stage.other(owner), self._text(stage, START), timeout=90)

    def move(self, stage: Stage, owner: str) -> None:
        """Stop here, start there."""
        stage.lab.ssh(owner, self._text(stage, STOP), timeout=90)
        stage.lab.ssh(stage.other(owner), self._text(stage, START), timeout=90)

    def heal(self, stage: Stage, owner: str) -> None:
        """Bring the other copy up to date."""
        if stage.active() != owner:
            stage.lab.wait_ready(timeout=240)
            # A node that was frozen wakes up with everything: it was excluded only in words.
            stage.lab.ssh(owner, self._text(stage, STOP), check=False, timeout=90)
            stage.lab.ssh(owner, self._text(stage, SETUP), timeout=90)
        self._wait_connected(stage)

    def leave(self, stage: Stage) -> None:
        """Stop it, and give the hosts back to their daemon."""
        for node in stage.nodes:
            stage.lab.ssh(node, self._text(stage, STOP), check=False, timeout=90)
            stage.lab.ssh(node, f"echo /usr/lib/failoverd/fence-peer > {HELPER}")
            stage.lab.ssh(node, "systemctl enable --quiet failoverd")

    def _wait_connected(self, stage: Stage) -> None:
        until = time.monotonic() + HEALED_S
        while time.monotonic() < until:
            samples = [stage.observer.last(node) for node in stage.nodes]
            if all(sample is not None and sample.healed for sample in samples):
                return
            time.sleep(0.5)
        raise LabError(f"the floor: the copies are not equal after {HEALED_S:.0f} s")

    def _text(self, stage: Stage, script: str) -> str:
        watch = stage.observer.watch
        return script.format(
            service=stage.service,
            minor=watch.minor,
            mount=watch.mount,
            address=watch.address,
            helper=HELPER,
            database=DATABASE.format(stage.service),
            pages=PAGES.format(stage.service),
        )


SYSTEM = Floor()
