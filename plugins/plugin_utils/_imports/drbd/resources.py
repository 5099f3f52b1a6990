# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The resources of DRBD's configuration, as both grammars describe them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..sections import Section
from . import conf

MINOR = re.compile(r"/dev/drbd(?:_?[A-Za-z0-9-]+)??([0-9]{1,7})")


@dataclass(frozen=True)
class Side:
    """One host of a resource."""

    host: str
    disk: str = ""
    device: str = ""
    minor: int | None = None
    metadata: str = "internal"
    """internal, or the device that holds them, with its index: /dev/sdc1[0]."""
    address: str = ""
    port: int = 0
    node_id: int | None = None


@dataclass
class Resource:
    """One resource, as far as the files describe it."""

    name: str
    file: str
    sides: list[Side] = field(default_factory=list)
    protocol: str = "C"
    two_primaries: bool = False
    fencing: str = "dont-care"
    volumes: int = 1
    stacked: bool = False
    automatic: list[str] = field(default_factory=list)
    """What discards data by itself after a split brain."""

    def side(self, host: str) -> Side | None:
        """The side of a host, however long its name is."""
        short = host.partition(".")[0]
        same = [s for s in self.sides if s.host == host]
        return next(
            iter(same or [s for s in self.sides if s.host.partition(".")[0] == short]), None
        )

    def owns(self, device: str) -> bool:
        """Whether a path is that of the replicated device."""
        if re.fullmatch(rf"/dev/drbd/by-res/{re.escape(self.name)}(/0)?", device):
            return True
        return any(device in (s.device, f"/dev/drbd{s.minor}") for s in self.sides if device)


def read(files: Mapping[str, str]) -> tuple[dict[str, Resource], list[tuple[str, str]]]:
    """Return the resources of all files by their names, and the files that cannot be read: why."""
    sections: list[tuple[str, Section]] = []
    wrong = []
    for path, content in files.items():
        try:
            sections.append((path, conf.parse(content)))
        except conf.Malformed as error:
            wrong.append((path, str(error)))
    common = [s for _path, top in sections for s in top.named("common")]
    result: dict[str, Resource] = {}
    for path, top in sections:
        for section in top.named("resource"):
            if len(section.words) > 1:
                result.setdefault(section.words[1], _resource(path, section, common))
    return result, wrong


def _resource(path: str, section: Section, common: list[Section]) -> Resource:
    resource = Resource(section.words[1], path)
    layers = [*common, section]
    for layer in layers:
        nets = [
            *layer.named("net"),
            *(n for c in layer.named("connection") for n in c.named("net")),
        ]
        resource.protocol = layer.value("protocol") or resource.protocol
        for net in nets:
            resource.protocol = net.value("protocol") or resource.protocol
            if any(words[0] == "allow-two-primaries" for words in net.statements):
                resource.two_primaries = net.has("allow-two-primaries")
            resource.automatic += [
                f"{words[0]} {words[1]}"
                for words in net.statements
                if words[0].startswith("after-sb-") and len(words) > 1 and words[1] != "disconnect"
            ]
        for part in (*nets, *layer.named("disk")):
            resource.fencing = part.value("fencing") or resource.fencing
    resource.stacked = bool(section.named("stacked-on-top-of"))
    resource.volumes = max(1, len({v.words[1] for v in _volumes(section) if len(v.words) > 1}))
    addresses = _addresses(section)
    for on in section.named("on"):
        if len(on.words) > 1:
            resource.sides.append(_side(on, section, addresses))
    return resource


def _volumes(section: Section) -> list[Section]:
    return [
        *section.named("volume"),
        *(v for on in section.named("on") for v in on.named("volume")),
    ]


def _addresses(section: Section) -> dict[str, tuple[str, ...]]:
    """DRBD 9 gives the addresses in connections: host NAME address IP:PORT."""
    result: dict[str, tuple[str, ...]] = {}
    for connection in section.named("connection"):
        for place in (connection, *connection.named("path")):
            for words in place.statements:
                if words[0] == "host" and "address" in words and len(words) > 3:
                    result.setdefault(words[1], words[words.index("address") + 1 :])
            for host in place.named("host"):
                if len(host.words) > 1:
                    result.setdefault(host.words[1], host.first("address"))
    return result


def _side(on: Section, section: Section, addresses: Mapping[str, tuple[str, ...]]) -> Side:
    """What the section of a host says; what it does not say the resource does."""
    places = [*on.named("volume")[:1], on, *section.named("volume")[:1], section]

    def words(name: str) -> tuple[str, ...]:
        return next((p.first(name) for p in places if p.first(name)), ())

    device = words("device")
    minor = None
    if "minor" in device[:-1] and device[device.index("minor") + 1].isdecimal():
        minor = int(device[device.index("minor") + 1][:7])
    path = device[0] if device and device[0].startswith("/") else ""
    found = MINOR.fullmatch(path)
    if minor is None and found:
        minor = int(found[1])
    metadata = words("meta-disk") or words("flexible-meta-disk") or ("internal",)
    address, port = _endpoint(on.first("address") or addresses.get(on.words[1], ()))
    node_id = on.value("node-id")
    return Side(
        host=on.words[1],
        disk=next(iter(words("disk")), ""),
        device=path or (f"/dev/drbd{minor}" if minor is not None else ""),
        minor=minor,
        metadata="".join(metadata),
        address=address,
        port=port,
        node_id=int(node_id[:3]) if node_id.isdecimal() else None,
    )


def _endpoint(words: tuple[str, ...]) -> tuple[str, int]:
    """Address and port of "ipv4 10.0.0.1:7788" and its like, "" and 0 if there is none."""
    text = words[-1] if words else ""
    host, _colon, port = text.rpartition(":")
    if not port.isdecimal():
        return "", 0
    return host.strip("[]"), int(port[:6])
