# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The specification of a lab: nodes, links, BMCs, disks. The default is the reference network."""

from __future__ import annotations

import dataclasses
import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from lab.errors import LabError

SUITES = ("bookworm", "trixie")
LINK_KINDS = ("lan", "serial")
_NAME = re.compile(r"[a-z][a-z0-9-]{0,14}\Z")
_HOSTNAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\Z")
_INTERFACE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,14}\Z")


@dataclass(frozen=True)
class Link:
    """A wire between the nodes: a LAN (bridge) or a serial line (first two nodes)."""

    name: str
    kind: str = "lan"
    interface: str = ""
    cidr: str = ""
    gateway: str = ""

    @property
    def network(self) -> ipaddress.IPv4Network:
        """The LAN's subnet."""
        return ipaddress.IPv4Network(self.cidr)


@dataclass(frozen=True)
class Node:
    """One machine: its host name, its address on every LAN, its BMC's address."""

    name: str
    addresses: Mapping[str, str]
    bmc: str = ""


@dataclass(frozen=True)
class Disk:
    """A data disk of every node (``/dev/ubdb`` and on), or one disk shared by all nodes."""

    size_mib: int = 384
    shared: bool = False


def _reference_links() -> tuple[Link, ...]:
    return (
        Link("lan", interface="eth0", cidr="192.168.1.0/24", gateway="192.168.1.254"),
        Link("cross", interface="eth1", cidr="192.168.2.0/24"),
        Link("serial", kind="serial"),
    )


def _reference_nodes(count: int) -> tuple[Node, ...]:
    return tuple(
        Node(
            f"node{n}",
            {"lan": f"192.168.1.{10 + n}", "cross": f"192.168.2.{10 + n}"},
            f"192.168.1.{20 + n}",
        )
        for n in range(1, count + 1)
    )


@dataclass(frozen=True)
class LabSpec:
    """A whole lab. The first LAN carries the gateway, the BMCs, ssh and the package source."""

    nodes: tuple[Node, ...] = field(default_factory=lambda: _reference_nodes(2))
    links: tuple[Link, ...] = field(default_factory=_reference_links)
    disks: tuple[Disk, ...] = (Disk(),)
    bmc_user: str = "admin"
    memory_mib: int = 512
    suite: str = "bookworm"
    following: str = ""
    """The suite that the nodes may be upgraded to; their package source has both then."""

    def __post_init__(self) -> None:
        check(self)

    @classmethod
    def reference(cls, nodes: int = 2, suite: str = "bookworm") -> LabSpec:
        """The reference network with 1 to 9 nodes."""
        if not 1 <= nodes <= 9:
            raise LabError(f"nodes: {nodes} given, the reference network has room for 1 to 9")
        links = tuple(link for link in _reference_links() if nodes > 1 or link.kind == "lan")
        return cls(nodes=_reference_nodes(nodes), links=links, suite=suite)

    @classmethod
    def from_file(cls, path: Path) -> LabSpec:
        """Read a specification from YAML.

        :raises LabError: unreadable, unknown key or wrong value, in one sentence.
        """
        try:
            data = yaml.safe_load(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise LabError(f"{path}: {error.strerror}") from error
        except yaml.YAMLError as error:
            raise LabError(f"{path}: not YAML: {' '.join(str(error).split())}") from error
        try:
            return cls.from_dict(data)
        except LabError as error:
            raise LabError(f"{path}: {error}") from error

    @classmethod
    def from_dict(cls, data: Any) -> LabSpec:
        """Build a specification from plain data, the opposite of :meth:`to_dict`."""
        values = _mapping(data, cls, "the specification")
        for key, item in (("nodes", Node), ("links", Link), ("disks", Disk)):
            if key in values:
                values[key] = _items(values[key], item, key)
        spec = _make(cls, values, "the specification")
        assert isinstance(spec, cls)
        return spec

    def to_dict(self) -> dict[str, Any]:
        """Plain data, fit for JSON and YAML."""
        return dataclasses.asdict(self)

    @property
    def lans(self) -> tuple[Link, ...]:
        """Links with addresses, in order."""
        return tuple(link for link in self.links if link.kind == "lan")

    @property
    def serials(self) -> tuple[Link, ...]:
        """Serial lines, ``/dev/ttyS0`` and on, in order."""
        return tuple(link for link in self.links if link.kind == "serial")

    @property
    def main(self) -> Link:
        """The LAN that carries the gateway and the BMCs."""
        return self.lans[0]

    def node(self, name: str) -> Node:
        """The node called ``name``, LabError when there is none."""
        for node in self.nodes:
            if node.name == name:
                return node
        known = ", ".join(node.name for node in self.nodes)
        raise LabError(f"no node is called {name} (there are {known})")

    def link(self, name: str) -> Link:
        """The link called ``name``, LabError when there is none."""
        for link in self.links:
            if link.name == name:
                return link
        known = ", ".join(link.name for link in self.links)
        raise LabError(f"no link is called {name} (there are {known})")


def check_lab_name(name: str) -> None:
    """Refuse a name that cannot become part of a namespace's and a directory's name."""
    if not _NAME.match(name):
        raise LabError(f"{name!r} is not a name for a lab (lower-case letters, digits, dashes)")


def check(spec: LabSpec) -> None:
    """Refuse a specification that could not be raised, naming value and rule."""
    if spec.suite not in SUITES:
        raise LabError(f"suite: {spec.suite} is none of {', '.join(SUITES)}")
    if spec.following and (spec.following not in SUITES or spec.following == spec.suite):
        raise LabError(f"following: {spec.following} is no other one of {', '.join(SUITES)}")
    if not isinstance(spec.memory_mib, int) or not 128 <= spec.memory_mib <= 65536:
        raise LabError(f"memory_mib: {spec.memory_mib} is not between 128 and 65536")
    if not spec.nodes:
        raise LabError("nodes: at least one is needed")
    _check_links(spec)
    _unique([node.name for node in spec.nodes], "nodes", "name")
    for node in spec.nodes:
        if not _HOSTNAME.match(str(node.name)):
            raise LabError(f"nodes: {node.name!r} is not a host name")
        _check_addresses(spec, node)
    if len(spec.disks) > 6:
        raise LabError(f"disks: {len(spec.disks)} given, a node has room for 6")
    for disk in spec.disks:
        if not isinstance(disk.size_mib, int) or not 1 <= disk.size_mib <= 1 << 20:
            raise LabError(f"disks: size_mib {disk.size_mib} is not between 1 and {1 << 20}")


def _check_links(spec: LabSpec) -> None:
    for link in spec.links:
        if not _NAME.match(str(link.name)):
            raise LabError(f"links: {link.name!r} is not a short lower-case name")
        if link.kind not in LINK_KINDS:
            raise LabError(f"link {link.name}: kind {link.kind} is none of lan, serial")
    _unique([link.name for link in spec.links], "links", "name")
    if not spec.lans or not spec.main.gateway:
        raise LabError("links: the first one of kind lan must have a gateway")
    if spec.serials and len(spec.nodes) < 2:
        raise LabError("links: a serial line needs two nodes")
    _unique([link.interface for link in spec.lans], "links", "interface")
    for link in spec.lans:
        if not _INTERFACE.match(str(link.interface)):
            raise LabError(f"link {link.name}: {link.interface!r} is not an interface name")
        try:
            network = link.network
        except ValueError as error:
            raise LabError(f"link {link.name}: {link.cidr!r} is not a subnet") from error
        if link.gateway:
            _inside(link.gateway, network, f"link {link.name}: gateway")


def _check_addresses(spec: LabSpec, node: Node) -> None:
    for name, address in node.addresses.items():
        link = spec.link(name)
        if link.kind != "lan":
            raise LabError(f"node {node.name}: link {name} is a serial line and has no address")
        _inside(address, link.network, f"node {node.name}: address")
    if spec.main.name not in node.addresses:
        raise LabError(f"node {node.name}: an address on {spec.main.name} is needed")
    if node.bmc:
        _inside(node.bmc, spec.main.network, f"node {node.name}: bmc")
    every = [a for n in spec.nodes for a in (*n.addresses.values(), *((n.bmc,) if n.bmc else ()))]
    _unique([*every, *(link.gateway for link in spec.lans if link.gateway)], "nodes", "address")


def _inside(address: str, network: ipaddress.IPv4Network, what: str) -> None:
    try:
        inside = ipaddress.IPv4Address(address) in network
    except ValueError as error:
        raise LabError(f"{what} {address!r} is not an IPv4 address") from error
    if not inside:
        raise LabError(f"{what} {address} lies outside {network}")


def _unique(values: Sequence[str], what: str, kind: str) -> None:
    for value in values:
        if values.count(value) > 1:
            raise LabError(f"{what}: {kind} {value} is used twice")


def _mapping(data: Any, cls: type[Any], what: str) -> dict[str, Any]:
    if not isinstance(data, Mapping):
        raise LabError(f"{what} must be a mapping")
    known = {item.name for item in dataclasses.fields(cls)}
    for key in data:
        if key not in known:
            raise LabError(f"{what}: unknown key {key!r} (known: {', '.join(sorted(known))})")
    return dict(data)


def _items(data: Any, cls: type[Any], what: str) -> tuple[Any, ...]:
    if not isinstance(data, Sequence) or isinstance(data, str):
        raise LabError(f"{what} must be a list")
    return tuple(_make(cls, _mapping(item, cls, f"an item of {what}"), what) for item in data)


def _make(cls: type[Any], values: dict[str, Any], what: str) -> Any:
    try:
        return cls(**values)
    except TypeError as error:
        missing = [
            item.name
            for item in dataclasses.fields(cls)
            if item.default is dataclasses.MISSING
            and item.default_factory is dataclasses.MISSING
            and item.name not in values
        ]
        raise LabError(f"{what}: {', '.join(missing) or error} is missing") from error
