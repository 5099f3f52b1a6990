# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The availability of the services of many clusters, from the accounts of their nodes. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from . import _gathered
from ._daemon import long

FORMAT = 1
HEAD = ("LEFT", "CLUSTER", "SERVICE", "AVAILABLE", "PLANNED", "UNPLANNED", "UNKNOWN", "TOLD BY")


def report(
    clusters: Mapping[str, Sequence[str]], answers: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Each service as the node tells it that knows most; the smallest share of budget first."""
    rows: list[dict[str, Any]] = []
    silent: list[dict[str, str]] = []
    for cluster, nodes in clusters.items():
        told = {node: answers.get(node, {}) for node in nodes}
        rows += _services(cluster, told)
        silent += [
            {"cluster": cluster, "node": node, "why": _gathered.why_not(answer)}
            for node, answer in told.items()
            if "services" not in answer
        ]
    rows.sort(key=lambda row: (_share_left(row), row["cluster"], row["name"]))
    return {"format": FORMAT, "services": rows, "silent": silent}


def _services(cluster: str, told: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    best: dict[str, dict[str, Any]] = {}
    for node, answer in told.items():
        for service in answer.get("services", []):
            name = str(service["name"])
            if name not in best or service["known_s"] > best[name]["known_s"]:
                best[name] = {"cluster": cluster, **service, "told_by": node}
    return list(best.values())


def _share_left(row: Mapping[str, Any]) -> float:
    """Of the budget. Whatever is not known at all comes last."""
    if row["availability"] is None:
        return 2.0
    allowed_s = float(row["budget"]["allowed_s"])
    return float(row["budget"]["left_s"]) / allowed_s if allowed_s else 0.0


def table(found: Mapping[str, Any]) -> list[str]:
    """Lines for people."""
    rows = [HEAD, *(_cells(row) for row in found["services"])]
    widths = [max(len(row[index]) for row in rows) for index in range(len(HEAD))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return lines + [
        f"{each['node']} of {each['cluster']} does not answer: {each['why']}"
        for each in found["silent"]
    ]


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    share, left_s = row["availability"], row["budget"]["left_s"]
    return (
        "-" + long(-left_s) if left_s < 0 else long(left_s),
        row["cluster"],
        row["name"],
        "unknown" if share is None else f"{share:.4f} %",
        f"{long(row['planned_s'])} in {row['moves']}",
        f"{long(row['unplanned_s'])} in {row['failures']}",
        long(row["unknown_s"]),
        row["told_by"],
    )
