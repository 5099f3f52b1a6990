# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory that describes a cluster of Pacemaker, as far as it has words for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..._engines import DEFAULT, ENGINES, able
from .. import protection, services, storage, text
from ..drbd import described
from ..drbd.resources import Resource
from ..findings import Findings
from ..hosts import Host
from ..inventory import Inventory, judged, named
from ..inventory import address as one_form
from ..links import Links
from . import cib as base
from . import corosync, fencing, placement
from .parts import Parts, collect

PINGS = ("ocf:pacemaker:ping", "ocf:pacemaker:pingd")


def propose(hosts: Sequence[Host], cluster: str, findings: Findings) -> Inventory | None:
    """Return the inventory, None if none can describe the cluster. cluster: its name, or ""."""
    cib = _read(hosts, findings)
    if cib is None:
        return None
    nodes = [host for name in cib.nodes for host in hosts if host.name == name]
    missing = [name for name in cib.nodes if name not in [host.name for host in nodes]]
    if missing:
        findings.add(
            "refused",
            "",
            f"{', '.join(missing)} of the cluster was not read. Give every node in the inventory of"
            " the import, and let all be reached.",
        )
        return None
    volumes = described.resources(nodes, findings)
    sets = placement.together(cib)
    collected = [_parts(units, nodes, findings) for units in sets]
    virtual = [a["address"].partition("/")[0] for parts in collected for a in parts.addresses]
    links = Links(nodes, virtual)
    _rings(nodes, links, findings)
    made: list[dict[str, Any]] = []
    for units, parts in zip(sets, collected, strict=True):
        drbd = placement.replicated(units, cib)
        taken = [one["name"] for one in made]
        service = _service(units, parts, drbd, volumes, cib, links, taken)
        if service is not None:
            made.append(service)
    if not made and not findings.refused:
        findings.add("refused", "the CIB", "holds no resource that runs on one node at a time.")
    if findings.refused:
        return None
    inventory = Inventory(cluster or made[0]["name"], nodes)
    _variables(inventory, cib, links, made, collected, findings)
    if findings.refused:
        return None
    judged(inventory, findings)
    return inventory


def _read(hosts: Sequence[Host], findings: Findings) -> base.Cib | None:
    """The CIB of the first host that has one; a live one before a stored one."""
    having = sorted(
        (host for host in hosts if host.answer.get("cib")),
        key=lambda host: not host.answer.get("cib_live"),
    )
    if not having:
        findings.add(
            "refused",
            "",
            "no host has a CIB that could be read: cibadmin does not answer, and there is no"
            " /var/lib/pacemaker/cib/cib.xml.",
        )
        return None
    host = having[0]
    if not host.answer.get("cib_live"):
        findings.add(
            "decide",
            f"{host.name}: cib.xml",
            "the cluster does not run, so the file was read. It may be older than what another node"
            " knows.",
        )
    try:
        cib = base.parse(str(host.answer["cib"]))
    except base.Malformed as error:
        findings.add("refused", f"{host.name}: the CIB", f"{error}.")
        return None
    for other in cib.others:
        findings.add(
            "dropped",
            "the CIB",
            f"{text.shown(other)} has no counterpart; say by hand what it did.",
        )
    if not cib.nodes:
        cib.nodes = [host.name for host in hosts]
    return cib


def _parts(units: Sequence[base.Unit], nodes: Sequence[Host], findings: Findings) -> Parts:
    parts = Parts(nodes, findings)
    collect(parts, [member for unit in units for member in unit.members])
    return parts


def _rings(nodes: Sequence[Host], links: Links, findings: Findings) -> None:
    """Each ring of Corosync is a link."""
    content = next((h.text("corosync") for h in nodes if h.text("corosync")), "")
    top = corosync.parse(content)
    for index, ring in enumerate(corosync.rings(top)):
        interfaces = {}
        for host in nodes:
            address = one_form(ring.get(host.name, ""))
            interfaces[host.name] = host.interface_of(address) if address else ""
            if not interfaces[host.name]:
                # A name, or an address by which the node is listed.
                found = [a for a in ring.values() if host.interface_of(one_form(a))]
                interfaces[host.name] = host.interface_of(one_form(found[0])) if found else ""
        if all(interfaces.values()):
            links.network(interfaces)
        else:
            findings.add(
                "dropped",
                f"corosync.conf: ring {index}",
                "its addresses are names, or are not on the interfaces of the nodes. Give the link"
                " under failover_links.",
            )
    totem = next(iter(top.named("totem")), None)
    if (
        totem is not None
        and totem.value("crypto_hash") in ("", "none")
        and totem.value("secauth") not in ("on", "yes")
    ):
        findings.add(
            "danger",
            "corosync.conf",
            "nothing proves who sends a packet (crypto_hash is none). The new cluster signs its"
            " heartbeats.",
        )


def _service(
    units: Sequence[base.Unit],
    parts: Parts,
    drbd: Sequence[base.Primitive],
    volumes: Mapping[str, Resource],
    cib: base.Cib,
    links: Links,
    taken: Sequence[str],
) -> dict[str, Any] | None:
    where = f"resource {units[0].id}"
    findings = parts.findings
    names = [one.parameters.get("drbd_resource", "") for one in drbd]
    if len(names) > 1 or len(parts.disks) > 1:
        findings.add(
            "refused",
            where,
            f"has {max(len(names), len(parts.disks))} file systems or resources of DRBD; a service"
            " has one. Make a group of each, or put the data on one file system.",
        )
        return None
    store = _stored(parts, names, volumes, links, where)
    wish = names[0] if names else units[0].id
    name = named(wish, taken, "service")
    if names and name != wish:
        findings.add(
            "refused",
            where,
            f"the resource {text.shown(wish)} has a name that no service"
            " can have. Rename it while it is down, and import again.",
        )
    service: dict[str, Any] = {"name": name}
    wanted = placement.preferred(units, cib, cib.nodes)
    if wanted:
        service["preferred"] = wanted
    if store:
        service["storage"] = store
    replication = str((store or {}).get("link", ""))
    found = services.addresses(parts.addresses, parts.hosts, links, replication, where, findings)
    if found:
        service["addresses"] = found
    if parts.applications:
        service["applications"] = services.chained(parts.applications)
    if wanted and not placement.sticky(units, cib):
        service["failback"] = "automatic"
        findings.add(
            "danger",
            where,
            "goes back as soon as its node returns (no stickiness), which interrupts it once more.",
        )
    if not {"storage", "addresses", "applications"} & set(service):
        return None
    return service


def _stored(
    parts: Parts,
    names: Sequence[str],
    volumes: Mapping[str, Resource],
    links: Links,
    where: str,
) -> dict[str, Any] | None:
    findings = parts.findings
    if not parts.disks:
        if names:
            findings.add(
                "refused", where, f"uses the resource {text.shown(names[0])} without a file system."
            )
        return None
    device, directory, kind, options = parts.disks[0]
    filesystem = storage.filesystem(kind, where, findings)
    store: dict[str, Any] | None
    if names:
        resource = volumes.get(names[0])
        if resource is None:
            findings.add(
                "refused",
                where,
                f"no file of DRBD that could be read describes {text.shown(names[0])}.",
            )
            return None
        store = storage.drbd(resource, parts.hosts, links, where, findings)
    elif device.startswith("/dev/drbd"):
        findings.add(
            "refused",
            where,
            f"mounts {text.shown(device)}, but no constraint binds it to a clone of DRBD.",
        )
        return None
    else:
        store = {"type": "shared", "disk": device, "mmp": False}
    if store is None or filesystem is None:
        return None
    store.update(mount=directory, filesystem=filesystem)
    store["options"] = storage.options(options, where, findings)
    services.mounted_at_boot(directory, parts.hosts, where, findings)
    return store


def _engine(inventory: Inventory, findings: Findings) -> None:
    """Take an engine that accepts the inventory; the more nodes it can have, the sooner."""
    count = len(inventory.nodes)
    possible = sorted(able(count), key=lambda name: -ENGINES[name].most)
    if not possible:
        findings.add(
            "refused",
            "failover_engine",
            f"no engine of this version keeps {count} nodes; they are {', '.join(ENGINES)}.",
        )
        return
    for name in possible:
        inventory.variables["failover_engine"] = name
        if not inventory.refusals():
            break
    else:
        inventory.variables["failover_engine"] = name = (
            DEFAULT if DEFAULT in possible else possible[0]
        )
    others = [one for one in possible if one != name]
    findings.add(
        "changed",
        "failover_engine",
        f"the engine is {name}"
        + (f"; {' or '.join(others)} can keep this cluster as well." if others else ".")
        + " Whatever keeps the services today has to be stopped on all nodes before site.yml.",
    )
    if name == DEFAULT:
        del inventory.variables["failover_engine"]


def _variables(
    inventory: Inventory,
    cib: base.Cib,
    links: Links,
    made: list[dict[str, Any]],
    collected: Sequence[Parts],
    findings: Findings,
) -> None:
    variables = inventory.variables
    _properties(cib, len(inventory.nodes), findings)
    targets = _targets(cib, findings)
    methods = fencing.methods(cib, inventory.nodes, findings)
    variables["failover_links"] = links.all()
    variables["failover_services"] = made
    if methods:
        variables["failover_fencing"] = methods
    if targets:
        variables["failover_ping_targets"] = targets
    mails = list(dict.fromkeys(mail for parts in collected for mail in parts.mails))
    if mails:
        variables["failover_notifications"] = [{"method": "mail", "to": mails, "from": mails[0]}]
    if not links.all():
        findings.add(
            "refused",
            "corosync.conf",
            "names no ring whose addresses are on interfaces of the nodes, so there is no link.",
        )
    protection.complete(inventory, inventory.hosts, False, "the CIB", findings)
    _engine(inventory, findings)


def _properties(cib: base.Cib, count: int, findings: Findings) -> None:
    told = {key: value.lower() for key, value in cib.properties.items()}
    where = "cluster properties"
    if told.get("stonith-enabled", told.get("fencing-enabled", "true")) in (
        "false",
        "no",
        "off",
        "0",
    ):
        findings.add(
            "danger",
            where,
            "stonith-enabled is false: a node that is only cut off goes on writing while the other"
            " takes over.",
        )
    if told.get("no-quorum-policy") == "ignore" and count > 2:
        findings.add(
            "danger",
            where,
            "no-quorum-policy is ignore: each part of a cluster that breaks apart goes on alone.",
        )
    if told.get("maintenance-mode") == "true":
        findings.add(
            "decide", where, "the cluster is in maintenance mode; the new one will not be."
        )
    for place in cib.places:
        if place.score < 0 and place.node:
            findings.add(
                "dropped",
                f"constraint {text.shown(place.id)}",
                f"keeps {text.shown(place.resource)} away from {text.shown(place.node)}. A service"
                " can run on every node; take the constraint out, or the node into standby.",
            )
    for path in cib.alerts:
        findings.add(
            "decide",
            "alerts",
            f"{text.shown(path)} is called at each event. Give it as a notification of the method"
            " command; it gets JSON on its input.",
        )
    for bond in cib.together:
        if 0 < abs(bond.score) < base.INFINITY or bond.score <= -base.INFINITY:
            findings.add(
                "dropped",
                "constraints",
                f"{text.shown(bond.one)} and {text.shown(bond.other)} are bound with the score"
                f" {bond.score}; services know no such wish.",
            )


def _targets(cib: base.Cib, findings: Findings) -> list[str]:
    result: list[str] = []
    for unit in cib.units:
        for one in unit.members:
            if one.agent in PINGS:
                words = one.parameters.get("host_list", "").replace(",", " ").split()
                result += [ip for word in words if (ip := one_form(word)) and ip not in result]
            elif unit.cloned and one.agent != "ocf:linbit:drbd":
                findings.add(
                    "dropped",
                    f"resource {text.shown(one.id)}",
                    f"runs on every node ({text.shown(one.agent)}). Let systemd start it on each,"
                    " or name it in a service if it belongs to one.",
                )
    return result
