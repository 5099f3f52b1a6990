# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the init system knows of units: whether they can be started, and what would start them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

Run = Callable[[Sequence[str]], tuple[int, str, str]]

PROPERTIES = (
    "Id",
    "LoadState",
    "ActiveState",
    "UnitFileState",
    "FragmentPath",
    "SourcePath",
    "TriggeredBy",
    "WantedBy",
    "RequiredBy",
    "UpheldBy",
    "User",
)
BY_LINK = ("enabled", "enabled-runtime", "linked", "linked-runtime")
SCRIPTS = "/etc/init.d/"
QUADLETS = "/containers/systemd/"


def show(names: Iterable[str], run: Run) -> dict[str, dict[str, str]]:
    """Return the properties of each unit; raises RuntimeError when systemctl cannot tell."""
    wanted = sorted(set(names))
    if not wanted:
        return {}
    code, out, err = run(["systemctl", "show", f"--property={','.join(PROPERTIES)}", "--", *wanted])
    if code != 0:
        raise RuntimeError(f"systemctl show failed: {err.strip()}")
    found = parse(out, wanted)
    if len(found) < len(wanted):
        told = f"told of {len(found)} of {len(wanted)} units; try again when it has less to do"
        raise RuntimeError(f"systemctl show {told} {err.strip()}".rstrip())
    return found


def parse(text: str, names: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return the properties by unit from the blocks of systemctl show, in the order asked for."""
    blocks = [block for block in text.strip().split("\n\n") if block.strip()]
    return {
        name: dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        for name, block in zip(names, blocks, strict=False)
    }


def inspect(names: Iterable[str], run: Run) -> dict[str, dict[str, Any]]:
    """Return for each unit what a cluster has to know of it.

    exists, masked and active; boot: the command that keeps the init system from starting it, empty
    if it does not start it; mendable: disabling the unit does that; source: the file from which a
    generator made it; triggers: enabled or active units that start it; user: its account.
    """
    seen = show(names, run)
    others = {name for unit in seen.values() for name in unit.get("TriggeredBy", "").split()}
    triggers = show(others - set(seen), run)
    return {name: _unit(name, found, triggers, set(seen)) for name, found in seen.items()}


def _unit(
    name: str,
    found: dict[str, str],
    triggers: dict[str, dict[str, str]],
    managed: set[str],
) -> dict[str, Any]:
    state, source = found.get("UnitFileState", ""), found.get("SourcePath", "")
    # What another unit of the cluster pulls in starts when the cluster says so.
    pulled = set(
        " ".join(found.get(key, "") for key in ("WantedBy", "RequiredBy", "UpheldBy")).split()
    )
    starts = state in BY_LINK or bool(pulled - managed)
    by_hand = "" if state == "enabled" or source.startswith(SCRIPTS) else _cure(name, source)
    return {
        "exists": found.get("LoadState") not in (None, "not-found"),
        "masked": found.get("LoadState") == "masked",
        "active": found.get("ActiveState") in ("active", "activating", "reloading"),
        "enabled": starts,
        "boot": (by_hand or f"systemctl disable {name}") if starts else "",
        "mendable": not by_hand,
        "source": source,
        "triggers": [
            other
            for other in found.get("TriggeredBy", "").split()
            if triggers.get(other, {}).get("UnitFileState") in BY_LINK
            or triggers.get(other, {}).get("ActiveState") == "active"
        ],
        "user": found.get("User", ""),
    }


def _cure(name: str, source: str) -> str:
    """How to keep a unit that was generated from starting at boot; disabling it does nothing."""
    if QUADLETS in source:
        return f"remove the section [Install] from {source}"
    stem = name.removesuffix(".service")
    if stem.startswith("postgresql@"):
        version, _dash, cluster = stem.partition("@")[2].partition("-")
        return f"write manual into /etc/postgresql/{version}/{cluster}/start.conf"
    if source:
        return f"change {source}, from which it is generated"
    return f"remove the link to {name} from the directory of the unit that wants it"
