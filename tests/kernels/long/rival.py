# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stranger on the lab's first LAN who answers for an address that is not his."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from lab import Lab
from lab.command import run
from lab.uml import bridge_name

NAME = "failover-rival"
MAC = "52:00:00:00:ba:d1"


@contextmanager
def rival(lab: Lab, address: str, prefix: int) -> Iterator[str]:
    """He is there until the end of the block; gives his MAC address."""
    run(["ip", "netns", "add", NAME])
    try:
        link = f"link add rival0 type veth peer name rival1 netns {NAME}"
        lines = [link, f"link set rival0 master {bridge_name(0)}", "link set rival0 up"]
        run(["ip", "-n", lab.namespace, "-batch", "-"], input="\n".join(lines) + "\n")
        lines = [
            f"link set rival1 address {MAC}",
            f"addr add {address}/{prefix} dev rival1",
            "link set rival1 up",
        ]
        run(["ip", "-n", NAME, "-batch", "-"], input="\n".join(lines) + "\n")
        yield MAC
    finally:
        run(["ip", "netns", "del", NAME])
