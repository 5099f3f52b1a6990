# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A dead node of two is replaced by a bare machine of the same name: what forbids it, and the plan.

The other node, the survivor, keeps the services all the time. Its keys are renewed before the new
machine gets any, so the old machine can neither be heard nor replicate, should it ever run again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.failover.cluster.plugins.module_utils import _drbd

from . import _storage

Found = Mapping[str, Mapping[str, Any]]

MARK = "/var/lib/failover/replaces"
"""File of the survivor with the name of the node whose replacement is under way."""
NONE, SAME, OTHER = "none", "same", "other"
"""What the new machine keeps of the cluster's secrets, beside those of the survivor."""
OFF = ("gone", "unseen")
"""What an engine calls a node that was proven off, and one that it has never heard in its life."""


def plan(
    model: Mapping[str, Any], node: str, found: Found, status: Mapping[str, Any], keeps: str
) -> dict[str, Any]:
    """Return lines, problems, renews (whether the keys are renewed now) and secrets.

    found: what node_info says of each machine, {} of one that does not answer. status: that of the
    survivor's engine. secrets: names of those that two nodes prove each other with.
    """
    survivor = survivor_of(model, node)
    begun = found[survivor].get("texts", {}).get(MARK) == node
    problems = list(_machine(node, survivor, found[node], keeps, begun))
    problems += _survivor(node, survivor, status, begun)
    problems += _services(node, survivor, status, begun)
    renews = not (begun and keeps == SAME)
    return {
        "lines": list(_lines(model, node, survivor, begun, renews)),
        "problems": problems,
        "renews": renews and not problems,
        "secrets": [name for s in model["services"] for name in _storage.of(s).secrets(s)],
        "begun": begun,
    }


def survivor_of(model: Mapping[str, Any], node: str) -> str:
    """The other node of two."""
    (survivor,) = (other for other in model["nodes"] if other != node)
    return str(survivor)


def _machine(
    node: str, survivor: str, info: Mapping[str, Any], keeps: str, begun: bool
) -> Iterator[str]:
    """The new machine has nothing of a cluster, or what an earlier run gave it."""
    if not info:
        yield (
            f"node: the new machine {node} does not answer. Install its system, give it the address"
            " of the inventory (ansible_host), and let Ansible log in; its host key is another one"
            f" than that of the old machine (ssh-keygen -R {node})."
        )
        return
    if begun:
        if keeps == OTHER:
            yield (
                f"node: {node} keeps other secrets than {survivor}. An earlier run began to replace"
                f" {node}, so this is the old machine, or one of another cluster. Switch it off,"
                " and start the new machine."
            )
        return
    has = []
    if info["running"]:
        has.append("a running engine")
    if info["configured"]:
        has.append(f"the configuration of {', '.join(sorted(info['configured']))}")
    if keeps != NONE:
        has.append("secrets of a cluster")
    if has:
        yield (
            f"node: {node} is not bare, it has {' and '.join(has)}. An old machine that works again"
            " needs no replacement: start it, and it is resynced. A machine of another cluster has"
            " to be taken out of that one first (playbook remove)."
        )


def _survivor(node: str, survivor: str, status: Mapping[str, Any], begun: bool) -> Iterator[str]:
    """Its engine runs, and knows that the node is off."""
    if not status:
        yield (
            f"{survivor}: no engine answers there, but it has to keep the services meanwhile. Start"
            " it; the playbook status shows the cluster."
        )
        return
    life = next((r["life"] for r in status.get("reports", ()) if r["name"] == node), "unseen")
    if begun or life in OFF:
        return
    if node not in status["silent"]:
        yield (
            f"node: {survivor} hears {node}, so it lives. To replace it nonetheless, have its"
            f" services leave (playbook standby), switch it off, and run this again with the new"
            " machine."
        )
        return
    yield (
        f"node: {survivor} has no proof that {node} is off: {node} is silent. Wait until a fence"
        f" device has proved it; or, if you know that the old machine is off: ansible-playbook"
        f" failover.cluster.confirm_fenced -e node={node}"
    )


def _services(node: str, survivor: str, status: Mapping[str, Any], begun: bool) -> Iterator[str]:
    """Every service runs on the survivor, with data that are up to date."""
    diverged = [
        finding["about"]
        for finding in status.get("health", {}).get("findings", ())
        if finding["code"] == "split-brain"
    ]
    for service in status.get("services", ()):
        name, disk = service["name"], service.get("disk")
        if name in diverged:
            yield (
                f"{name}: its copies have diverged, so {node} may have rows that {survivor} lacks."
                " Read the disk of the old machine before you give it up (docs/operating.md)."
            )
        elif service["owner"] != survivor or service["state"] != "running":
            why = f": {service['why']}" if service["why"] else ""
            where = service["owner"] or "no node"
            yield (
                f"{name}: does not run on {survivor}; it is {service['state']} on {where}{why}."
                f" What {survivor} has must be known to be good before the other copy is given up."
            )
        elif disk and disk["disk"] != "UpToDate":
            yield (
                f"{name}: the copy of {survivor} is {disk['disk']}, not UpToDate. The disk of the"
                " old machine may be the better one; keep it."
            )
        elif disk and disk["suspended"]:
            yield f"{name}: its I/O is frozen on {survivor}; the status says what ends that."
        elif disk and not begun and _drbd.linked(disk):
            yield (
                f"{name}: the kernel of {node} answers over the replication link, so {node} is not"
                " dead. Switch it off first."
            )


def _lines(
    model: Mapping[str, Any], node: str, survivor: str, begun: bool, renews: bool
) -> Iterator[str]:
    replicated = [s["name"] for s in model["services"] if _storage.of(s).replicated]
    names: Sequence[str] = [s["name"] for s in model["services"]]
    if begun:
        yield f"An earlier run began to replace {node}; this run finishes it."
    steps = []
    if renews:
        what = f" and of the replication of {', '.join(replicated)}" if replicated else ""
        steps.append(
            f"{survivor} gets new keys of the heartbeats{what}. Its daemon restarts; no service"
            " stops. The old machine is locked out from then on."
        )
    steps.append(
        f"The new machine {node} is built by the playbook site, with the checks of that playbook:"
        f" a disk that holds something is refused. Nothing is created on the disks of {survivor}."
    )
    if replicated:
        steps.append(
            f"Everything of {', '.join(replicated)} is copied from {survivor} while it is in use."
            f" Until that is done, {node} cannot take it over."
        )
    run = "runs" if len(names) == 1 else "run"
    steps.append(
        f"{', '.join(names)} {run} on {survivor} all the time; the expected downtime is 0 s."
    )
    yield from (f"{number}. {step}" for number, step in enumerate(steps, 1))
    yield (
        "The old machine knows the passwords of the databases and of the fence devices, also of"
        f" the one that switches {survivor} off. It must never run again with its disks. If that is"
        " not certain, change these passwords on the devices and in the inventory first."
    )
