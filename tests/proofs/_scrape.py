# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The metrics before a real Prometheus, and how long one scrape takes."""

from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
import time
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "docs/monitoring/rules.yml"
SCRAPES, RATE = 100, 10.0
LIMIT_S = 0.02
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
    times = []
    for _scrape in range(SCRAPES):
        began = time.perf_counter()
        with urllib.request.urlopen(f"{url}/metrics", timeout=10) as answer:
            size = len(answer.read())
        times.append(time.perf_counter() - began)
        time.sleep(1 / RATE)
    middle = statistics.median(times)
    figures = {
        "median_ms": round(middle * 1000, 2),
        "p95_ms": round(sorted(times)[int(SCRAPES * 0.95)] * 1000, 2),
        "limit_ms": LIMIT_S * 1000,
        "bytes": size,
    }
    return {"what": what, "ok": middle < LIMIT_S, "figures": figures}


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
    targets = [url.removeprefix("http://") for url in (urls["normal"], urls["down"])]
    rules = directory / "rules.yml"
    # The same rules without their patience, which the row of promtool's own time tries.
    lines = RULES.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if not line.strip().startswith("for:")]
    rules.write_text("\n".join(kept) + "\n", encoding="utf-8")
    settings = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s", "scrape_timeout": "1s"},
        "rule_files": [str(rules)],
        "scrape_configs": [{"job_name": "failover", "static_configs": [{"targets": targets}]}],
    }
    file = directory / "prometheus.yml"
    file.write_text(json.dumps(settings), encoding="utf-8")
    address = f"127.0.0.1:{_free_port()}"
    with (directory / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(
            ["prometheus", f"--config.file={file}", f"--web.listen-address={address}",
             f"--storage.tsdb.path={directory}/tsdb"],
            stdout=log, stderr=log,
        )  # fmt: skip
        try:
            found = _asked(address)
        finally:
            process.terminate()
            process.wait(30)
    ok = found.get("up") == 2 and found.get("firing") == ["FailoverDaemonDown"]
    return {"what": "a real Prometheus scrapes and fires", "ok": ok, "figures": found}


def _asked(address: str) -> Row:
    """Ask until both targets are scraped and an alert fires, or it takes too long."""
    end = time.monotonic() + READY_S
    found: Row = {}
    while time.monotonic() < end:
        time.sleep(1)
        try:
            up = _query(address, "sum(up)")
            firing = _query(address, 'ALERTS{alertstate="firing"}')
        except OSError:
            continue
        found = {
            "up": float(up[0]["value"][1]) if up else 0,
            "firing": sorted({one["metric"]["alertname"] for one in firing}),
        }
        if found["up"] == 2 and found["firing"]:
            time.sleep(3)
            return {**found, "firing": _names(address)}
    return found


def _names(address: str) -> list[str]:
    firing = _query(address, 'ALERTS{alertstate="firing"}')
    return sorted({one["metric"]["alertname"] for one in firing})


def _query(address: str, what: str) -> list[dict[str, Any]]:
    question = urllib.parse.urlencode({"query": what})
    with urllib.request.urlopen(f"http://{address}/api/v1/query?{question}", timeout=5) as answer:
        result: list[dict[str, Any]] = json.load(answer)["data"]["result"]
    return result


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
