# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of the packages that a cluster needs are installed on this node."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from typing import Any

STATUS = "/var/lib/dpkg/status"
OURS = "/var/lib/failover/packages"
"""Names of the packages that a run of the collection installed, one a line."""
ALTERNATIVE = re.compile(r"(?P<name>[^\s\[\]|]+)(?: \[(?P<release>[^\]]*)\])?")
Run = Callable[[list[str]], tuple[int, str, str]]


def inspect(
    wanted: Iterable[str], run: Run, status: str = STATUS, release: str = ""
) -> dict[str, Any]:
    """Return the names to have, which of them are missing, and whether an installation was cut off.

    An entry of ``wanted`` is a name, or alternatives as in a dependency: ``a | b``. An alternative
    for one release of the distribution alone has its number behind it: ``a [12] | b [13]``. Raises
    OSError when the status cannot be read, RuntimeError when apt cannot say what it knows.
    """
    entries = [fitting(entry, release) for entry in wanted]
    installed, interrupted = read(status)
    known: set[str] = set()
    if any(entry[0] not in installed for entry in entries):
        known = offered(run)
    chosen = {choose(entry, installed | known) for entry in entries}
    return {
        "chosen": sorted(chosen),
        "missing": sorted(chosen - installed),
        "unknown": sorted(chosen - installed - known),
        "interrupted": interrupted,
        "ours": ours(),
    }


def fitting(entry: str, release: str) -> list[str]:
    """Return the alternatives of an entry that are meant for this release."""
    found = [ALTERNATIVE.fullmatch(part.strip()) for part in entry.split("|")]
    parts = [(match["name"], match["release"]) for match in found if match is not None]
    return [name for name, only in parts if only in (None, release)] or [parts[-1][0]]


def ours(path: str = OURS) -> list[str]:
    """Return the packages that were not there before a run of the collection."""
    try:
        with open(path, encoding="utf-8", errors="replace") as handle:
            return sorted({line.strip() for line in handle if line.strip()})
    except FileNotFoundError:
        return []


def choose(alternatives: list[str], known: AbstractSet[str]) -> str:
    """Return the first one that is known; the last one if none is, so that apt names it."""
    return next((name for name in alternatives if name in known), alternatives[-1])


def offered(run: Run) -> set[str]:
    """Return the names that apt knows; raises RuntimeError when it cannot say."""
    code, said, problem = run(["apt-cache", "pkgnames"])
    if code != 0:
        raise RuntimeError(f"apt-cache exited with {code}: {problem.strip()}")
    return set(said.split())


def read(status: str) -> tuple[set[str], bool]:
    """Return what dpkg has installed, and whether it left something half done."""
    installed, name, interrupted = set(), "", False
    with open(status, encoding="utf-8", errors="replace") as handle:
        for line in handle:
            if line.startswith("Package: "):
                name = line[9:].strip()
            elif line.startswith("Status: "):
                state = line.split()[-1]
                if state == "installed":
                    installed.add(name)
                elif state not in ("config-files", "not-installed"):
                    interrupted = True
    return installed, interrupted
