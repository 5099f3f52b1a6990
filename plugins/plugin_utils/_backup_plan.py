# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backups of a database, and the way back to one: the plan, and what forbids it. No I/O."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

LATEST = "latest"
MAINTENANCE = (
    "maintenance: is on; somebody works on the cluster. A restore begins and ends that mode itself."
    " End it first (playbook maintenance)."
)
SPARE = 32 << 20
"""Bytes that stay free beside two data directories."""


def backup(
    name: str, path: str, owner: str, found: Mapping[str, Mapping[str, Any]], kind: str
) -> dict[str, Any]:
    """Return lines and problems of a backup. found: what backup_info says of each node."""
    here = found.get(owner, {})
    problems = list(_repository(name, path, found))
    if not problems and not here["archiving"]:
        problems.append(
            f"{name}: its server on {owner} does not answer; the playbook status says why."
        )
    elif not problems and here["archiving"] != "on":
        problems.append(
            f"{name}: its server on {owner} does not send its changes to the repository yet: that"
            " begins with its next start. Move the service once (playbook failover), then run this"
            " again."
        )
    first = not here.get("backups")
    what = "full" if first else kind
    why = ", the first one" if first and kind != "full" else ""
    return {
        "problems": problems,
        "lines": [
            f"1. {owner}, which runs {name}, proves that a change of it reaches {path}.",
            f"2. It makes a backup there ({what}{why}), and removes those that are not to be kept.",
            f"{name} runs all the time; the expected downtime is 0 s.",
        ],
    }


def _repository(name: str, path: str, found: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for node, info in found.items():
        if info["repository"] == "missing":
            yield (
                f"{node}: {path} is not there. Mount the repository of the backups of {name} on"
                " every node, at boot, too."
            )
        elif info["repository"] != "there":
            yield f"{node}: {path} cannot be written by the account postgres; make it its owner."


def restore(
    name: str, owner: str, info: Mapping[str, Any], data: str, to: str, now: float
) -> dict[str, Any]:
    """Return lines, problems, and the steps: target (a time of PostgreSQL or "latest"), set (the
    backup), aside (where the present data stay), prepared, switched.

    to: a time with its zone, or "latest". info: what backup_info says of the owner.
    """
    begun = info["begun"]
    problems: list[str] = []
    target = _target(to, now, problems)
    chosen = _chosen(info["backups"], target, problems)
    stamp = datetime.fromtimestamp(now, UTC).strftime("%Y%m%d-%H%M%S")
    aside = begun.get("aside") or f"{data}.before-{stamp}"
    if begun and target and begun.get("target") != _written(target):
        problems.append(
            f"to: an earlier run began to restore {name} to {begun.get('target')}, and was cut off."
            " Finish it with the same -e to= first."
        )
    had, restored = info["have"], f"{data}.restored".rpartition("/")[2] in info["have"]
    switched = bool(begun) and aside.rpartition("/")[2] in had and not restored
    need = (chosen["size"] if chosen else 0) + info["log"] + SPARE
    if chosen and not restored and not switched and info["free"] < need:
        problems.append(
            f"{owner}: {info['free'] >> 20} MiB are free beside {data}, and the restored data need"
            f" {need >> 20} with the log that they replay. Remove what is not needed there, such as"
            " the data that an earlier restore kept aside, or make the storage larger."
        )
    return {
        "problems": problems,
        "target": _written(target) if target else "",
        "set": begun.get("set") or (chosen["label"] if chosen else ""),
        "aside": aside,
        "prepared": restored,
        "switched": switched,
        "lines": list(_lines(name, owner, chosen, target, aside, begun)),
    }


def _target(to: str, now: float, problems: list[str]) -> datetime | str | None:
    if to == LATEST:
        return LATEST
    try:
        time = datetime.fromisoformat(to.strip().replace("Z", "+00:00"))
    except ValueError:
        time = None
    if time is None or time.tzinfo is None:
        problems.append(
            f"to: {to or 'missing'}; say the time with its zone, as in -e 'to=2026-11-28"
            f" 03:59:00+00:00', or -e to={LATEST}."
        )
        return None
    if time.timestamp() > now:
        problems.append(f"to: {to} has not been yet.")
        return None
    return time


def _chosen(
    backups: Sequence[Mapping[str, Any]], target: datetime | str | None, problems: list[str]
) -> Mapping[str, Any] | None:
    """The last backup that had ended by then."""
    if not backups:
        problems.append("There is no backup yet (playbook backup).")
        return None
    if not isinstance(target, datetime):
        return backups[-1] if target else None
    before = [one for one in backups if one["end"] < target.timestamp()]
    if not before:
        oldest = datetime.fromtimestamp(backups[0]["end"], UTC).isoformat(" ")
        problems.append(f"to: {_written(target)} is before the end of the oldest backup, {oldest}.")
        return None
    return before[-1]


def _written(target: datetime | str) -> str:
    """The time as pgBackRest and PostgreSQL read it, in UTC."""
    if isinstance(target, str):
        return target
    return target.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f+00")


def _lines(
    name: str,
    owner: str,
    chosen: Mapping[str, Any] | None,
    target: datetime | str | None,
    aside: str,
    begun: Mapping[str, Any],
) -> Iterator[str]:
    if begun:
        yield f"An earlier run began to restore {name}; this run finishes it."
    label = begun.get("set") or (chosen["label"] if chosen else "no backup")
    size = f", {chosen['size'] >> 20} MiB" if chosen else ""
    point = "the last change in the repository" if target == LATEST else _written(target or "?")
    yield f"1. {owner} restores the backup {label}{size} beside the data, while {name} runs."
    yield "2. Maintenance mode begins: no node takes anything over until it ends."
    yield f"3. The applications of {name} stop. Its data go to {aside}, and the restored ones come."
    yield f"4. The server replays all changes up to {point}. Then the applications start."
    yield f"5. Maintenance mode ends. {aside} stays until you remove it."
    yield (
        f"Expected downtime of {name}: a stop, a start, and the replay of all changes since that"
        " backup had begun."
    )
    if target != LATEST:
        yield f"What {name} has acknowledged after {point} is NOT in it any more, only in {aside}."
