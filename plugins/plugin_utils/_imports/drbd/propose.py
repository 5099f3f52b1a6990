# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory for a pair of DRBD that people, scripts or keepalived switch over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ... import _net
from .. import fstab, protection, services, storage, text, units
from ..findings import Findings
from ..hosts import Host
from ..inventory import Inventory, judged, named
from ..inventory import address as one_form
from ..keepalived import conf as keepalived
from ..links import Links
from . import described
from .resources import Resource


def propose(hosts: Sequence[Host], cluster: str, findings: Findings) -> Inventory | None:
    """Return the inventory, None if none can describe the pair. cluster: its name, or ""."""
    if len(hosts) != 2:
        findings.add(
            "refused",
            "",
            f"{len(hosts)} {'host was' if len(hosts) == 1 else 'hosts were'} read"
            f" ({', '.join(host.name for host in hosts)}), but a pair has two. Give both in the"
            " inventory of the import, and let both be reached.",
        )
        return None
    volumes = described.resources(hosts, findings)
    if not volumes:
        findings.add(
            "refused", "/etc/drbd.d", "describes no resource, so there is nothing to take over."
        )
        return None
    nodes = _ordered(hosts, volumes)
    instances = _instances(nodes, findings)
    virtual = [one_form(a.partition("/")[0]) for i in instances.values() for a, _device in i]
    links = Links(nodes, virtual)
    made = [
        service
        for volume in volumes.values()
        if (service := _service(volume, nodes, links, findings)) is not None
    ]
    if findings.refused:
        return None
    _shared_networks(nodes, links, virtual)
    _addresses(made, instances, nodes, links, findings)
    inventory = Inventory(cluster or made[0]["name"], nodes)
    inventory.variables["failover_links"] = links.all()
    inventory.variables["failover_services"] = made
    _seconds(nodes, virtual, findings)
    protection.complete(inventory, nodes, False, "the pair", findings)
    judged(inventory, findings)
    return inventory


def _ordered(hosts: Sequence[Host], volumes: Mapping[str, Resource]) -> list[Host]:
    """By their numbers in DRBD 9, else the one first that runs most resources."""

    def key(host: Host) -> tuple[int, int]:
        sides = [volume.side(host.name) for volume in volumes.values()]
        ids = [side.node_id for side in sides if side is not None and side.node_id is not None]
        primary = sum(_state(volume, host).get("role") == "Primary" for volume in volumes.values())
        return (min(ids, default=0), -primary)

    return sorted(hosts, key=key)


def _state(volume: Resource, host: Host) -> Mapping[str, str]:
    """What the kernel of a host says of a resource, {} for nothing."""
    states = host.answer.get("drbd_state") or {}
    side = volume.side(host.name)
    found = states.get(volume.name) or (states.get(str(side.minor)) if side else None)
    return found if isinstance(found, Mapping) else {}


def _service(
    volume: Resource, nodes: Sequence[Host], links: Links, findings: Findings
) -> dict[str, Any] | None:
    where = f"resource {volume.name}"
    name = named(volume.name, (), "")
    if name != volume.name:
        findings.add(
            "refused",
            where,
            "has a name that no service can have. Rename it while it is down (the section, and its"
            " file), and import again.",
        )
        return None
    store = storage.drbd(volume, nodes, links, where, findings)
    if store is None:
        return None
    mount = _mount(volume, nodes)
    if mount is None:
        findings.add(
            "refused",
            where,
            f"is mounted on neither host, and stands in no fstab, so nobody can say where its file"
            f" system belongs. Mount {volume.sides[0].device} on its Primary, and import again.",
        )
        return None
    filesystem = storage.filesystem(mount.type, where, findings)
    if filesystem is None:
        return None
    store.update(mount=mount.target, filesystem=filesystem)
    store["options"] = storage.options(_kept(mount.options), where, findings)
    _judge_state(volume, nodes, where, findings)
    services.mounted_at_boot(mount.target, nodes, where, findings)
    service: dict[str, Any] = {
        "name": name,
        "preferred": next(
            (h.name for h in nodes if _state(volume, h).get("role") == "Primary"), nodes[0].name
        ),
        "storage": store,
    }
    database = units.application("postgresql", mount.target, nodes)
    inside = [
        c
        for host in nodes
        for c in host.answer.get("postgresql") or ()
        if f"{c.get('data')}/".startswith(f"{mount.target}/")
    ]
    if database and inside:
        service["applications"] = [database]
    findings.add(
        "decide",
        where,
        f"name under applications what runs on {mount.target}"
        + (f" besides {services.title(database)}" if database and inside else "")
        + ", as units that both nodes have. Whatever starts it today must stop doing so.",
    )
    return service


def _kept(options: str) -> str:
    """The options that a person gave, and not those that the kernel shows by itself."""
    shown = ("rw", "relatime", "defaults", "seclabel", "errors=remount-ro")
    words = [one for one in options.split(",") if one and one not in shown]
    return ",".join(one for one in words if "=" not in one or not one.startswith(("data", "log")))


def _mount(volume: Resource, nodes: Sequence[Host]) -> fstab.Mount | None:
    """Where the device is mounted now, or where fstab says."""
    for key in ("mounts", "fstab"):
        for host in nodes:
            for one in fstab.parse(str(host.answer.get(key) or "")):
                if volume.owns(one.source) and one.target.startswith("/"):
                    return one
    return None


def _judge_state(volume: Resource, nodes: Sequence[Host], where: str, findings: Findings) -> None:
    states = {host.name: _state(volume, host) for host in nodes}
    if sum(state.get("role") == "Primary" for state in states.values()) > 1:
        findings.add("refused", where, "is Primary on both hosts. Make one of them Secondary.")
    for name, state in states.items():
        disk, connection = state.get("disk", ""), state.get("connection", "")
        if state and (disk != "UpToDate" or connection != "Connected"):
            findings.add(
                "danger",
                where,
                f"is {disk} and {connection} on {name}: the copies are not the same. Bring them"
                " together before you run site.yml, or the new cluster has one copy only.",
            )


def _instances(nodes: Sequence[Host], findings: Findings) -> dict[str, list[tuple[str, str]]]:
    """Address and interface of each VRRP instance, by its name; nothing without keepalived."""
    result: dict[str, list[tuple[str, str]]] = {}
    for host in nodes:
        for one in keepalived.instances(host.text("keepalived")):
            where = f"{host.name}: keepalived.conf: {one.name}"
            result.setdefault(
                one.name, [(address, device or one.interface) for address, device in one.addresses]
            )
            for program in one.programs:
                findings.add(
                    "decide",
                    where,
                    f"starts {text.shown(program)} when its state changes. What that program does"
                    " besides DRBD, mount and address has to become an application.",
                )
            for check in one.checks:
                findings.add(
                    "decide",
                    where,
                    f"watches {text.shown(check)}. Write it as monitor of the application that it"
                    " looks after (docs/applications.md).",
                )
            if one.preempts:
                findings.add(
                    "changed",
                    where,
                    "a host with a higher priority took the address back as soon as it returned."
                    " The new cluster leaves a service where it is (failback: manual).",
                )
    if result:
        findings.add(
            "danger",
            "keepalived",
            "VRRP gives an address to both hosts when they do not hear each other, and nothing"
            " switches off the one that is silent. Scripts that promote DRBD then do so on both.",
        )
    return result


def _shared_networks(nodes: Sequence[Host], links: Links, virtual: Sequence[str]) -> None:
    """Every network that both hosts are in carries heartbeats."""
    first, second = nodes
    for interface, addresses in first.interfaces.items():
        own = [a for a in addresses if _net.host(a) not in virtual and not _net.alone(a)]
        for one in own:
            if _net.special(_net.host(one)):
                continue
            there, _network = second.lan_of(_net.host(one))
            if there:
                links.network({first.name: interface, second.name: there})
                break


def _addresses(
    made: Sequence[dict[str, Any]],
    instances: Mapping[str, Sequence[tuple[str, str]]],
    nodes: Sequence[Host],
    links: Links,
    findings: Findings,
) -> None:
    """Give the addresses of keepalived to the service; with several, people have to say which."""
    if instances and len(made) > 1:
        findings.add(
            "decide",
            "keepalived",
            f"the addresses went to the service {made[0]['name']}; move those that belong to"
            f" {', '.join(service['name'] for service in made[1:])}.",
        )
    given = []
    for name, addresses in instances.items():
        for address, interface in addresses:
            ip = one_form(address.partition("/")[0])
            bits = address.partition("/")[2] or _bits(ip, nodes)
            if not ip or not bits.isdecimal():
                findings.add(
                    "dropped",
                    f"keepalived: {name}",
                    f"{text.shown(address)} is no address in a network of the hosts; give it with"
                    " its prefix under addresses.",
                )
                continue
            # keepalived takes /32 for an address without a prefix; the LAN says what it is.
            given.append({"address": f"{ip}/{bits}", "interface": interface})
    found = services.addresses(
        given, nodes, links, made[0]["storage"]["link"], "keepalived", findings
    )
    if found:
        made[0]["addresses"] = found


def _bits(ip: str, nodes: Sequence[Host]) -> str:
    networks = [host.lan_of(ip)[1] for host in nodes if ip]
    return next((network.partition("/")[2] for network in networks if network), "")


def _seconds(nodes: Sequence[Host], virtual: Sequence[str], findings: Findings) -> None:
    """Tell of second addresses in one network, which scripts may move."""
    for host in nodes:
        for interface, addresses in host.interfaces.items():
            seen: set[str] = set()
            for one in addresses:
                ip, network = _net.host(one), _net.network(one)
                if network in seen and ip not in virtual and not _net.special(ip):
                    findings.add(
                        "decide",
                        host.name,
                        f"{ip} is a second address of {interface} in its network. If it moves from"
                        " host to host, take it out of the network configuration and give it under"
                        " addresses.",
                    )
                seen.add(network)
