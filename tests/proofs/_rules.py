# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fires every alert once with promtool's own time: well, then the fault, then well again."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import yaml

from tests.played.faults import series

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "docs/monitoring/rules.yml"
WELL, FAULT, AGAIN = 15, 180, 90
"""Minutes."""
FIRING = 'count(ALERTS{{alertname="{alert}", alertstate="firing"}}) > bool 0'


def alerts() -> list[str]:
    """The names of the alerts."""
    (group,) = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    return [rule["alert"] for rule in group["rules"]]


def check(directory: Path) -> dict[str, Any]:
    """What promtool says of the rules, and of each alert; a figure "why" if something is wrong."""
    tests = directory / "rules-test.yml"
    names = alerts()
    content = {
        "rule_files": [str(RULES)],
        "evaluation_interval": "1m",
        "tests": [_quiet(), *map(_test, names)],
    }
    tests.write_text(json.dumps(content), encoding="utf-8")
    for command in (["check", "rules", "--lint-fatal", RULES], ["test", "rules", tests]):
        done = subprocess.run(
            ["promtool", *map(str, command)], capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            return {"why": (done.stdout + done.stderr)[-3000:]}
    return {"alerts": len(names), "minutes": WELL + FAULT + AGAIN}


def _quiet() -> dict[str, Any]:
    """A cluster that is well fires nothing for five hours."""
    grown = [
        {"series": name, "values": f"{value}+{growth}x300"}
        for name, (value, growth) in series().items()
    ]
    asked = [
        {"expr": 'ALERTS{alertstate="firing"}', "eval_time": f"{minute}m", "exp_samples": []}
        for minute in (5, 60, 150, 300)
    ]
    return {"name": "well", "interval": "1m", "input_series": grown, "promql_expr_test": asked}


def _test(alert: str) -> dict[str, Any]:
    well, faulty = series(), series(alert)
    expr = FIRING.format(alert=alert)
    fired = [{"labels": "{}", "value": 1}]
    return {
        "name": alert,
        "interval": "1m",
        "input_series": [
            {"series": name, "values": _values(well.get(name), faulty.get(name))}
            for name in well.keys() | faulty.keys()
        ],
        "promql_expr_test": [
            {"expr": expr, "eval_time": f"{WELL - 2}m", "exp_samples": []},
            {"expr": expr, "eval_time": f"{WELL + FAULT - 2}m", "exp_samples": fired},
            {"expr": expr, "eval_time": f"{WELL + FAULT + AGAIN - 2}m", "exp_samples": []},
        ],
    }


def _values(well: tuple[float, float] | None, faulty: tuple[float, float] | None) -> str:
    """The three stretches of a series; _ is a minute without a value."""
    parts = []
    offset = 0.0
    begun = 0
    for minutes, state in ((WELL, well), (FAULT, faulty), (AGAIN, well)):
        if state is None:
            parts.append(f"_x{minutes}")
        else:
            value, growth = state
            # A clock and a counter go on where they were.
            start = value + (begun * growth if growth == 60.0 else offset)
            parts.append(f"{start}+{growth}x{minutes - 1}")
            offset += growth * minutes if growth != 60.0 else 0.0
        begun += minutes
    return " ".join(parts)
