# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""drbd: a disk of each node, replicated by DRBD."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.failover.cluster.plugins.module_utils import _drbd_size

from .._daemon import forms
from .._inventory.kinds import Flag, Key, Text, Whole
from .._inventory.nested import Each
from .._inventory.reading import Read, Scope, put
from .._inventory.storage import DEVICE, FILESYSTEM, MOUNT, OPTIONS
from .._problems import Problem, refuse
from . import _kept
from ._base import Found, Storage
from ._links import replication_link
from ._numbers import Numbers, choose

MINORS = range(256)
PORTS = range(7789, forms.PORTS[1] + 1)
FILES = "/etc/drbd.d"
METADATA = re.compile(r"internal|/dev/(?!drbd\d)[A-Za-z0-9/_.:+-]+(\[\d{1,3}\])?")


class Drbd(Storage):
    """Good are data that the kernel calls UpToDate."""

    def complete(self, storage: Any, where: str, links: Any, locks: Any, scope: Scope) -> None:
        for key in ("overwrite", "keep"):
            with scope.problems:
                if storage["adopt"] and storage[key]:
                    refuse(
                        f"{where}.{key}",
                        True,
                        "contradicts adopt: a resource that is adopted keeps its data.",
                    )
        with scope.problems:
            outside = [d for d in storage.get("metadata", {}).values() if d != _drbd_size.INTERNAL]
            if outside and not (storage["adopt"] or storage["keep"]):
                refuse(
                    f"{where}.metadata",
                    outside[0],
                    "is outside the disk; only a resource that is adopted, or one that keeps a file"
                    " system, can have that.",
                )
        put(
            scope,
            storage,
            "link",
            replication_link,
            f"{where}.link",
            storage["link"],
            links,
            "DRBD",
        )
        for key in ("minor", "port"):
            storage.setdefault(key, None)
        storage.setdefault("metadata", Read(dict.fromkeys(scope.nodes, _drbd_size.INTERNAL)))

    def number(self, services: Sequence[Any], found: Found, ports: Collection[int]) -> None:
        adopted = [s["name"] for s in services if s["storage"]["adopt"]]
        minors, both = _numbers([service["name"] for service in services], found, adopted)
        both.busy |= set(ports)
        choose(minors, services)
        choose(both, services)
        for service in services:
            service["storage"]["device"] = f"/dev/drbd{service['storage']['minor']}"
            service["storage"]["digest"] = _digest(service["name"], found)

    def before(self, service: Mapping[str, Any], cluster: str, locks: Any) -> list[dict[str, Any]]:
        storage = service["storage"]
        return [
            {
                "name": self.resource,
                "type": "drbd",
                "resource": service["name"],
                "minor": storage["minor"],
                "device": storage["device"],
                "disk": dict(storage["disk"]),
                "after": [],
            }
        ]

    def secrets(self, service: Mapping[str, Any]) -> Sequence[str]:
        return [f"drbd-{service['name']}"]

    def foreign(self, service: Mapping[str, Any], node: str, info: Mapping[str, Any]) -> None:
        """A resource of the name of a service that somebody else configured."""
        file = _file(service, info)
        if service["storage"]["adopt"]:
            self._adoptable(service, node, info)
        elif file is not None and not file["ours"]:
            raise Problem(
                f"{service['where']}.name: {FILES}/{service['name']}.res on {node} was not"
                " written by failover.cluster, and is never overwritten. Choose another name; or,"
                " to take that resource over with its data, write storage.adopt: true."
            )

    def _adoptable(self, service: Mapping[str, Any], node: str, info: Mapping[str, Any]) -> None:
        """Refuse what would become another resource on the same disk."""
        name, own = service["name"], f"{FILES}/{service['name']}.res"
        others = [
            path
            for path, told in info["drbd_files"].items()
            if path != own and name in told.get("resources", ())
        ]
        if others:
            raise Problem(
                f"{service['where']}.storage.adopt: the resource {name} of {node} stands in"
                f" {others[0]}; move it, as it is, into {own} on both nodes first."
            )
        file = _file(service, info)
        if file is None:
            raise Problem(
                f"{service['where']}.storage.adopt: {node} has no resource {name} ({own}). Leave"
                " adopt out to make a new one, or import the host that has it."
            )
        beside = [one for one in file.get("resources", ()) if one != name]
        if beside:
            raise Problem(
                f"{service['where']}.storage.adopt: {own} of {node} holds {', '.join(beside)}"
                f" besides {name}. The file is written anew, so move each of them into a file of"
                " its own on both nodes first."
            )

    def idle(self, service: Mapping[str, Any], node: str, info: Mapping[str, Any]) -> None:
        """A resource is adopted while nobody uses it: two users would destroy its file system."""
        name, file = service["name"], _file(service, info)
        used = info["disks"][name]["used"] if name in info["disks"] else ""
        if used and file is None and self.awaited(service, node):
            disk = service["storage"]["disk"][node]
            raise Problem(
                f"{service['where']}.storage.keep: {disk} is in use on {node} ({used}). It becomes"
                " the disk of a DRBD resource only while nobody uses it: stop what works with it,"
                f" and umount {disk}."
            )
        told = info.get("drbd_used", {}).get(name, {})
        if not service["storage"]["adopt"] or file is None or file["ours"]:
            return
        if told.get("role") != "Primary":
            return
        places = told["mounts"]
        mounted = f" and mounted at {', '.join(places)}" if places else ""
        commands = [*(f"umount {place}" for place in places), f"drbdadm secondary {name}"]
        raise Problem(
            f"{service['where']}.storage.adopt: the resource {name} is in use on {node}: it is"
            f" Primary{mounted}. A resource is taken over only while nobody uses it. Stop what"
            f" works with it, then type on {node}: {'; '.join(commands)}. Leave DRBD up."
        )

    def ours(
        self, service: Mapping[str, Any], info: Mapping[str, Any], seen: Mapping[str, Any]
    ) -> bool:
        """The role looks again before it writes metadata."""
        return _file(service, info) is not None

    def asked(self, storage: Mapping[str, Any], node: str) -> Mapping[str, str]:
        """The device of metadata outside of the disk."""
        device = _drbd_size.device(storage["metadata"][node])
        return {"metadata": device} if device else {}

    def keeps(self, service: Mapping[str, Any], node: str, seen: Mapping[str, Any]) -> bool:
        """What was replicated; the role refuses metadata that do not fit."""
        kept = self.awaited(service, node) and seen["signature"] == service["storage"]["filesystem"]
        return kept or bool(seen["signature"] == "drbd")

    def awaited(self, service: Mapping[str, Any], node: str) -> bool:
        """The file system that is kept may be mounted until it is taken over."""
        return bool(service["storage"]["keep"] and node == service["preferred"])

    def host(
        self, services: Sequence[Mapping[str, Any]], node: str, info: Mapping[str, Any]
    ) -> Iterator[str]:
        if services and not info["drbd_version"]:
            yield (
                f"{node}: its kernel {info['kernel']} has no module drbd, which"
                f" {services[0]['where']}.storage needs; install the kernel of the distribution"
                " that has all modules (linux-image-amd64, not a cloud kernel) and boot it."
            )

    def judge(
        self, service: Mapping[str, Any], nodes: Sequence[str], found: Found, repair: bool
    ) -> None:
        """F43: what a role writes anew needs no judgement."""
        if service["storage"]["keep"] and not any(_file(service, found[n]) for n in nodes):
            _kept.judge(service, nodes, found)
        if repair:
            return
        first, *others = nodes
        one = _file(service, found[first])
        if service["storage"]["adopt"] and one is not None and not one["ours"]:
            return  # The role writes it anew.
        for second in others:
            if one != _file(service, found[second]):
                raise Problem(
                    f"{FILES}/{service['name']}.res differs between {first} and {second}; DRBD"
                    " needs the same configuration on both nodes."
                )
        if one is not None and not one["fencing"]:
            raise Problem(
                f"{FILES}/{service['name']}.res: fencing is not resource-and-stonith; a cut"
                " replication link could lose acknowledged writes."
            )

    def left(self, names: Collection[str], info: Mapping[str, Any]) -> list[str]:
        return [name for name in names if f"{FILES}/{name}.res" in info["drbd_files"]]

    def stale(self, used: Collection[str], info: Mapping[str, Any]) -> list[str]:
        ours = [path for path, file in info["drbd_files"].items() if file["ours"]]
        names = [path.rpartition("/")[2].removesuffix(".res") for path in ours]
        return sorted(name for name in names if name not in used)


def _file(service: Mapping[str, Any], info: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What the node has of the resource file of a service."""
    result: Mapping[str, Any] | None = info["drbd_files"].get(f"{FILES}/{service['name']}.res")
    return result


def _digest(service: str, found: Found) -> str:
    """How the nodes prove the shared secret to each other. A resource that exists keeps its way:
    nodes that differ do not connect, and both are not changed at the same moment."""
    files = [info.get("drbd_files", {}).get(f"{FILES}/{service}.res") for info in found.values()]
    return "sha1" if any(file and file["ours"] and file.get("sha1") for file in files) else "sha256"


def _numbers(
    names: Sequence[str], found: Found, adopted: Collection[str]
) -> tuple[Numbers, Numbers]:
    place = f"{FILES}/{{}}.res"
    minors, ports = Numbers("minor", MINORS, place), Numbers("port", PORTS, place)
    for node, info in found.items():
        ours = {place.format(name): name for name in names}
        kept = set()
        for path, file in info.get("drbd_files", {}).items():
            name = ours.get(path)
            name = name if file["ours"] or name in adopted else None
            for kind, numbers in ((minors, file["minors"]), (ports, file["ports"])):
                if name is None:
                    who = f"{path} on {node}"
                    kind.foreign.update((number, who) for number in numbers)
                elif len(set(numbers)) == 1:
                    kind.kept.setdefault(name, {})[node] = numbers[0]
            kept |= set(file["minors"])
        strange = set(info.get("drbd_minors", ())) - kept
        minors.foreign.update((n, f"a resource of {node} without a file") for n in strange)
        ports.busy |= set(info.get("listening", ()))
    return minors, ports


KIND = Drbd(
    name="drbd",
    keys={
        "disk": Key(
            Each(DEVICE, fewer=True),
            "Backing device of each node; of more than two nodes, those of the two that replicate.",
            required=True,
        ),
        "link": Key(
            Text(words="name of a link"), "Network link of the replication.", required=True
        ),
        "mount": MOUNT,
        "filesystem": FILESYSTEM,
        "options": OPTIONS,
        "minor": Key(
            Whole(MINORS[0], MINORS[-1]),
            "Number of the DRBD device. It belongs to the service and never changes.",
            otherwise="the one that it has, or the lowest that is free on both nodes",
        ),
        "port": Key(
            Whole(1024, PORTS[-1]),
            "TCP port of the replication.",
            otherwise=f"the one that it has, or the lowest from {PORTS[0]} that is free on both"
            " nodes",
        ),
        "overwrite": Key(
            Flag(),
            "Whether what is on the disks may be overwritten at the first run.",
            default=False,
        ),
        "adopt": Key(
            Flag(),
            "Whether a resource of the service's name that was made by hand is taken over. Its data"
            " and metadata stay as they are, and its file is kept beside the new one.",
            default=False,
        ),
        "keep": Key(
            Flag(),
            "Whether the file system that the disk of the preferred node holds already is kept, and"
            " copied to the other disk. Nothing of it is formatted.",
            default=False,
        ),
        "metadata": Key(
            Each(
                Text(
                    form=METADATA.pattern,
                    rule="is neither internal nor a device such as /dev/vdc1 or /dev/vdc1[0].",
                    words="`internal` or a device such as `/dev/vdc1[0]`",
                )
            ),
            "Where the metadata lie of a resource that is adopted, or keeps a file system.",
            otherwise="`internal`, at the end of the disk",
        ),
    },
    role="drbd",
    reserved=("drbd", "global_common"),
    resource="drbd",
    needs=("drbd-utils",),
    stock={"drbd.service": "drbd-utils"},
    # Its stop takes down resources that are in use.
    kept=("drbd.service",),
    replicated=True,
)
