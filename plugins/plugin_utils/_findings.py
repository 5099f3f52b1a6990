# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges what the nodes told about themselves before anything is changed. No I/O."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ansible_collections.failover.cluster.plugins.module_utils import _disk

from . import _applications, _engines, _hosts, _net, _storage
from ._problems import Problem

SUPPORTED = {"debian": ("12", "13")}
LOCAL = ("127.", "::1", "fe80:")

Found = Mapping[str, Mapping[str, Any]]


def judge(
    model: Mapping[str, Any],
    found: Found,
    limits: Mapping[str, Any],
    repair: bool,
) -> list[str]:
    """Raise Problem for the first thing that forbids an installation; return the warnings.

    limits: clock_s, free_mib, watchdog, former, the engines that the cluster is about to leave,
    upgraded, the services whose applications get another version, and mixed, whether the nodes may
    have different releases. repair says that a role mends
    afterwards what it can: units that the init system starts, and DRBD files of its own making.
    """
    nodes = model["nodes"]
    warnings = _far_targets(model)
    for node in nodes:
        _host(node, found[node], limits)
        _strange(model, node, found[node], limits.get("former", ()))
        for service in model["services"]:
            if node in service["storage"]["nodes"]:
                _storage.of(service).foreign(service, node, found[node])
        _disks(model, node, found[node])
        for problem in _hosts.problems(model, node, found[node], repair):
            raise Problem(problem)
        warnings += _names(model, node, found)
    for first, second in itertools.combinations(nodes, 2):
        if found[first]["nodename"] == found[second]["nodename"]:
            raise Problem(
                f"{first} and {second} both call themselves {found[first]['nodename']}; every node"
                " needs a host name of its own."
            )
    for kind, where, service, application in _applications.each(model["services"]):
        if service["name"] not in limits.get("upgraded", ()):
            kind.judge(where, service, application, found)
    _clock(nodes, found, limits["clock_s"])
    if not limits.get("mixed", False):
        _versions(nodes, found)
    for service in model["services"]:
        _storage.of(service).judge(service, service["storage"]["nodes"], found, repair)
    warnings += _engines.of(model).judge(model, found)
    return warnings


def alone(model: Mapping[str, Any], found: Found) -> None:
    """Raise Problem if somebody else keeps services, or uses what is to be taken over.

    Asked last: all else is told first.
    """
    for node in model["nodes"]:
        for unit in found[node].get("managers", ()):
            raise Problem(
                f"{node}: {unit} keeps services there, or starts at boot. Two programs would both"
                f" keep them: stop it on both nodes first, the standby before the other (systemctl"
                f" disable --now {unit})."
            )
    for service in model["services"]:
        for node in service["storage"]["nodes"]:
            _storage.of(service).idle(service, node, found[node])


def _far_targets(model: Mapping[str, Any]) -> list[str]:
    """Ping targets that say more of a router's far side than of a LAN of the services (F22)."""
    lans = [a["address"] for s in model["services"] for a in s["addresses"]]
    return [
        f"failover_ping_targets: {target['address']} is on the LAN of no service address; a trouble"
        " behind its router would look like a loss of the service LAN, and the other way round."
        for target in model["ping_targets"]
        if lans and not any(_net.inside(target["address"], lan) for lan in lans)
    ]


def _host(node: str, info: Mapping[str, Any], limits: Mapping[str, Any]) -> None:
    system = info["os"]
    if system["version"] not in SUPPORTED.get(system["id"], ()):
        raise Problem(
            f"{node}: runs {system['id'] or 'an unknown system'} {system['version']};"
            " supported are Debian 12 and 13."
        )
    if not info["root"]:
        raise Problem(f"{node}: the tasks do not run as root there; set ansible_become.")
    for path, free in info["free_mib"].items():
        if free < limits["free_mib"]:
            raise Problem(
                f"{node}: {free} MiB are free on {path}; at least {limits['free_mib']} MiB are"
                " needed (prepare_free_mib)."
            )
    if limits["watchdog"] and not info["watchdog"]["exists"]:  # F29
        raise Problem(f"{node}: has no /dev/watchdog, but prepare_watchdog asks for one.")


def _strange(
    model: Mapping[str, Any], node: str, info: Mapping[str, Any], former: Collection[str]
) -> None:
    """Two engines on one node would both keep the services."""
    for name, told in info.get("engines", {}).items():
        if told["running"] and name != model["engine"] and name not in former:
            raise Problem(
                f"failover_engine: is {model['engine']}, but the engine {name} runs on {node};"
                f" write {name}, or have the cluster change its engine (playbook migrate_engine)."
            )


def _disks(model: Mapping[str, Any], node: str, info: Mapping[str, Any]) -> None:
    for service in model["services"]:
        if node not in service["storage"]["disk"]:
            continue
        kind = _storage.of(service)
        disk = service["storage"]["disk"][node]
        where = f"{service['where']}.storage.disk"
        seen = info["disks"][service["name"]]
        if not seen["exists"]:
            raise Problem(f"{where}: {disk} does not exist on {node}.")
        if not seen["block"]:
            raise Problem(f"{where}: {disk} on {node} is not a block device.")
        if kind.ours(service, info, seen):
            continue
        if seen["used"] and not kind.awaited(service, node):
            raise Problem(f"{where}: {disk} on {node} is in use ({seen['used']}).")
        if kind.keeps(service, node, seen):
            continue
        content = _disk.content(seen)
        if content and not service["storage"]["overwrite"] and not kind.awaited(service, node):
            raise Problem(
                f"{where}: {disk} on {node} holds {content}; it is never overwritten unless"
                " storage.overwrite is true."
            )


def _names(model: Mapping[str, Any], node: str, found: Found) -> list[str]:
    warnings = []
    for name, addresses in found[node]["names"].items():
        right = {
            link["address"][name]
            for link in model["links"]
            if link["type"] == "udp" and name in link["address"]
        } | {model["addresses"][name]}
        # Any address of that node is right, one of a LAN for administration, too.
        right |= {
            address.partition("/")[0]
            for interface in found[name]["interfaces"].values()
            for address in interface
        }
        if not addresses:
            warnings.append(f"{node}: the name {name} is unknown there; add it to /etc/hosts.")
            continue
        if right & set(addresses):
            continue
        if name == node and all(item.startswith(LOCAL) for item in addresses):
            continue
        raise Problem(
            f"{node}: the name {name} resolves to {', '.join(addresses)} there, which is none of"
            f" its addresses ({', '.join(sorted(right))})."
        )
    return warnings


def _clock(nodes: Sequence[str], found: Found, limit: float) -> None:
    for first, second in itertools.combinations(nodes, 2):
        one, other = found[first]["offset"], found[second]["offset"]
        # Each offset is a range; only a gap between the ranges is a proven difference.
        gap = max(one[0] - other[1], other[0] - one[1], 0.0)
        if gap > limit:
            raise Problem(
                f"{first} and {second}: the clocks differ by at least {gap:.1f} s; at most"
                f" {limit:g} s are allowed (prepare_clock_s)."
            )


def _versions(nodes: Sequence[str], found: Found) -> None:
    first, *others = nodes
    one = found[first]["os"]["version"]
    for second in others:
        other = found[second]["os"]["version"]
        if one != other:
            raise Problem(
                f"{first} runs Debian {one} and {second} Debian {other}; the applications of a"
                " cluster need the same release on both nodes."
            )


def accounts(
    model: Mapping[str, Any],
    found: Found,
    wanted: Mapping[str, Mapping[str, Any]],
    renumber: bool,
) -> list[dict[str, Any]]:
    """Choose the numbers of each account that owns shared data (F60).

    wanted: what the user asks for. A number that was asked for wins. Else an account keeps the
    numbers that it has, and a new one gets the default of its application if it is free on both
    nodes. Raises Problem.
    """
    nodes = model["nodes"]
    defaults = {n: a for k in _applications.KINDS.values() for n, a in k.accounts.items()}
    names = questions_of(found)
    result = []
    for name in names:
        want = {**defaults.get(name, {}), **wanted.get(name, {})}
        have = {n: found[n]["accounts"].get(name) for n in nodes if found[n]["accounts"].get(name)}
        numbers = {(item["uid"], item["gid"]) for item in have.values()}
        if not want.get("uid"):
            if len(numbers) > 1 and not renumber:
                said = ", ".join(f"{i['uid']}:{i['gid']} on {n}" for n, i in have.items())
                raise Problem(
                    f"account {name}: has different numbers ({said}); files on shared storage"
                    " would change their owner with the node. Say which with prepare_accounts"
                    " and allow it with prepare_renumber."
                )
            chosen = sorted(numbers)[0] if numbers else (None, None)
            want["uid"] = chosen[0] or want.get("default")
            want["gid"] = chosen[1] or want.get("default")
            if not want["uid"]:
                raise Problem(
                    f"account {name}: exists on no node; install what it belongs to, or give its"
                    f" numbers with prepare_accounts: {{{name}: {{uid: ..., gid: ...}}}}."
                )
        want.setdefault("gid", want["uid"])
        for node in nodes:
            seen = have.get(node)
            if seen is None:
                for number, kind in ((want["uid"], "uids"), (want["gid"], "gids")):
                    if number in found[node]["taken"][kind]:
                        raise Problem(
                            f"account {name}: {kind[:-1]} {number} is taken on {node}; choose"
                            " another with prepare_accounts."
                        )
            elif (seen["uid"], seen["gid"]) != (want["uid"], want["gid"]) and not renumber:
                raise Problem(
                    f"account {name}: has {seen['uid']}:{seen['gid']} on {node} and must have"
                    f" {want['uid']}:{want['gid']}; allow it with prepare_renumber."
                )
        want.pop("default", None)
        result.append({"name": name, **want})
    return result


def questions_of(found: Found) -> list[str]:
    """The names of the accounts that the nodes were asked about."""
    return sorted({name for info in found.values() for name in info["accounts"]})


def gone(
    model: Mapping[str, Any], found: Found, host: str, remove: Sequence[str]
) -> list[dict[str, Any]]:
    """Return what the host has of services and applications that are not in the inventory any more.

    whole: the service itself is not; otherwise only some of its units.
    remove: the names that the user gave to say that they shall go. Raises Problem for a service
    that would go without that word: its name may have been mistyped, or a file not been read.
    """
    names = [service["name"] for service in model["services"]]
    for name in remove:
        if name in names:
            raise Problem(
                f"remove: {name} is still in failover_services; take it out of the inventory first."
            )
    known: dict[str, str] = {}
    for node, info in found.items():
        known.update(dict.fromkeys((*info["services"], *info["configured"]), node))
    for name, node in known.items():
        if name not in names and name not in remove:
            raise Problem(
                f"failover_services: {name} is missing, but it is a service of {node}. Put it back;"
                " or, to have it stopped and removed (its data stay), run site.yml with -e"
                f" remove={name}."
            )
    configured = found[host]["configured"]
    result = [
        {
            "name": name,
            "mount": "",
            "units": [],
            **configured.get(name, {}),
            "files": _left(name, None),
            "whole": True,
        }
        for name in sorted({*known, *remove} - {*names})
    ]
    wanted = {a["unit"] for service in model["services"] for a in service["applications"]}
    for name in names:
        units = [u for u in configured.get(name, {}).get("units", ()) if u not in wanted]
        if units:
            result.append(
                {
                    "name": name,
                    "mount": "",
                    "units": units,
                    "files": _left(name, units),
                    "whole": False,
                }
            )
    return result


def _left(service: str, units: Sequence[str] | None) -> list[str]:
    """Files that roles of applications wrote for a service: of these units, None for all."""
    result = []
    for kind in _applications.KINDS.values():
        unit = kind.unit({}, "", service) if kind.role else ""
        if unit and (units is None or unit in units):
            result.append(f"/etc/systemd/system/{unit}")
            result += [f"/etc/failover/{service}/{file}" for file in kind.files]
    return result


def retired(gone: Sequence[Mapping[str, Any]], info: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return for each role of a storage the services that are gone and of which it has something.

    info: what the host answered.
    """
    names = [service["name"] for service in gone if service["whole"]]
    left = {kind.role: kind.left(names, info) for kind in _storage.KINDS.values()}
    return {role: having for role, having in left.items() if having}


def stale(model: Mapping[str, Any], found: Found, host: str) -> dict[str, list[str]]:
    """Return for each role of a storage what the host has of it for no service at all (S26)."""
    used = {service["name"] for service in model["services"]}
    for info in found.values():
        used |= {*info["services"], *info["configured"]}
    kinds = [kind for kind in _storage.KINDS.values() if kind.role]
    return {kind.role: kind.stale(used, found[host]) for kind in kinds}


def opened_nodes(model: Mapping[str, Any], found: Found) -> dict[str, str]:
    """Return for each service the node on which the roles open its filesystem, "" for none.

    That is for the services that no daemon manages yet, whatever else runs on the nodes: where it
    is mounted already, else the preferred node.
    """
    managed = {name for info in found.values() for name in info["services"]}
    return {
        service["name"]: ""
        if service["name"] in managed
        else _mounted(model, found, service) or service["preferred"]
        for service in model["services"]
    }


def content_nodes(model: Mapping[str, Any], found: Found) -> dict[str, str]:
    """Return for each service the node that can write to its filesystem now, "" for none."""
    return {
        service["name"]: _mounted(model, found, service)
        or opened_nodes(model, found)[service["name"]]
        for service in model["services"]
    }


def _mounted(model: Mapping[str, Any], found: Found, service: Mapping[str, Any]) -> str:
    mount = service["storage"]["mount"]
    return next((node for node in model["nodes"] if mount in found[node]["mounts"]), "")
