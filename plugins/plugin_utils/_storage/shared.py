# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""shared: a disk that both nodes see, with a lock if the cluster has failover_sfex."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from .._inventory.kinds import Flag, Key, Whole
from .._inventory.nested import Each
from .._inventory.reading import Scope, put
from .._inventory.storage import DEVICE, FILESYSTEM, MOUNT, OPTIONS
from .._problems import Problem
from ._base import Found, Storage
from ._numbers import Numbers, choose

LOCKS = range(1, 65)
"""Locks of a lock disk."""
MMP_S = 22
"""What the kernel waits at the first mount after a crash of an ext4 with multi-mount protection,
unless its last host is excluded otherwise."""


class Shared(Storage):
    """Good are the data of whoever holds the lock, or whose peer is fenced."""

    def complete(self, storage: Any, where: str, links: Any, locks: Any, scope: Scope) -> None:
        with scope.problems:
            if "lock" in storage and locks is None:
                raise Problem(f"{where}.lock: means nothing without failover_sfex.")
        with scope.problems:
            if "mmp" in storage and storage["filesystem"] != "ext4":
                kind = storage["filesystem"]
                raise Problem(f"{where}.mmp: {kind} has no multi-mount protection; ext4 has it.")
        put(scope, storage, "mmp", lambda: storage.get("mmp", storage["filesystem"] == "ext4"))
        if locks is not None:
            storage.setdefault("lock", None)
        # Nothing of a shared disk is ever overwritten.
        storage.update(link="", overwrite=False, adopt=False)

    def number(self, services: Sequence[Any], found: Found, ports: Collection[int]) -> None:
        locked = [service for service in services if "lock" in service["storage"]]
        choose(_locks([service["name"] for service in locked], found), locked)

    def before(self, service: Mapping[str, Any], cluster: str, locks: Any) -> list[dict[str, Any]]:
        if "lock" not in service["storage"] or locks is None:
            return []
        return [
            {
                "name": self.resource,
                "type": "sfex",
                "cluster": cluster,
                "lock": service["name"],
                "disk": dict(locks["disk"]),
                "index": service["storage"]["lock"],
                **locks["times"],
                "start_timeout_s": max(60.0, 2 * locks["times"]["timeout_s"] + 20.0),
                "after": [],
            }
        ]

    def mounting(self, storage: Mapping[str, Any]) -> dict[str, Any]:
        if storage["filesystem"] != "ext4":
            return {}
        return {"multi_mount_protection": True, "locked": "lock" in storage}

    def ours(
        self, service: Mapping[str, Any], info: Mapping[str, Any], seen: Mapping[str, Any]
    ) -> bool:
        """It has a file system already, which is kept as it is."""
        storage = service["storage"]
        return bool(
            storage["mount"] in info["mounts"] or seen["signature"] == storage["filesystem"]
        )

    def judge(
        self, service: Mapping[str, Any], nodes: Sequence[str], found: Found, repair: bool
    ) -> None:
        first, *others = nodes
        sizes = {node: found[node]["disks"][service["name"]]["size"] for node in nodes}
        for second in others:
            if sizes[first] != sizes[second]:
                raise Problem(
                    f"{service['where']}.storage.disk: is not the same disk on both nodes; it has"
                    f" {sizes[first]} bytes on {first} and {sizes[second]} on {second}."
                )

    def notes(self, service: Mapping[str, Any]) -> Sequence[str]:
        if not service["storage"]["mmp"]:
            return []
        return [
            f"{service['name']}: multi-mount protection adds about {MMP_S} s to its start after"
            " a crash of this node, and of the other one without proof and lock (storage.mmp)."
        ]


def _locks(names: Iterable[str], found: Found) -> Numbers:
    numbers, known = Numbers("lock", LOCKS, "the lock disk"), set(names)
    for node, info in found.items():
        for name, number in (info.get("locks") or {}).items():
            if name in known:
                numbers.kept.setdefault(name, {})[node] = number
            else:
                numbers.foreign[number] = f"service {name} on the lock disk"
    return numbers


KIND = Shared(
    name="shared",
    keys={
        "disk": Key(Each(DEVICE), "Disk that both nodes see.", required=True),
        "mount": MOUNT,
        "filesystem": FILESYSTEM,
        "options": OPTIONS,
        "mmp": Key(
            Flag(),
            "Multi-mount protection of a new ext4. It adds about 22 s to a start after a crash,"
            " unless the crashed node is proven off or its lock was taken.",
            otherwise="true for ext4",
        ),
        "lock": Key(
            Whole(LOCKS[0], LOCKS[-1]),
            "Number of the lock on failover_sfex. It belongs to the service and never changes.",
            otherwise="the one that it has, or the lowest that is free",
        ),
    },
    role="shared",
    resource="sfex",
)
