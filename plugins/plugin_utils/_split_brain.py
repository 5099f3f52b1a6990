# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two copies that have diverged: what each has, and what forbids to give one of them up (F39)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.failover.cluster.plugins.module_utils import _drbd, _drbd_generations

from ._resync import size

Copies = Mapping[str, Mapping[str, Any]]
"""What drbd_info says of each node."""

NO_BACKUP = "none"
"""The word with which a copy is given up that nobody has saved."""
WHOLE = ("UpToDate", "Consistent")
DATABASE = {
    "committed": "last commit",
    "transaction": "its transaction",
    "checkpoint": "last checkpoint (UTC)",
    "next_transaction": "next transaction then",
    "state": "state of the database",
}


def plan(
    service: str, copies: Copies, status: Mapping[str, Any], discard: str, backup: str
) -> dict[str, Any]:
    """Return lines, problems, victim, survivor and relation.

    status: that of the engine, {} if none answers. relation: connected, or one of the words of
    _drbd_generations for the first copy. victim: empty if nothing is to be done.
    """
    first, second = sorted(copies)
    lines = table(service, copies)
    if all(_drbd.linked(copies[node]["device"]["state"]) for node in copies):
        lines.append(f"The copies of {service} are connected. There is nothing to heal.")
        return _result("connected", lines)
    relation = _drbd_generations.relation(
        copies[first]["device"]["generations"], copies[second]["device"]["generations"]
    )
    lines += meaning(service, first, second, relation)
    if not discard:
        if relation == _drbd_generations.DIVERGED:
            lines.append(
                "Nothing was changed. Decide which copy you want to keep, and run it again with -e"
                f" discard={first} or -e discard={second}, and -e backup=DIRECTORY: a directory of"
                " that node, for an image of the copy that is given up."
            )
        return _result(relation, lines)
    problems = list(forbidden(service, copies, status, relation, discard, backup))
    if problems:
        return _result(relation, lines, problems=problems)
    survivor = second if discard == first else first
    lines += steps(service, copies, status, discard, survivor, backup)
    return {**_result(relation, lines), "victim": discard, "survivor": survivor}


def table(service: str, copies: Copies) -> list[str]:
    """Both histories side by side."""
    nodes = sorted(copies)
    rows: list[tuple[str, list[str]]] = [(f"copies of {service}", nodes)]
    states = [copies[node]["device"]["state"] for node in nodes]
    rows.append(("connection", [state["connection"] for state in states]))
    rows.append(("role, disk", [f"{state['role']}, {state['disk']}" for state in states]))
    for index, what in enumerate(("generation now", "generation before", "older", "oldest")):
        told = [copies[node]["device"]["generations"][index] for node in nodes]
        rows.append((what, told))
    rows.append(("changed alone", [size(copies[node]["device"]["behind"]) for node in nodes]))
    for key, what in DATABASE.items():
        told = [copies[node]["database"].get(key, "-") for node in nodes]
        if any(one != "-" for one in told):
            rows.append((what, told))
    widths = [max(len(row[1][column]) for row in rows) for column in range(len(nodes))]
    label = max(len(what) for what, _told in rows)
    lines = [
        "  ".join([what.ljust(label), *(one.ljust(w) for one, w in zip(told, widths, strict=True))])
        for what, told in rows
    ]
    unread = [f"The database on {n} was not read: {copies[n]['unread']}." for n in nodes]
    return [line.rstrip() for line in lines] + [
        line for line, node in zip(unread, nodes, strict=True) if copies[node]["unread"]
    ]


def meaning(service: str, first: str, second: str, relation: str) -> list[str]:
    """What the generations say, for people."""
    if relation == _drbd_generations.DIVERGED:
        return [
            "Split brain: each copy was written without the other one. What one of them has changed"
            " alone, the other one lacks."
        ]
    if relation == _drbd_generations.UNRELATED:
        return [
            "The copies have no generation in common, so DRBD never connects them. Perhaps a disk"
            " was replaced. This playbook does not heal that."
        ]
    if relation == _drbd_generations.EQUAL:
        return [f"Both copies are of the same generation. {_connect(service)}"]
    older, newer = (first, second) if relation == _drbd_generations.OLDER else (second, first)
    return [
        f"No split brain: the copy of {older} is an older state of that of {newer}, and has nothing"
        f" of its own. {_connect(service)}"
    ]


def _connect(service: str) -> str:
    return (
        "Nothing has to be discarded. The kernel logs say why they are apart (journalctl -k). Mend"
        f" that; then, on each node that is StandAlone: drbdadm connect {service}"
    )


def forbidden(
    service: str,
    copies: Copies,
    status: Mapping[str, Any],
    relation: str,
    discard: str,
    backup: str,
) -> Iterator[str]:
    """A sentence for each precondition that fails."""
    nodes = sorted(copies)
    if discard not in nodes:
        yield f"discard: {discard} has no copy of {service}; these nodes have: {', '.join(nodes)}."
        return
    if relation != _drbd_generations.DIVERGED:
        yield f"discard: {discard} must not be given up, for the copies have not diverged."
    if not backup.startswith("/") and backup != NO_BACKUP:
        yield (
            f"backup: {backup or 'missing'}; say with -e backup=DIRECTORY, by its whole path, in"
            f" which directory of {discard} an image of its copy is kept. -e backup=none gives up"
            " a copy without one."
        )
    victim = copies[discard]["device"]
    (survivor,) = (node for node in nodes if node != discard)
    if victim["state"]["role"] != "Secondary" or victim["mounts"]:
        yield (
            f"discard: the copy of {discard} is in use ({victim['state']['role']}"
            f"{', mounted at ' if victim['mounts'] else ''}{', '.join(victim['mounts'])}). Stop"
            f" {service} there first; docs/operating.md says how."
        )
    elif _owner(service, status) == discard:
        yield f"discard: {service} runs on {discard}; the copy of a running service is never lost."
    disk = copies[survivor]["device"]["state"]["disk"]
    if disk not in WHOLE:
        yield f"discard: the copy that would be kept, of {survivor}, is {disk}, so it is not whole."


def steps(
    service: str,
    copies: Copies,
    status: Mapping[str, Any],
    victim: str,
    survivor: str,
    backup: str,
) -> list[str]:
    """What is going to happen, in its order."""
    alone = size(copies[victim]["device"]["behind"])
    whole = size(copies[victim]["device"]["bytes"])
    saved = f"1. The copy of {victim} is NOT saved, as you asked."
    if backup != NO_BACKUP:
        path = image(service, victim, backup)
        saved = f"1. An image of the copy of {victim} ({whole}) is written to {path} there."
    runs = _owner(service, status) == survivor
    return [
        saved,
        f"2. {victim} gives its copy up: the {alone} that only it has are LOST there. DRBD copies"
        f" what differs from {survivor}.",
        f"3. {service} "
        + (
            f"runs on {survivor} all the time; the expected downtime is 0 s."
            if runs
            else "does not run now; the cluster starts it as soon as the copies are connected."
        ),
        f"4. Until the copy is complete, {victim} cannot take {service} over.",
    ]


def image(service: str, node: str, backup: str) -> str:
    """Where the image of a copy is kept."""
    return f"{backup.rstrip('/')}/{service}-{node}.img"


def verified(service: str, copies: Copies) -> list[str]:
    """A sentence for each sign that the copies are not equal again."""
    nodes = sorted(copies)
    first, second = (copies[node]["device"] for node in nodes)
    problems = [
        f"{service}: the copy of {node} is {copies[node]['device']['state']['disk']}."
        for node in nodes
        if copies[node]["device"]["state"]["disk"] != "UpToDate"
    ]
    if _drbd_generations.relation(first["generations"], second["generations"]) != "equal":
        problems.append(f"{service}: the copies are not of the same generation.")
    if first["behind"] or second["behind"]:
        problems.append(f"{service}: {size(max(first['behind'], second['behind']))} still differ.")
    return problems


def _owner(service: str, status: Mapping[str, Any]) -> str:
    services: Sequence[Mapping[str, Any]] = status.get("services", ())
    return next((str(s.get("owner") or "") for s in services if s["name"] == service), "")


def _result(relation: str, lines: list[str], problems: Sequence[str] = ()) -> dict[str, Any]:
    return {
        "relation": relation,
        "lines": lines,
        "problems": list(problems),
        "victim": "",
        "survivor": "",
    }
