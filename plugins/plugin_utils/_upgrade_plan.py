# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes are upgraded one after the other: in which order, at what price, and what forbids it.

A node is emptied before its packages change, so that no service runs with half an upgrade. A node
that was begun by a run that was cut off comes first: it may still be in standby mode.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from . import _applications

Found = Mapping[str, Mapping[str, Any]]

Accounts = Mapping[str, Sequence[Mapping[str, Any]]]

AUTO, NEVER = "auto", "never"
ENOUGH = ("ok", "warning")
"""Levels of readiness with which a failover would succeed."""
STOPPED = "stopped-there"
"""Cause of an outage that a node has only seen on another one: a planned move looks like that."""


def plan(
    model: Mapping[str, Any],
    found: Found,
    ready: Found,
    status: Mapping[str, Any],
    reboot: str = AUTO,
    home: bool = False,
    release: str = "",
) -> dict[str, Any]:
    """Return lines, problems, order and work (the nodes that have to be emptied for it).

    found: what upgrade_info says of each node. ready: what the engine of each node says of a
    failover. status: that of one engine. release: the one that the nodes are to get, "" if they
    keep theirs.
    """
    nodes = list(model["nodes"])
    owners = {one["name"]: one.get("owner") or "" for one in status["services"]}
    begun = [node for node in nodes if found[node]["begun"]]

    def first(node: str) -> tuple[bool, int, int]:
        return node not in begun, list(owners.values()).count(node), nodes.index(node)

    order = sorted(nodes, key=first)
    work = [node for node in order if _emptied(found[node], reboot, release)]
    moves = list(_moves(model, owners, [node for node in order if node in work], home))
    return {
        "order": order,
        "work": work,
        "moves": moves,
        "problems": [
            *(_releases(model, found, work, reboot, release) if release else ()),
            *_problems(status, found, ready, begun, work, reboot),
        ],
        "lines": [
            *_lines(found, order, work, moves, _seconds(ready), reboot, begun),
            *(_sorted_otherwise(model, release) if release and work else ()),
        ],
    }


def _emptied(info: Mapping[str, Any], reboot: str, release: str) -> bool:
    """Whether a node must run nothing for its upgrade."""
    boots = reboot == AUTO and bool(info["reasons"])
    other = bool(release) and info["release"]["has"] != release
    return bool(other or info["begun"] or info["pending"] or info["interrupted"] or boots)


def _moves(
    model: Mapping[str, Any], owners: Mapping[str, str], work: Sequence[str], home: bool
) -> Iterator[dict[str, str]]:
    """The moves in their order: service, from, to, and the node for which it leaves."""
    where = dict(owners)
    for node in work:
        others = [name for name in model["nodes"] if name != node]
        for service, owner in where.items():
            if owner == node:
                where[service] = others[0] if len(others) == 1 else ""
                yield {"service": service, "from": node, "to": where[service], "for": node}
    for service in model["services"] if home else ():
        name, to = service["name"], service["preferred"]
        if where.get(name, to) != to:
            yield {"service": name, "from": where[name], "to": to, "for": ""}


def _seconds(ready: Found) -> dict[str, float]:
    """How long a move of each service took when it was last measured."""
    result: dict[str, float] = {}
    for answer in ready.values():
        for one in answer.get("services", ()):
            if one.get("move_s") is not None:
                result[one["name"]] = max(one["move_s"], result.get(one["name"], 0.0))
    return result


def _problems(
    status: Mapping[str, Any],
    found: Found,
    ready: Found,
    begun: Sequence[str],
    work: Sequence[str],
    reboot: str,
) -> Iterator[str]:
    if status["maintenance"]:
        yield "maintenance: is on; nothing moves until it ends (playbook maintenance)."
    for node in status["standby"]:
        if node not in begun:
            yield (
                f"{node}: is in standby mode, and no upgrade has put it there; end that first"
                " (playbook online)."
            )
    # A node that an earlier run has emptied cannot take anything over: it is finished first.
    if not begun:
        for service, reason in _unready(ready).items():
            yield f"{service}: a failover would not succeed: {reason}."
    for node in work:
        if reboot == AUTO and found[node]["unfit"]:
            yield (
                f"{node}: {found[node]['unfit']}; or run it with -e reboot=never, which leaves"
                " the running kernel."
            )


def _releases(
    model: Mapping[str, Any], found: Found, work: Sequence[str], reboot: str, release: str
) -> Iterator[str]:
    """What forbids another release."""
    if reboot != AUTO and work:
        yield "reboot: another release needs a boot of each node; leave it at auto."
    for node in model["nodes"]:
        for problem in found[node]["release"]["problems"]:
            yield f"{node}: {problem}."
    if all(found[node]["release"]["has"] == release for node in model["nodes"]):
        return
    for kind, where, _service, application in _applications.each(model["services"]):
        if application.get("of_release", False):
            yield (
                f"{where}.{kind.name}.version: is left to the release, and the data stay as they"
                f' are; write version: "{application["version"]}" into the inventory first.'
            )


def _sorted_otherwise(model: Mapping[str, Any], release: str) -> Iterator[str]:
    """What databases need that sort their texts with another C library."""
    names = [
        service["name"]
        for service in model["services"]
        if any(one["kind"] == "postgresql" for one in service["applications"])
    ]
    if names:
        yield (
            f"{', '.join(names)}: after the move to the first node that has {release}, the indexes"
            " of texts are checked while the service runs, and those are rebuilt that its C library"
            " sorts otherwise. Until then a query may miss rows in such an index."
        )


def _unready(ready: Found) -> dict[str, str]:
    """The services that nobody could take over, each with a reason."""
    return {
        one["name"]: one["reason"] or "no reason given"
        for answer in ready.values()
        for one in answer.get("services", ())
        if one["level"] not in ENOUGH
    }


def _lines(
    found: Found,
    order: Sequence[str],
    work: Sequence[str],
    moves: Sequence[Mapping[str, str]],
    seconds: Mapping[str, float],
    reboot: str,
    begun: Sequence[str],
) -> Iterator[str]:
    for node in begun:
        yield f"An earlier run began to upgrade {node}; this run finishes it."
    steps = [step for node in order for step in _of_node(node, found[node], work, moves, reboot)]
    home = [f"{one['service']} moves home to {one['to']}" for one in moves if not one["for"]]
    steps += [f"{', '.join(home)}."] if home else []
    yield from (f"{number}. {step}" for number, step in enumerate(steps, 1))
    yield from _downtime(moves, seconds)


def _of_node(
    node: str,
    info: Mapping[str, Any],
    work: Sequence[str],
    moves: Sequence[Mapping[str, str]],
    reboot: str,
) -> Iterator[str]:
    """What is done on one node."""
    begins = "its daemon gets the code of this release, if it has another one"
    if node not in work:
        waits = ""
        if info["reasons"]:
            waits = f" It should boot, because {'; '.join(info['reasons'])} (-e reboot=auto)."
        yield f"{node}: no package is to be upgraded; {begins}.{waits}"
        return
    leaving = [one["service"] for one in moves if one["for"] == node]
    empty = f"{', '.join(leaving)} moves away" if len(leaving) == 1 else ""
    empty = empty or (f"{', '.join(leaving)} move away" if leaving else "no service is there")
    what = info["summary"]
    if info["interrupted"]:
        what = "an installation that was cut off is completed, and the rest upgraded"
    sources = info.get("release", {}).get("sources", ())
    other = f" Another release is written into {', '.join(sources)}." if sources else ""
    yield f"{node}: {empty}, and it gets into standby mode.{other} Packages: {what}. Then {begins}."
    if reboot == NEVER:
        yield f"{node}: it is not rebooted; what still runs with old files is named at the end."
    elif info["reasons"]:
        yield f"{node}: it is rebooted, because {'; '.join(info['reasons'])}."
    else:
        yield f"{node}: it is rebooted, if what was installed needs it."
    yield (
        f"{node}: standby mode ends, its copies are brought up to date, and nothing goes on before"
        " it could take over every service."
    )


def _downtime(moves: Sequence[Mapping[str, str]], seconds: Mapping[str, float]) -> Iterator[str]:
    for service in dict.fromkeys(one["service"] for one in moves):
        times = sum(one["service"] == service for one in moves)
        each = seconds.get(service)
        said = "a time that was not measured yet" if each is None else f"about {each:g} s"
        planned = "one planned move" if times == 1 else f"each of {times} planned moves"
        yield f"Expected downtime of {service}: {said} in {planned}. There is no failover."
    if not moves:
        yield "No service stops or moves; the expected downtime is 0 s."


def report(
    downtimes: Sequence[Mapping[str, float]],
    before: Accounts,
    after: Accounts,
    found: Found,
) -> dict[str, Any]:
    """Return lines and problems of what was done.

    downtimes: what each move took, by service. before, after: the services of each node's account
    of their availability.
    """
    total: dict[str, float] = {}
    for one in downtimes:
        for service, took in one.items():
            total[service] = round(total.get(service, 0.0) + took, 1)
    lines = [f"{service} was down for {took:g} s." for service, took in sorted(total.items())]
    if not total:
        lines.append("No service stopped or moved: the downtime was 0 s.")
    for node, info in found.items():
        if info["reasons"]:
            lines.append(f"{node} should still boot: {'; '.join(info['reasons'])}.")
    new = {
        service
        for node, services in after.items()
        for service, count in _failures(services).items()
        if count > _failures(before.get(node, [])).get(service, 0)
    }
    problems = [
        f"{service}: has failed during the upgrade, which must not be; the playbook availability"
        " tells when."
        for service in sorted(new)
    ]
    return {"lines": lines, "problems": problems}


def _failures(services: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """How often each service has failed, as far as one node can tell it."""
    return {
        one["name"]: sum(
            cause["count"]
            for cause in one.get("causes", ())
            if not cause["planned"] and cause["cause"] != STOPPED
        )
        for one in services
    }
