# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The metrics before a real Prometheus, and how long one scrape takes."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import Any

from ._again import again
from ._prometheus import Prometheus, prometheus

ROOT = Path(__file__).resolve().parents[2]
SCRAPES, RATE = 100, 10.0
LIMIT_MS = 20.0
READY_S = 60.0
Row = dict[str, Any]


def environment() -> dict[str, str]:
    """Where the code of the page and of the daemon is found."""
    places = (ROOT, ROOT / "roles/engine_agent/files", ROOT / "roles/page/files")
    return {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, places))}


def rows(urls: dict[str, str], directory: Path) -> list[Row]:
    """One row for the speed, one for promtool's opinion, one for Prometheus."""
    return [
        _speed("a scrape of one service", urls["normal"]),
        _speed("a scrape of fifty services", urls["large"]),
        _linted(urls),
        _prometheus(urls, directory),
    ]


def _speed(what: str, url: str) -> Row:
    figures = again(lambda: _scrapes(url), _quick)
    return {"what": what, "ok": _quick(figures), "figures": {**figures, "limit_ms": LIMIT_MS}}


def _quick(figures: Row) -> bool:
    return bool(figures["median_ms"] < LIMIT_MS)


def _scrapes(url: str) -> Row:
    times = []
    for _scrape in range(SCRAPES):
        began = time.perf_counter()
        with urllib.request.urlopen(f"{url}/metrics", timeout=10) as answer:
            size = len(answer.read())
        times.append(time.perf_counter() - began)
        time.sleep(1 / RATE)
    return {
        "median_ms": round(statistics.median(times) * 1000, 2),
        "p95_ms": round(sorted(times)[int(SCRAPES * 0.95)] * 1000, 2),
        "bytes": size,
    }


def _linted(urls: dict[str, str]) -> Row:
    said = ""
    for name in ("normal", "degraded", "failover"):
        with urllib.request.urlopen(f"{urls[name]}/metrics", timeout=10) as answer:
            done = subprocess.run(
                ["promtool", "check", "metrics"],
                input=answer.read(),
                capture_output=True,
                check=False,
            )
        said += (done.stdout + done.stderr).decode() if done.returncode else ""
    figures = {"why": said[:1000]} if said else {}
    return {"what": "promtool finds nothing wrong with the metrics", "ok": not said,
            "figures": figures}  # fmt: skip


def _prometheus(urls: dict[str, str], directory: Path) -> Row:
    """Prometheus takes the rules, scrapes two nodes, and fires at the one that is blocked."""
    with prometheus(directory, (urls["normal"], urls["down"])) as asked:
        found = _asked(asked)
    ok = found.get("up") == 2 and found.get("firing") == ["FailoverDaemonDown"]
    return {"what": "a real Prometheus scrapes and fires", "ok": ok, "figures": found}


def _asked(server: Prometheus) -> Row:
    """Ask until both targets are scraped and an alert fires, or it takes too long."""
    end = time.monotonic() + READY_S
    found: Row = {}
    while time.monotonic() < end:
        time.sleep(1)
        try:
            found = {"up": server.up(), "firing": sorted(server.firing())}
        except OSError:
            continue
        if found["up"] == 2 and found["firing"]:
            time.sleep(3)
            return {**found, "firing": sorted(server.firing())}
    return found
