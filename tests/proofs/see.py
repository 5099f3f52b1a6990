# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The status page in a real browser, metrics and alerts in a real Prometheus, and what they cost.

The cluster is played, but for the row of the load: two real daemons in network namespaces. Pictures
are in build/show/see/, to be looked at by a person.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from . import _dashboard, _fleet, _load, _rules, _scrape

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "build" / "show" / "see"
VENV = ROOT / "build" / "see-venv"
REQUIREMENTS = ROOT / "requirements-see.txt"
LIMIT_S = 400.0
Row = dict[str, Any]


def prove() -> list[Row]:
    """One row for each view, for each promise, and for the alerts."""
    _install()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="see") as place:
        directory = Path(place)
        figures = _rules.check(directory)
        rows.append(
            {
                "what": "every alert fires by its fault and ends",
                "ok": "why" not in figures,
                "figures": figures,
            }
        )
        with stage(directory) as (urls, begin):
            rows += _looked(urls, begin)
            rows += _scrape.rows(urls, directory)
            rows.append(_dashboard.row(urls, directory))
        rows += _load.rows(directory)
        rows += _fleet.rows(directory)
    return rows


def _install() -> None:
    subprocess.run(
        [str(ROOT / "lab/install-host-packages"), str(ROOT / "lab/see-packages.txt")], check=True
    )
    done = VENV / "done"
    if done.exists() and done.read_text(encoding="utf-8") == REQUIREMENTS.read_text("utf-8"):
        return
    subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], check=True)
    pip = [
        str(VENV / "bin/python"),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ]
    subprocess.run([*pip, "-r", str(REQUIREMENTS)], check=True)
    done.write_text(REQUIREMENTS.read_text("utf-8"), encoding="utf-8")


@contextmanager
def stage(directory: Path) -> Iterator[tuple[dict[str, str], IO[str]]]:
    """The played pages: their addresses, and where a line begins the play."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.proofs._stage", directory],
        cwd=ROOT,
        env=_scrape.environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        try:
            yield json.loads(process.stdout.readline()), process.stdin
        finally:
            process.stdin.close()
            process.wait(30)


def _looked(urls: dict[str, str], begin: IO[str]) -> list[Row]:
    with subprocess.Popen(
        [VENV / "bin/python", ROOT / "tests/proofs/_browser.py"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(json.dumps({"urls": urls, "to": str(PICTURES)}) + "\n")
        process.stdin.flush()
        last = ""
        for line in process.stdout:
            last = line
            if line.strip() == "begin":
                begin.write("begin\n")
                begin.flush()
    if process.returncode != 0 or not last.startswith("{"):
        why = f"the browser's program ended with {process.returncode}"
        return [{"what": "the page in Chromium", "ok": False, "figures": {"why": why}}]
    said = json.loads(last)
    rows: list[Row] = said["rows"]
    rows.append({"what": "Chromium", "ok": True, "figures": {"version": said["chromium"]}})
    return rows
