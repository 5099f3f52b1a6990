# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turns the variables of an inventory into the checked model of one cluster. No I/O."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from . import (
    _applications,
    _engines,
    _fencing,
    _firewall,
    _links,
    _listening,
    _monitors,
    _net,
    _notifications,
    _page,
    _services,
    _storage,
    _told,
    _units,
)
from ._daemon import fencing
from ._inventory.reading import WRONG, PerNode, Read, Scope, every, merge, put
from ._inventory.specification import VARIABLES
from ._problems import DEEPEST, Problem, Problems, refuse, secret_texts, too_deep

Found = Mapping[str, Mapping[str, Any]]
LACKING = {
    "no_exclusion": "failover_fencing",
    "single_link": "failover_links",
    "software_watchdog": "failover_watchdog.module",
    "sfex_without_watchdog": "failover_watchdog",
}
"""Risk -> the variable that would have to be given, or given otherwise."""


def build(
    cluster: str,
    nodes: Sequence[str],
    variables: Mapping[str, Mapping[str, Any]],
    found: Found | None = None,
    group: str = "",
) -> dict[str, Any]:
    """Return the model; its fencing parameters still hold their secrets.

    variables holds for each node what its inventory variables say. found, once the nodes were
    asked, holds for each node {"nodename": ..., "interfaces": {name: [address/prefix]}}.
    Raises Refusal with a sentence for each wrong value.
    """
    return finished(*read(cluster, nodes, variables, found, group))


def finished(model: Read, problems: Problems) -> dict[str, Any]:
    """Return the model in plain types, or raise what is wrong; the engine has the last word."""
    problems.settle()
    result: dict[str, Any] = json.loads(json.dumps(model))
    for node in result["nodes"]:
        with problems:
            _engines.of(result).accept(result, node)
    problems.settle()
    return result


def read(
    cluster: str,
    nodes: Sequence[str],
    variables: Mapping[str, Mapping[str, Any]],
    found: Found | None = None,
    group: str = "",
) -> tuple[Read, Problems]:
    """Return the model as far as it can be read, and everything that is wrong with it."""
    deep = sorted({k for node in nodes for k, v in variables[node].items() if too_deep(v)})
    variables = {n: {k: WRONG if k in deep else v for k, v in variables[n].items()} for n in nodes}
    problems = Problems(set().union(*(secret_texts(variables[node]) for node in nodes)))
    for name in deep:
        problems.add(f"{name}: is nested more than {DEEPEST} levels deep.")
    scope = Scope(nodes, problems)
    model = Read(cluster=cluster, nodes=list(nodes))
    model["addresses"] = {n: str(variables[n].get("ansible_host", n)) for n in nodes}
    model["ports"] = {n: str(variables[n].get("ansible_port", "")) for n in nodes}
    with problems:
        _net.need()
        if found is not None:
            _told.check(found)
        engine = _engine(variables)
        if engine is not None:
            _enough(engine, group or cluster, nodes)
            _obeyed(engine, variables, problems)
        with problems:
            _apart(nodes, variables)
        given = _given(cluster, nodes, variables, scope)
        _complete(model, given, scope, variables, found)
    return model, problems


def _engine(variables: Mapping[str, Mapping[str, Any]]) -> _engines.Engine | None:
    """The engine that all nodes name, None if that is wrong; the specification says how."""
    named = {str(given.get("failover_engine") or _engines.DEFAULT) for given in variables.values()}
    return _engines.ENGINES.get(named.pop()) if len(named) == 1 else None


def _enough(engine: _engines.Engine, group: str, nodes: Sequence[str]) -> None:
    if engine.least <= len(nodes) <= engine.most:
        return
    hosts = f"{len(nodes)} hosts" if len(nodes) != 1 else "1 host"
    others = _engines.able(len(nodes))
    remedy = f", or the engine {' or '.join(others)}" if others else ""
    raise Problem(
        f"failover_engine: {engine.name} runs on {engine.span()} nodes, but the group {group} has"
        f" {hosts} ({', '.join(nodes)}); give it as many{remedy}, or name another group with"
        " failover_group."
    )


def _obeyed(
    engine: _engines.Engine, variables: Mapping[str, Mapping[str, Any]], problems: Problems
) -> None:
    """Refuse variables that mean nothing to the engine."""
    for name in VARIABLES:
        able = _engines.obeying(name)
        if engine.name not in able and any(given.get(name) for given in variables.values()):
            problems.add(
                f"{name}: means nothing to the engine {engine.name}; leave it out, or take the"
                f" engine {' or '.join(able)} (failover_engine)."
            )


def _given(
    cluster: str, nodes: Sequence[str], variables: Mapping[str, Mapping[str, Any]], scope: Scope
) -> Read:
    """Read every variable by its specification."""
    result = Read()
    for word in sorted({str(key) for node in nodes for key in variables[node]}):
        if word.startswith("failover_") and word not in VARIABLES:
            known_are = f" known are {', '.join(sorted(VARIABLES))}."
            close = _meant(word)
            hint = f" {close} may be meant" if close else ""
            scope.problems.add(f"{word}: unknown variable;{hint + '.' if hint else known_are}")
    for name, key in VARIABLES.items():
        if any(variables[node].get(name) is WRONG for node in nodes):
            dict.__setitem__(result, name, WRONG)
            continue
        having = [node for node in nodes if variables[node].get(name) is not None]
        missing = [node for node in nodes if node not in having]
        if having and missing:
            for node in missing:
                scope.problems.add(f"{name}: missing on {node}; every node of a cluster needs it.")
            dict.__setitem__(result, name, WRONG)
        elif having:
            raw = merge({node: variables[node][name] for node in nodes})
            put(scope, result, name, _reading, name, key, raw, scope)
        elif key.required:
            scope.problems.add(f"{name}: missing; cluster {cluster} needs it.")
            dict.__setitem__(result, name, WRONG)
        elif key.default is not None:
            dict.__setitem__(result, name, key.fill())
    return result


def _meant(word: str) -> str:
    """The variable that an unknown one is most like, "" if it is like none."""

    def likeness(name: str) -> float:
        one, other = word.removeprefix("failover_"), name.removeprefix("failover_")
        same_start = one[:3] == other[:3]
        return difflib.SequenceMatcher(None, one, other).ratio() + (0.2 if same_start else 0.0)

    best = max(VARIABLES, key=likeness)
    return best if likeness(best) >= 0.6 else ""


def _reading(name: str, key: Any, raw: Any, scope: Scope) -> Any:
    if isinstance(raw, PerNode) and key.kind.type in ("list", "dict"):
        raise Problem(
            f"{name}: has another shape on one node than on the other; the nodes may differ in"
            " single values only."
        )
    return key.kind.read(name, raw, scope)


def _complete(
    model: Read,
    given: Read,
    scope: Scope,
    variables: Mapping[str, Mapping[str, Any]],
    found: Found | None,
) -> None:
    """Fill in what was not given, and check what has to fit together."""
    nodes, problems = scope.nodes, scope.problems
    for name in VARIABLES:
        if name not in NO_PARTS:
            key = name.removeprefix("failover_")
            dict.__setitem__(model, key, dict.get(given, name, DEFAULTS.get(key)))
    dict.__setitem__(model, "hostnames", {n: found[n]["nodename"] for n in nodes} if found else {})
    with problems:
        _links.complete(model["links"], scope)
    with problems:
        _fencing.complete(model["fencing"], scope)
    with problems:
        engine = _engines.of(model)
        dict.__setitem__(model, "hooks", asdict(engine.hooks))
        engine.complete(model, scope)
    with problems:
        _page.complete(model, nodes)
    with problems:
        _services.complete(
            model["services"], dict.get(model, "links"), dict.get(model, "sfex"), scope
        )
    with problems:
        _storage.keep(model["services"], model["engine"], problems)
    with problems:
        _services.check(model["services"], dict.get(model, "sfex"), scope)
    with problems:
        patterns = [unit for each in _engines.ENGINES.values() for unit in each.reserved]
        _units.unreserved(model["services"], [*patterns, *_page.UNITS, *_firewall.UNITS])
    with problems:
        _safe(model, problems)
    with problems:
        if found is not None:
            virtual = _virtual(model, problems)
            _links.fill(model["links"], found, virtual, problems)
            _interfaces(model["services"], found, problems)
    with problems:
        _links.check(model["links"], nodes, problems)
    with problems:
        _storage.number(every(model["services"]), found)
    with problems:
        fixed = _fixed(model, found, problems)
        _services.place(model["services"], model["links"], fixed, problems)
    with problems:
        _listening.assign(every(model["services"]))
    with problems:
        _page.check(model)
    with problems:
        if found is not None:
            for kind, _where, _service, application in _applications.each(every(model["services"])):
                kind.settle(application, found)
    with problems:
        _monitors.check_targets(model["ping_targets"], model["links"], model["services"], problems)
    with problems:
        _monitors.check(model["monitors"], model["ping_targets"])
    with problems:
        _engines.of(model).check(model, problems)
    with problems:
        replication = [s["storage"]["link"] for s in model["services"] if s["storage"]["link"]]
        _fencing.check_addresses(model["fencing"], model["links"], replication, problems)
    with problems:
        _notifications.complete(model["notifications"], problems)


NO_PARTS = ("failover_name", "failover_group")
"""Variables that say which hosts the cluster is, and so no part of its model."""
DEFAULTS: Mapping[str, Any] = {"timing": {}, "monitors": {}}


def _apart(nodes: Sequence[str], variables: Mapping[str, Mapping[str, Any]]) -> None:
    seen: dict[str, str] = {}
    for node in nodes:
        if variables[node].get("ansible_host") is WRONG:
            continue
        host = str(variables[node].get("ansible_host", node))
        port = str(variables[node].get("ansible_port", ""))
        where = f"{host}:{port}"
        if where in seen:
            refuse("ansible_host", host, f"is the address of both {seen[where]} and {node}.")
        seen[where] = node


def _safe(model: Read, problems: Problems) -> None:
    unsafe = every(model["unsafe"])
    taken = {
        "no_exclusion": not every(model["fencing"]),
        "single_link": len(every(model["links"])) < 2,
        **_engines.of(model).risks(model),
    }
    for word, wrong in taken.items():
        if wrong and word not in unsafe:
            problems.add(
                f"{LACKING[word]}: {fencing.RISKS[word]}; give what is missing, or accept the risk"
                f" with failover_unsafe: [{word}]."
            )
    for word in unsafe:
        if taken.get(word, False) is False:
            problems.add(f"failover_unsafe: {word} is not needed here; leave it out.")


def _virtual(model: Read, problems: Problems) -> list[str]:
    result = []
    for service in model["services"]:
        with problems:
            result += [address["ip"] for address in _services.addresses(service)]
    return result


def _fixed(model: Read, found: Found | None, problems: Problems) -> dict[str, str]:
    """Every address that a node has for itself, and whose it is (S6)."""
    result: dict[str, str] = {}
    for node, told in (found or {}).items():
        legitimate = _legitimate(model, told, problems)
        for interface, addresses in told["interfaces"].items():
            for address in addresses:
                if _net.host(address) not in legitimate:
                    said = f"a fixed address of {node} on {interface}"
                    result.setdefault(_net.host(address), said)
    for node, host in model["addresses"].items():
        try:
            result[_net.address(host)] = f"the address at which Ansible reaches {node}"
        except ValueError:
            continue
    for link in model["links"]:
        with problems:
            for node, address in link.get("address", {}).items():
                result[address] = f"the address of {node} on link {link['name']}"
    return result


def _legitimate(model: Read, told: Mapping[str, Any], problems: Problems) -> set[str]:
    """The virtual addresses that a node may have at the moment: its services may run there."""
    result: set[str] = set()
    for service in model["services"]:
        with problems:
            mount = service["storage"]["mount"]
            adopted = service["name"] in told.get("adopting", ())
            running = service["name"] in told.get("configured", ())
            if adopted or running or mount in told.get("mounts", ()):
                result.update(address["ip"] for address in _services.addresses(service))
    return result


def _interfaces(services: Any, found: Found, problems: Problems) -> None:
    for service in services:
        with problems:
            for address in _services.addresses(service):
                for node, interface in address["interface"].items():
                    if interface not in found[node]["interfaces"]:
                        where = f"{address['where']}.interface"
                        refuse(where, interface, f"does not exist on {node}.")
