# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Medians and ratios of what was measured."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

RESULTS = Path(__file__).parent / "results.json"
FLOOR = "floor"
NONE = "-"


@dataclass
class Run:
    """One case with one system, once. Seconds without an acknowledged write, or a page."""

    system: str
    case: str
    number: int
    returned: bool
    write_s: float
    page_s: float
    lost: int | None = None
    """Acknowledged rows that were not there at the end of the session; None if unknown."""
    ordered_s: float | None = None
    """Seconds until the owner's fence device got its first order; None if it got none."""


def report(runs: Sequence[Run], about: dict[str, Any]) -> dict[str, Any]:
    """The content of results.json. The median is over the runs in which the service came back."""
    rows = []
    for case in dict.fromkeys(run.case for run in runs):
        for system in dict.fromkeys(run.system for run in runs):
            mine = [run for run in runs if (run.system, run.case) == (system, case)]
            if mine:
                rows.append(_row(system, case, mine))
    for row in rows:
        row["ratio"] = {
            other["system"]: round(row["write_s"]["median"] / other["write_s"]["median"], 2)
            for other in rows
            if other["case"] == row["case"] and other is not row and _measured(row, other)
        }
    return {"format": 1, "systems": about, "rows": rows}


def _row(system: str, case: str, runs: Sequence[Run]) -> dict[str, Any]:
    back = [run for run in runs if run.returned]
    lost = [run.lost for run in runs]
    return {
        "case": case,
        "system": system,
        "runs": len(runs),
        "returned": len(back),
        "write_s": _spread([run.write_s for run in back]),
        "page_s": _spread([run.page_s for run in back]),
        "ordered_s": _spread([run.ordered_s for run in back if run.ordered_s is not None]),
        "lost": None if None in lost else sum(n for n in lost if n is not None),
    }


def _spread(seconds: Sequence[float]) -> dict[str, float | None]:
    if not seconds:
        return {"median": None, "least": None, "most": None}
    known = {"median": median(seconds), "least": min(seconds), "most": max(seconds)}
    return {name: round(value, 3) for name, value in known.items()}


def _measured(*rows: dict[str, Any]) -> bool:
    return all(row["write_s"]["median"] for row in rows)


def sound(report: dict[str, Any]) -> bool:
    """The service came back every time, and nothing that was acknowledged is lost."""
    return bool(report["rows"]) and all(
        row["returned"] == row["runs"] and row["lost"] == 0 for row in report["rows"]
    )


def table(report: dict[str, Any]) -> str:
    """For people, and for the documentation."""
    heads = ["case", "system", "s without a write: median (least to most)", "times the floor"]
    heads += ["came back", "lost"]
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for row in report["rows"]:
        seconds = row["write_s"]
        text = NONE
        if seconds["median"] is not None:
            text = f"{seconds['median']:.1f} ({seconds['least']:.1f} to {seconds['most']:.1f})"
        ratio = row["ratio"].get(FLOOR, NONE)
        lost = "unknown" if row["lost"] is None else row["lost"]
        back = f"{row['returned']} of {row['runs']}"
        lines.append(f"| {row['case']} | {row['system']} | {text} | {ratio} | {back} | {lost} |")
    return "\n".join(lines)


def read(path: Path) -> dict[str, Any]:
    """The report that was written."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def write(report: dict[str, Any], path: Path) -> None:
    """Replace the results."""
    path.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
