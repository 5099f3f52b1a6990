# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every question of the dashboard, asked of a real Prometheus that scrapes two pages."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from ._prometheus import Prometheus, prometheus

DASHBOARD = Path(__file__).resolve().parents[2] / "docs/monitoring/dashboard.json"
READY_S = 120.0
MEANT = {"$cluster": "shop", "$__rate_interval": "20s"}
"""What Grafana puts in."""


def row(urls: dict[str, str], directory: Path) -> dict[str, Any]:
    """ok if every question has an answer: of one cluster that is well, and after a failover."""
    place = directory / "dashboard"
    place.mkdir()
    questions = asked()
    with prometheus(place, (urls["normal"], urls["failover"])) as server:
        silent = _unanswered(server, questions)
    figures: dict[str, Any] = {"questions": len(questions)}
    if silent:
        figures["without an answer"] = silent
    what = "a real Prometheus answers every question of the dashboard"
    return {"what": what, "ok": bool(questions) and not silent, "figures": figures}


def asked() -> list[str]:
    """The questions of all panels."""
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    found = [target["expr"] for panel in panels for target in panel["targets"]]
    for name, value in MEANT.items():
        found = [question.replace(name, value) for question in found]
    return found


def _unanswered(server: Prometheus, questions: list[str]) -> list[str]:
    end = time.monotonic() + READY_S
    left = questions
    while left and time.monotonic() < end:
        time.sleep(1)
        try:
            left = [question for question in left if not server.query(question)]
        except OSError:
            continue
    return left
