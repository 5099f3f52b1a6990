# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole demonstration on nodes of Debian 13."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lab.demo.app import main

OUT = Path(__file__).resolve().parents[2] / "build" / "show" / "trixie"


def prove() -> list[dict[str, Any]]:
    """site.yml twice, a switchover and a power cut, as in ``make demo``."""
    status = main(["--name", "trixie", "--suite", "trixie", "--out", str(OUT)])
    report = OUT / "report.json"
    figures = json.loads(report.read_text(encoding="utf-8")) if report.exists() else {}
    return [{"what": "make demo on Debian 13", "ok": status == 0, "figures": figures}]
