# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two services under load at once, each with a client and an observer of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest
import yaml

from lab.demo.target import Target
from tests.kernels.conftest import FAILED, OUT, Cluster, Site, watched

NODES = {"orders": "kobe", "parts": "otaru"}
"""Where each service belongs."""


@dataclass
class Both:
    """The two services."""

    orders: Cluster
    parts: Cluster

    @property
    def owners(self) -> dict[str, str]:
        """Where each is seen, "" for nowhere."""
        return {"orders": self.orders.stage.active(), "parts": self.parts.stage.active()}

    def home(self) -> None:
        """Every node back, and each service on its own."""
        self.orders.lab.mend()
        for node in self.orders.lab.nodes:
            self.orders.lab.power(node, "on")
        self.orders.wait(self.complete, "every node in the cluster")
        self.orders.site.play("failback", "-e", "cluster=works")
        self.orders.wait(lambda: self.owners == NODES, "each service on its own node")

    def complete(self) -> bool:
        """Every node counts the others as members."""
        nodes = self.orders.lab.nodes
        asked = (self.orders.lab.ssh(n, "crm_node --partition", check=False).stdout for n in nodes)
        return all(sorted(said.split()) == sorted(nodes) for said in asked)

    def boots(self) -> dict[str, str]:
        """Which of its lives each node lives."""
        return {node: self.orders.boot(node) for node in self.orders.lab.nodes}

    def moved(self, **there: str) -> None:
        """These services are on these nodes, and serve; the others are where they belong."""
        self.orders.wait(lambda: self.owners == {**NODES, **there}, f"{there}")
        assert self.orders.serves() and self.parts.serves()


@contextmanager
def watched_both(site: Site, inventory: Path, request: pytest.FixtureRequest) -> Iterator[Both]:
    """Whatever is done to them: nothing of either is lost, and none is ever active twice."""
    node = request.node
    failed = partial(node.stash.get, FAILED, False)
    # The first one brings the saved cluster back after a test that has failed.
    other = replace(site, target=Target.load(site.lab, inventory, 1), spoiled=False)
    figures: list[tuple[str, object]] = []
    with (
        watched(site, str(node.name), node.user_properties, failed) as orders,
        watched(other, f"{node.name}-parts", figures, failed) as parts,
    ):
        made = Both(orders, parts)
        assert made.owners == NODES
        yield made
        if not failed():
            made.home()
    node.user_properties += [(f"parts_{key}", value) for key, value in figures]


def without_sharing(inventory: Path) -> Path:
    """The inventory by which a node never carries two of them."""
    variables = yaml.safe_load(inventory.read_text(encoding="utf-8"))
    variables["lab_nodes"]["vars"]["failover_pacemaker"]["share"] = False
    path = OUT / "without-sharing.yml"
    path.write_text(yaml.safe_dump(variables, sort_keys=False), encoding="utf-8")
    return path
