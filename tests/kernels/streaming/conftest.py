# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The usual fixtures on hosts without DRBD. Both servers are asked all the time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lab import Lab
from lab.client.app import PASSWORD_VARIABLE
from lab.demo.playbook import CHECKOUT
from tests.kernels import layer
from tests.kernels.conftest import Cluster, Site, raised

HERE = Path(__file__).parent
DISK, NAME, MOUNT = "/dev/ubdb", "data", "/data"
LAYER = f"/dev/mapper/{NAME}"
"""Takes the place of the disk, so that it can be made to fail."""
OPEN = f"{layer.create(NAME, DISK)} && mkdir -p {MOUNT} && mount {LAYER} {MOUNT}"
READING = "10.44.9.201/"
PROGRAM = (sys.executable, "-m", "tests.kernels.streaming.servers")
ENDS_S = 120.0


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """Two hosts, each with a file system of its own."""
    with raised(HERE / "hosts.yml", HERE / "cluster.yml") as site:
        if site.fresh:
            for node in site.lab.nodes:
                site.lab.ssh(node, f"mkfs.ext4 -q {DISK}", timeout=180)
                layer.install(site.lab, node, NAME, OPEN, enable="enable --now")
        yield site


@dataclass
class Pair:
    """A cluster, and what a person has to type in it."""

    cluster: Cluster
    tell: Callable[[str, object], None]
    """Puts a figure into the report."""

    @property
    def lab(self) -> Lab:
        return self.cluster.lab

    def postmaster(self, node: str) -> str:
        """The server's process, "" if it is not known to run."""
        pid = f"{MOUNT}/orders/postgresql/postmaster.pid"
        return self.lab.ssh(node, f"head -n 1 {pid}", check=False).stdout.strip()

    def kill(self, node: str) -> None:
        """End the server as a crash does."""
        self.lab.ssh(node, f"kill -9 {self.postmaster(node)}")

    def waits_for_a_person(self, node: str) -> bool:
        """Whether the cluster has given the copy of a node up."""
        told = self.lab.ssh(node, "crm_mon -1", check=False).stdout
        return "failover.orders.streaming_" in told and f"on {node} " in told

    def rejoin(self, node: str, action: str) -> None:
        """Bring it back with one command, and see by which way."""
        self.cluster.wait(lambda: self.waits_for_a_person(node), f"{node}: its copy given up")
        done = self.cluster.site.play("rejoin", "-e", f"node={node}")
        said = " ".join(done.log.read_text(encoding="utf-8").split())
        assert f"orders: {action};" in said, said[-3000:]
        self.tell("typed", "rejoin")
        self.tell("rejoin_s", round(done.seconds, 1))

    def broken_agent(self, node: str, action: str) -> None:
        """Have the agent of the server fail in an action, until the next boot."""
        agent = "/usr/lib/ocf/resource.d/failover/pgsql"
        self.lab.ssh(
            node,
            f'cp {agent} /run/real && printf \'#!/bin/sh\\n[ "$1" = {action} ] && exit 1\\n'
            'exec /run/real "$@"\\n\' >/run/agent && chmod 755 /run/agent /run/real'
            f" && mount --bind /run/agent {agent}",
        )

    def reads_at(self) -> str:
        """The node that has the address for reading."""
        show = "ip -brief address"
        nodes = [node for node in self.lab.nodes if self.lab.power_state(node) == "on"]
        return ",".join(n for n in nodes if READING in self.lab.ssh(n, show, check=False).stdout)


@pytest.fixture
def pair(cluster: Cluster, request: pytest.FixtureRequest) -> Iterator[Pair]:
    """A cluster of this test alone: never do both servers take writes."""

    def tell(key: str, value: object) -> None:
        request.node.user_properties.append((key, value))

    asker = _asker(cluster)
    try:
        assert asker.stdout is not None and asker.stdout.readline() == "ready\n"
        yield Pair(cluster, tell)
        out, _err = asker.communicate("", timeout=ENDS_S)
        said: dict[str, Any] = json.loads(out)
        tell("asked", said["rounds"])
        tell("both_writable", len(said["both"]))
        assert said["seen"] and said["both"] == [], said
    finally:
        if asker.poll() is None:
            asker.kill()
            asker.wait(ENDS_S)


def _asker(cluster: Cluster) -> subprocess.Popen[str]:
    target = cluster.site.target
    servers = [f"{one.name}={one.addresses['office']}" for one in cluster.lab.spec.nodes]
    asker: subprocess.Popen[str] = cluster.lab.run_in(
        [*PROGRAM, target.database, target.user, *servers],
        cwd=str(CHECKOUT),
        env={**os.environ, PASSWORD_VARIABLE: target.password},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    return asker
