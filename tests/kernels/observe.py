# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the fault tests ask of a cluster, in words."""

from __future__ import annotations

import contextlib
import time
from functools import partial
from typing import Any

from lab.errors import LabError

from .conftest import Cluster


def cut(cluster: Cluster, node: str) -> None:
    """Cut every link between the nodes; the gateway and the BMCs stay in reach."""
    for link in cluster.lab.spec.links:
        cluster.lab.link(node, link.name, "down" if link.kind == "serial" else "isolate")


def narrow(cluster: Cluster, node: str, link: str) -> None:
    """Let what this node sends over a LAN pass slowly, until its next boot or ``widen``."""
    device = cluster.lab.spec.link(link).interface
    rate = "tbf rate 16mbit burst 64kb latency 400ms"
    cluster.lab.ssh(node, f"tc qdisc add dev {device} root {rate}")


def widen(cluster: Cluster, node: str, link: str) -> None:
    """And as fast as before."""
    device = cluster.lab.spec.link(link).interface
    cluster.lab.ssh(node, f"tc qdisc del dev {device} root")


def mend_links(cluster: Cluster, node: str) -> None:
    """And back."""
    for link in cluster.lab.spec.links:
        cluster.lab.link(node, link.name, "up")


def wait_new_life(cluster: Cluster, node: str, boot: str, timeout: float = 120.0) -> None:
    """Wait until the node is seen in another of its lives than ``boot``."""

    def born() -> bool:
        sample = cluster.stage.observer.last(node)
        return sample is not None and sample.boot != boot.strip()

    cluster.wait(born, f"{node}: its next life", timeout)


def service(cluster: Cluster, node: str) -> dict[str, Any]:
    """The service as ``failoverctl status`` on that node shows it; empty while nobody answers."""
    with contextlib.suppress(LabError):
        found: dict[str, Any] = cluster.stage.status(node)["services"][0]
        return found
    return {}


def shown(cluster: Cluster, node: str) -> str:
    """What ``failoverctl status`` prints there."""
    return cluster.lab.ssh(node, "failoverctl status", check=False).stdout


def entries(cluster: Cluster, node: str, since: float, code: str) -> list[dict[str, Any]]:
    """Entries of the node's history since a wall-clock time, empty while nobody answers."""
    found = cluster.history(node)
    return [entry for entry in found if entry["time"] >= since and entry["code"] == code]


def orders(cluster: Cluster, node: str, since: float, ask: str) -> list[dict[str, Any]]:
    """What the node asked of its fence device: status, off or on, and what came of it."""
    found = entries(cluster, node, since, "fence-end")
    return [entry["data"] for entry in found if entry["data"]["ask"] == ask]


def wait_shots_over(cluster: Cluster, since: float) -> None:
    """No fence is under way any more: a device that hung may still carry it out when mended."""

    def over(node: str) -> bool:
        begun = entries(cluster, node, since, "fence-begin")
        ended = entries(cluster, node, since, "fence-end")
        return len(begun) == len(ended)

    for node in cluster.lab.nodes:
        cluster.wait(partial(over, node), f"{node}: the end of its fence")


def never_active(cluster: Cluster, node: str, since: float) -> bool:
    """Nothing of the service was seen on the node since a wall-clock time."""
    samples = cluster.stage.observer.samples(node)
    return not any(sample.active for sample in samples if sample.time >= since)


def wait_blocked(cluster: Cluster, node: str, *words: str) -> str:
    """Wait until the service is blocked there with all these words in the reason; returns it."""
    why = ""

    def blocked() -> bool:
        nonlocal why
        found = service(cluster, node)
        why = str(found.get("why", ""))
        return found.get("state") == "blocked" and all(word in why for word in words)

    try:
        cluster.wait(blocked, f"{node}: blocked because of {' '.join(words)}")
    except AssertionError as error:
        raise AssertionError(f"{error}; it says {why!r}") from None
    assert why in shown(cluster, node)
    return why


def wait_active(cluster: Cluster, node: str, timeout: float = 120.0) -> None:
    """Wait until the service is seen on this node alone."""
    cluster.wait(lambda: cluster.stage.active() == node, f"the service on {node}", timeout)


def silence(cluster: Cluster, seconds: float) -> None:
    """No row is acknowledged for so long. Pages may come from a cache while I/O is frozen."""
    before = len(cluster.stage.client.look().rows)
    time.sleep(seconds)
    assert len(cluster.stage.client.look().rows) == before
