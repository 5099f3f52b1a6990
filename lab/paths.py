# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The paths of all files of the lab."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


def lab_home() -> Path:
    """Root of all labs and images: $FAILOVER_LAB_HOME or ~/.cache/failover-lab."""
    chosen = os.environ.get("FAILOVER_LAB_HOME")
    return Path(chosen) if chosen else Path.home() / ".cache" / "failover-lab"


def images_dir() -> Path:
    """Base images and package repositories, shared by all labs."""
    return lab_home() / "images"


@dataclass(frozen=True)
class LabPaths:
    """Paths of one lab below its own directory."""

    root: Path

    @classmethod
    def of(cls, name: str) -> LabPaths:
        """Paths of the lab called ``name``."""
        return cls(lab_home() / "labs" / name)

    @property
    def spec(self) -> Path:
        """The specification of the running lab and the image it was raised from."""
        return self.root / "lab.json"

    @property
    def lock(self) -> Path:
        """Held while the lab is raised, stopped or restored."""
        return self.root / "lock"

    @property
    def keys(self) -> Path:
        """Host keys and the key of the throwaway user; they outlive ``down``."""
        return self.root / "keys"

    @property
    def ssh_config(self) -> Path:
        """OpenSSH client configuration that reaches every node."""
        return self.root / "ssh_config"

    @property
    def ssh_sockets(self) -> Path:
        """Sockets of multiplexed ssh connections."""
        return self.root / "ssh"

    @property
    def inventory(self) -> Path:
        """Ansible inventory with hosts and connection variables only."""
        return self.root / "inventory.yml"

    @property
    def bmc_password(self) -> Path:
        """Password of every BMC of this lab, mode 0600."""
        return self.root / "bmc-password"

    @property
    def run(self) -> Path:
        """Pid files and control sockets of the running lab."""
        return self.root / "run"

    @property
    def logs(self) -> Path:
        """Output of the lab's own processes."""
        return self.root / "logs"

    @property
    def nodes(self) -> Path:
        """Disks and consoles of the nodes."""
        return self.root / "nodes"

    def node(self, node: str) -> Path:
        """Directory of one node."""
        return self.nodes / node

    def console(self, node: str) -> Path:
        """Console output of the node's present life."""
        return self.node(node) / "console.log"

    def behaviour(self, node: str) -> Path:
        """The behaviour of the node's BMC, as one word (see lab.bmc)."""
        return self.node(node) / "bmc-behaviour"

    @property
    def snapshots(self) -> Path:
        """Saved disks; they outlive ``down``."""
        return self.root / "snapshots"
