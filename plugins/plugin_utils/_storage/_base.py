# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection asks a type of storage."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._inventory.kinds import Key
from .._inventory.reading import Scope

Found = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Storage:
    """One type of storage. What it does not say otherwise is that of a disk that is mounted.

    Its keys disk and mount, filesystem and options mean the same for every type.
    """

    name: str
    """In the inventory, under type."""
    keys: Mapping[str, Key]
    """Its keys besides type."""
    role: str = ""
    """The role with its work on the hosts: the entry points main (before anything is mounted),
    open, close and absent."""
    reserved: Sequence[str] = ()
    """Names that no service may have."""
    resource: str = ""
    """Name of what the daemon must have before the file system is mounted."""
    needs: Sequence[str] = ()
    """Packages of the distribution."""
    stock: Mapping[str, str] = field(default_factory=dict)
    """Unit that a package of the distribution brings along and starts -> that package."""
    kept: Sequence[str] = ()
    """Units of stock that are only kept from starting: a stop would take what is in use."""
    engines: Sequence[str] = ()
    """Names of the engines that can keep it; empty for all."""
    everywhere: bool = False
    """Whether its server runs on every node, so that it listens on every address."""
    replicated: bool = False
    """Whether the daemon's core has to know that each node has data of its own (Proof of data)."""

    def complete(self, storage: Any, where: str, links: Any, locks: Any, scope: Scope) -> None:
        """Fill in what was not given. locks: failover_sfex, None without."""
        storage.setdefault("link", "")
        storage.setdefault("overwrite", False)
        storage.setdefault("adopt", False)

    def fits(self, service: Any) -> None:
        """Raise Problem for what else the service has, and this storage cannot work with."""

    def addresses(self, storage: Any) -> Sequence[Any]:
        """Virtual addresses of its own, with the keys of those of the service."""
        return ()

    def number(self, services: Sequence[Any], found: Found, ports: Collection[int]) -> None:
        """Choose the numbers of these services, which have this type. ports: of applications."""

    def before(self, service: Mapping[str, Any], cluster: str, locks: Any) -> list[dict[str, Any]]:
        """What the daemon must have before the file system is touched, as it is told."""
        return []

    def mounting(self, storage: Mapping[str, Any]) -> dict[str, Any]:
        """What else the daemon is told of the mount."""
        return {}

    def secrets(self, service: Mapping[str, Any]) -> Sequence[str]:
        """Names of secrets that the nodes share, and that are generated."""
        return ()

    def foreign(self, service: Mapping[str, Any], node: str, info: Mapping[str, Any]) -> None:
        """Raise Problem for something of the service's name that is somebody else's."""

    def idle(self, service: Mapping[str, Any], node: str, info: Mapping[str, Any]) -> None:
        """Raise Problem for what the service takes over, and somebody still uses."""

    def ours(
        self, service: Mapping[str, Any], info: Mapping[str, Any], seen: Mapping[str, Any]
    ) -> bool:
        """Whether the disk is the service's already, so that nothing of it is judged."""
        return False

    def asked(self, storage: Mapping[str, Any], node: str) -> Mapping[str, str]:
        """What node_info is told of the storage besides its disk and its mount point."""
        return {}

    def keeps(self, service: Mapping[str, Any], node: str, seen: Mapping[str, Any]) -> bool:
        """Whether what lies on a disk of a node is good data of this type, and is kept."""
        return False

    def awaited(self, service: Mapping[str, Any], node: str) -> bool:
        """Whether the disk holds data that the service takes over with it.

        It may be in use yet: idle() asks last that it is free. What else it holds, judge() tells.
        """
        return False

    def host(
        self, services: Sequence[Mapping[str, Any]], node: str, info: Mapping[str, Any]
    ) -> Iterator[str]:
        """A sentence for each thing of a node with which these services cannot live."""
        yield from ()

    def judge(
        self, service: Mapping[str, Any], nodes: Sequence[str], found: Found, repair: bool
    ) -> None:
        """Raise Problem for disks that do not fit each other.

        repair: a role mends afterwards what it can mend.
        """

    def notes(self, service: Mapping[str, Any]) -> Sequence[str]:
        """What a user should know before the first failover: what it costs."""
        return ()

    def left(self, names: Collection[str], info: Mapping[str, Any]) -> list[str]:
        """Of these services, that are no more, those of which the node has something.

        The role has the entry point forget then, with their names in storage_retired.
        """
        return []

    def stale(self, used: Collection[str], info: Mapping[str, Any]) -> list[str]:
        """What the node has of ours that belongs to no service, whose names are used."""
        return []
