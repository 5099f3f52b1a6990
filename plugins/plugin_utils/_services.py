# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The services of a cluster: completing storage and addresses, and what they must not share."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from . import _applications, _net, _storage, _units
from ._applications import _complete
from ._inventory.reading import Scope, every, known, put
from ._problems import Problem, Problems, Unknown, refuse
from ._storage import none

POLICY = ("restarts", "failure_expiry_s", "failback", "failback_delay_s")


def complete(services: Any, links: Any, lock_disk: Any, scope: Scope) -> None:
    """Fill in what was not given; interfaces of addresses are chosen by place()."""
    for service in services:
        put(scope, service, "preferred", _preferred, service, scope.nodes)
        put(scope, service, "storage", _stored, service, links, lock_disk, scope)
        with scope.problems:
            for address in addresses(service):
                _address(address, links, scope)
        with scope.problems:
            _complete.complete(service, scope)
        with scope.problems:
            _storage.of(service).fits(service)
        _whole(service, scope.problems)
        with scope.problems:
            if "failback_delay_s" in service and service.get("failback") != "automatic":
                raise Problem(
                    f"{service['where']}.failback_delay_s: means nothing without failback:"
                    " automatic."
                )


def _whole(service: Any, problems: Problems) -> None:
    """Refuse a service of nothing, and applications whose data would lie nowhere."""
    with problems:
        if service["storage"]["directory"]:
            return
        where = service["where"]
        if not every(service["addresses"]) and not every(service["applications"]):
            raise Problem(f"{where}: has no storage, no address and no application; give it one.")
        for kind, place, _service, _application in _applications.each([service]):
            if kind.on_storage:
                raise Problem(
                    f"{place}: {kind.name} keeps its files on the service's storage; give storage,"
                    " or name a unit of your own instead."
                )


def _preferred(service: Any, nodes: Sequence[str]) -> str:
    preferred = str(service.get("preferred", nodes[0]))
    if preferred not in nodes:
        where = f"{service['where']}.preferred"
        refuse(where, preferred, f"is not a node; they are {', '.join(nodes)}.")
    return preferred


def _stored(service: Any, links: Any, lock_disk: Any, scope: Scope) -> Any:
    storage = service["storage"] if "storage" in service else none.storage()
    kind = _storage.KINDS[storage["type"]]
    kind.complete(storage, f"{service['where']}.storage", links, lock_disk, scope)
    put(scope, storage, "nodes", _having, storage, scope.nodes)
    # Where the files of its applications lie.
    if "directory" not in storage:
        put(scope, storage, "directory", lambda: storage["mount"])
    return storage


def addresses(service: Any) -> list[Any]:
    """Every virtual address of a service, with those of its storage."""
    try:
        more = _storage.of(service).addresses(service["storage"])
    except Unknown:
        more = ()
    return [*service["addresses"], *more]


def _having(storage: Any, nodes: Sequence[str]) -> list[str]:
    """The nodes that have the disk; all of them if the service has none."""
    disk = storage["disk"]
    return [node for node in nodes if node in disk or not disk]


def _address(address: Any, links: Any, scope: Scope) -> None:
    """Give it the keys of every address."""
    where = address["where"]
    put(scope, address, "ip", lambda: _net.host(address["address"]))
    both = "link" in address and "interface" in address
    if both:
        scope.problems.add(f"{where}: link and interface are both given; one says it all.")
    if "link" in address:
        put(scope, address, "link", lambda: _network_link(f"{where}.link", address["link"], links))
    address.setdefault("link", "")
    address.setdefault("interface", {})


def _network_link(where: str, link: str, links: Any) -> str:
    if link not in [one["name"] for one in every(links) if one["type"] == "udp"]:
        refuse(where, link, "is not a network link of the cluster.")
    return link


def check(services: Any, lock_disk: Any, scope: Scope) -> None:
    """Refuse what two services, or a service and the locks, must not share."""
    problems = scope.problems
    taken: dict[tuple[str, str], str] = {}
    for service in services:
        for key, what in (("name", "name"), ("directory", _place_of(service))):
            with problems:
                value = service["name"] if key == "name" else service["storage"]["directory"]
                if value and (key, value) in taken:
                    raise Problem(
                        f"{service['where']}.{what}: {value} is used twice; it must be unique."
                    )
                taken[key, value] = service["name"]
        with problems:
            for node in scope.nodes:
                disk = service["storage"]["disk"].get(node)
                if disk and lock_disk is not None and disk == known(lock_disk)["disk"][node]:
                    said = f"is the disk of service {service['name']} on {node}."
                    refuse("failover_sfex.disk", disk, said)
    with problems:
        _units.unshared(services)
    for one, other in itertools.combinations(services, 2):
        with problems:
            for node in scope.nodes:
                _disks(one, other, node)
        with problems:
            _mounts(one, other)


def _place_of(service: Any) -> str:
    """Where the inventory says the directory of a service."""
    return f"storage.{'mount' if service['storage']['mount'] else 'directory'}"


def _disks(one: Any, other: Any, node: str) -> None:
    disk = other["storage"]["disk"].get(node)
    if disk and one["storage"]["disk"].get(node) == disk:
        refuse(
            f"{other['where']}.storage.disk",
            disk,
            f"is already the disk of service {one['name']} on {node}.",
        )


def _mounts(one: Any, other: Any) -> None:
    first, second = one["storage"]["directory"], other["storage"]["directory"]
    if not first or not second or first == second:
        return
    if first.startswith(f"{second}/") or second.startswith(f"{first}/"):
        refuse(
            f"{other['where']}.{_place_of(other)}",
            second,
            f"and {first} of service {one['name']} lie in each other.",
        )


def place(services: Any, links: Any, fixed: Mapping[str, str], problems: Problems) -> None:
    """Give each virtual address the interface of its link and check that it lies in its LAN.

    fixed: every address that a node has for itself, and whose it is (S6).
    """
    taken: dict[str, str] = {}
    for service in services:
        with problems:
            for address in addresses(service):
                with problems:
                    _place(service, address, links, fixed, taken)


def _place(
    service: Any, address: Any, links: Any, fixed: Mapping[str, str], taken: dict[str, str]
) -> None:
    where, ip = address["where"], address["ip"]
    if ip in fixed:
        refuse(where, address["address"], f"is already {fixed[ip]}.")
    if ip in taken:
        refuse(where, address["address"], f"is already an address of {taken[ip]}.")
    taken[ip] = f"service {service['name']}"
    if not address["interface"] or address["link"]:
        _on_link(address, service["storage"]["link"], every(links))


def _on_link(address: Any, replication: str, links: Any) -> None:
    networks = [one for one in links if one["type"] == "udp"]
    if address["link"]:
        candidates = [one for one in networks if one["name"] == address["link"]]
    else:
        candidates = [one for one in networks if one["name"] != replication] or networks
    if not candidates:
        raise Problem(
            f"{address['where']}.interface: missing; the cluster has no network link whose"
            " interface it could get."
        )
    version = _net.version(address["ip"])
    known = [
        one for one in candidates if one["network"] and _net.version(one["network"]) == version
    ]
    fits = [one for one in known if _net.inside(address["ip"], one["network"])]
    if known and len(known) == len(candidates) and not fits:
        said = ", ".join(f"link {one['name']} ({one['network']})" for one in known)
        refuse(
            address["where"],
            address["address"],
            f"is not inside the subnet of {said}; a virtual address must lie in the LAN of its"
            " interface.",
        )
    if not fits:
        # The interface of the only candidate is right even while its network is not known.
        fits = candidates
    address["link"] = fits[0]["name"]
    address["interface"] = dict(fits[0]["interface"])
