# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Single points of failure: what stops the whole cluster when it alone fails. No I/O.

Each finding is a warning. A user acknowledges it with a reason; then it is shown as such.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from . import _net
from ._inventory import agents

Model = Mapping[str, Any]
Found = Mapping[str, Mapping[str, Any]]
Finding = dict[str, str]
HIGH, LOW = "high", "low"
"""high: the services stop, or no failover can be proved safe. low: it costs less than that."""
LOCAL = frozenset(("localhost", "ip6-localhost", "::1", "0.0.0.0", "::"))


def audit(model: Model, found: Found) -> list[Finding]:
    """Return the findings; acknowledged is the reason of the user, empty for an open one.

    An acknowledgement of what is not found any more is a finding of its own.
    """
    findings = [finding for rule in RULES for finding in rule(model, found)]
    said = {item["finding"]: item["reason"] for item in model.get("acknowledged") or ()}
    for finding in findings:
        finding["acknowledged"] = said.pop(finding["finding"], "")
    for name in said:
        reason = f"{name} is acknowledged, but it is not found any more"
        remedy = "take it out of failover_acknowledged"
        findings.append({**_finding(LOW, "acknowledged", name, reason, remedy), "acknowledged": ""})
    return sorted(findings, key=lambda item: (bool(item["acknowledged"]), item["weight"] != HIGH))


def table(findings: Sequence[Finding]) -> list[str]:
    """Return the findings as lines for people; the acknowledged ones last, with their reasons."""
    lines = []
    for item in findings:
        mark = "acknowledged" if item["acknowledged"] else item["weight"]
        lines.append(f"{mark:<12} {item['finding']}: {item['reason']}")
        told = f"acknowledged: {item['acknowledged']}" if item["acknowledged"] else item["remedy"]
        lines.append(f"{'':<12} -> {told}")
    return lines


def _finding(weight: str, code: str, about: str, reason: str, remedy: str) -> Finding:
    name = f"{code}:{about}" if about else code
    return {"weight": weight, "finding": name, "reason": reason, "remedy": remedy}


def _topology(found: Found, node: str) -> Mapping[str, Any]:
    told = found[node].get("topology")
    return told if isinstance(told, Mapping) else {}


def _udp(model: Model) -> list[Any]:
    return [link for link in model["links"] if link["type"] == "udp"]


def _links(model: Model, found: Found) -> Iterator[Finding]:
    """One port, card, bond, network or switch under all links."""
    links, udp = model["links"], _udp(model)
    if len(links) == 1:
        name = links[0]["name"]
        reason = f"{name} is the only link: when it fails, each node takes the other for dead"
        yield _finding(HIGH, "link-single", "", reason, "add a second path, such as a serial line")
    if len(udp) < 2 or len(udp) < len(links):
        return
    names = " and ".join(link["name"] for link in udp)
    networks = {link["network"] for link in udp}
    if len(networks) == 1 and networks != {""}:
        reason = f"{names} are in one network, {networks.pop()}, so probably on one switch"
        yield _finding(HIGH, "link-network", "", reason, "give one link a cable of its own")
    for node in model["nodes"]:
        yield from _link_parts(node, names, udp, _topology(found, node))


def _link_parts(
    node: str, names: str, udp: Sequence[Any], told: Mapping[str, Any]
) -> Iterator[Finding]:
    known, switches = told.get("interfaces", {}), told.get("switches", {})
    parts = [known.get(link["interface"][node], {}) for link in udp]
    ports = _common([set(part.get("ports", ())) for part in parts])
    bonds = {part.get("bond", "") for part in parts}
    cards = _common([set(part.get("cards", ())) for part in parts])
    apart = "use ports of two cards"
    if len(bonds) == 1 and bonds != {""}:
        reason = f"{names} run over one bond of {node}, {bonds.pop()}: its driver is common to them"
        yield _finding(HIGH, "link-bond", node, reason, "give one link a port outside the bond")
    elif ports:
        reason = f"{names} run over one port of {node}, {', '.join(sorted(ports))}"
        yield _finding(HIGH, "link-port", node, reason, apart)
    elif cards:
        reason = f"{names} run over one card of {node}, {', '.join(sorted(cards))}"
        yield _finding(HIGH, "link-card", node, reason, apart)
    seen = [_switches(switches, part) for part in parts]
    one = _common(seen)
    if one:
        reason = f"{names} of {node} lead to one switch, {', '.join(sorted(one))}"
        remedy = "lead one link to another switch, or straight to the other node"
        yield _finding(HIGH, "link-switch", node, reason, remedy)


def _switches(switches: Mapping[str, str], part: Mapping[str, Any]) -> set[str]:
    return {switches[port] for port in part.get("ports", ()) if port in switches}


def _common(sets: Sequence[set[str]]) -> set[str]:
    return set.intersection(*sets) if sets else set()


def _bonds(model: Model, found: Found) -> Iterator[Finding]:
    """A bond that protects against nothing."""
    for node in model["nodes"]:
        interfaces = _topology(found, node).get("interfaces", {})
        for name, part in interfaces.items():
            if name == part.get("bond") and len(part.get("ports", ())) < 2:
                reason = f"the bond {name} of {node} has one port"
                yield _finding(LOW, "bond-port", f"{node}.{name}", reason, "add a second port")


def _targets(model: Model, found: Found) -> Iterator[Finding]:
    targets = [target["address"] for target in model["ping_targets"]]
    gateways = {g for node in model["nodes"] for g in _topology(found, node).get("gateways", ())}
    if len(targets) == 1:
        what = "the gateway alone" if targets[0] in gateways else "one host alone"
        reason = f"{targets[0]}, {what}, says whether the service LAN works"
        remedy = "add a target that hangs on another switch port, such as a second server"
        weight = HIGH if any(m["method"] == "watchdog" for m in model["fencing"]) else LOW
        yield _finding(weight, "ping-single", "", reason, remedy)
    if len(gateways) == 1:
        reason = f"clients of other networks reach the services through {gateways.pop()} alone"
        remedy = "make the gateway redundant (VRRP) or acknowledge that it is"
        yield _finding(LOW, "gateway-single", "", reason, remedy)


def _power(model: Model, found: Found) -> Iterator[Finding]:
    """F04, F83: a fence device that dies with what it fences."""
    methods = model["fencing"]
    if not methods:
        reason = "no method excludes a silent node: every failover waits for a person"
        yield _finding(HIGH, "fence-none", "", reason, "give failover_fencing")
    kinds = {method["name"]: agents.kind(method["agent"]) for method in methods}
    if methods and set(kinds.values()) == {"bmc"}:
        reason = f"{' and '.join(kinds)} lose their power together with the node that they fence"
        remedy = "add a second method: the watchdog lease, a power strip or SFEX"
        yield _finding(HIGH, "fence-power", "", reason, remedy)
    if len(methods) != 1:
        return
    method = methods[0]
    one = {address for _node, address in _devices(method)}
    if method["agent"] and len(one) == 1:
        word = {"pdu": "power strip", "host": "host of virtual machines"}.get(
            kinds[method["name"]], "device"
        )
        reason = f"one {word}, {one.pop()}, stands for both nodes, and no other method is there"
        remedy = "spread the nodes over two, or add a second method"
        yield _finding(HIGH, "fence-common", method["name"], reason, remedy)


def _devices(method: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Node and address of each device of a method."""
    for node, own in method["nodes"].items():
        given = {**method["parameters"], **own}
        address = str(given.get("ip") or given.get("ipaddr") or "")
        if address:
            yield node, address


def _range(model: Model, found: Found) -> Iterator[Finding]:
    """A fence device on the LAN that it has to help against."""
    elsewhere = [m["name"] for m in model["fencing"] if m["method"] in ("sfex", "watchdog")]
    lans = {link["name"]: link["network"] for link in _udp(model)}
    services = [a["address"] for s in model["services"] for a in s["addresses"]]
    for method in model["fencing"]:
        shared: set[str] = set()
        clients = False
        for _node, address in _devices(method):
            shared |= {name for name, lan in lans.items() if lan and _inside(address, lan)}
            clients |= any(_inside(address, lan) for lan in services)
        if not shared and not clients:
            continue
        whole = len(shared) == len(model["links"]) and not elsewhere
        where = f"link {' and '.join(sorted(shared))}" if shared else "the service LAN"
        reason = f"{method['name']} is in the address range of {where}: one switch takes both away"
        remedy = "put the device into a LAN for administration with a switch of its own"
        yield _finding(HIGH if whole else LOW, "fence-lan", method["name"], reason, remedy)


def _inside(address: str, network: str) -> bool:
    try:
        return _net.inside(address, network)
    except ValueError:  # a device may have a name
        return False


def _servers(model: Model, found: Found) -> Iterator[Finding]:
    for node in model["nodes"]:
        told = _topology(found, node)
        if len(told.get("dns", ())) == 1:
            reason = f"{node} asks one name server, {told['dns'][0]}"
            yield _finding(LOW, "dns-single", node, reason, "name a second one in resolv.conf")
        ntp = told.get("ntp")
        if ntp is None or ntp.get("pools"):
            continue
        servers = ntp.get("servers", ())
        if not servers:
            reason = f"nothing sets the clock of {node}"
            yield _finding(LOW, "ntp-none", node, reason, "install chrony with several servers")
        elif len(servers) == 1:
            reason = f"{node} sets its clock by one server, {servers[0]}"
            yield _finding(LOW, "ntp-single", node, reason, "name three more, or a pool")


def _disks(model: Model, found: Found) -> Iterator[Finding]:
    for service in model["services"]:
        storage = service["storage"]
        for node in storage.get("disk") or ():
            path = storage["disk"][node]
            disks = _topology(found, node).get("disks", {})
            own, system = disks.get(path, {}), disks.get("/", {})
            yield from _disk(f"{service['name']}@{node}", node, storage["type"], path, own, system)


def _disk(
    about: str,
    node: str,
    kind: str,
    path: str,
    own: Mapping[str, Any],
    system: Mapping[str, Any],
) -> Iterator[Finding]:
    if kind == "shared" and own.get("paths") == 1:
        reason = f"{node} reaches the shared disk {path} by one path"
        remedy = "use multipath over two controllers and switches"
        yield _finding(HIGH, "disk-path", about, reason, remedy)
    same = set(own.get("physical", ())) & set(system.get("physical", ()))
    controllers = set(own.get("controllers", ())) & set(system.get("controllers", ()))
    if same:
        reason = f"{path} of {node} lies on the disk of the system, {', '.join(sorted(same))}"
        remedy = "use a disk of its own: a node that loses both cannot even say why"
        yield _finding(LOW, "disk-system", about, reason, remedy)
    elif controllers:
        one = ", ".join(sorted(controllers))
        reason = f"{path} and the system of {node} hang on one controller, {one}"
        remedy = "use two controllers: a node that loses both cannot stop its services in order"
        yield _finding(LOW, "disk-controller", about, reason, remedy)


def _outside(model: Model, found: Found) -> Iterator[Finding]:
    """Hosts outside the cluster without which an application may not work."""
    own = _own(model, found)
    used: dict[str, set[str]] = {}
    for node in model["nodes"]:
        told = _topology(found, node)
        for file, hosts in told.get("hosts", {}).items():
            for host in hosts:
                used.setdefault(host, set()).add(file)
        for path, host in told.get("remote_mounts", {}).items():
            used.setdefault(host, set()).add(f"the mount {path}")
    for host, places in sorted(used.items()):
        if host.lower() in own | LOCAL or host.startswith("127."):
            continue
        reason = f"{', '.join(sorted(places))} names {host}, which is outside of the cluster"
        remedy = "make that host redundant too, or see that the service bears its loss"
        yield _finding(LOW, "outside", host, reason, remedy)


def _own(model: Model, found: Found) -> set[str]:
    """Every name and address of the cluster."""
    result = {*model["nodes"], *model["addresses"].values()}
    for node in model["nodes"]:
        result |= {found[node]["nodename"], found[node]["nodename"].partition(".")[0]}
        for addresses in found[node]["interfaces"].values():
            result |= {address.partition("/")[0] for address in addresses}
    for service in model["services"]:
        result |= {service["name"], *(address["ip"] for address in service["addresses"])}
    return {str(item).lower() for item in result}


RULES: tuple[Callable[[Model, Found], Iterator[Finding]], ...] = (
    *(_links, _bonds, _targets, _power, _range, _servers, _disks, _outside),
)
