# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs tests of the lab on a fresh cluster and makes rows of what pytest reports."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from lab import Lab
from lab.spec import check_lab_name
from tests.kernels.claim import claim

CHECKOUT = Path(__file__).resolve().parents[2]
LAB = os.environ.get("LAB", "test")
"""The lab of a proof that runs in one only: another name lets it run beside other labs."""


def run(
    name: str,
    tests: Sequence[str],
    long: str = "1",
    hosts: str = LAB,
    log: Path | None = None,
) -> list[dict[str, Any]]:
    """Run these tests; one row each. long: 1, or the directory whose hosts they need.

    hosts names the lab, and log takes what pytest prints, both for a run beside another one.
    """
    results = report(name)
    results.parent.mkdir(parents=True, exist_ok=True)
    results.unlink(missing_ok=True)
    # REUSE: after a test that leaves a ruin behind, the next one begins with the saved cluster.
    environment = {**os.environ, "LONG": long, "LAB": hosts, "REUSE": "1"}
    command = [sys.executable, "-m", "pytest", "-v", *tests, "--junitxml", str(results)]
    _purge(hosts)
    try:
        with contextlib.ExitStack() as stack:
            out = stack.enter_context(log.open("w", encoding="utf-8")) if log else None
            subprocess.run(command, cwd=CHECKOUT, env=environment, check=False, stdout=out)
    finally:
        _purge(hosts)
    if not results.exists():
        return [{"what": "the lab tests", "ok": False, "figures": {"why": "pytest wrote nothing"}}]
    return rows(results)


def side_by_side(
    proof: str, labs: Mapping[str, tuple[str, Sequence[str]]]
) -> dict[str, list[dict[str, Any]]]:
    """Run the tests of several labs; the rows of each. Of a lab: what LONG calls it, and its tests.

    A lab waits for most of its time, so two of them share the machine. Raises LabError before the
    first one begins if a lab cannot have its name.
    """
    hosts = {name: f"{proof if LAB == 'test' else LAB}-{name}" for name in labs}
    for host in hosts.values():
        check_lab_name(host)

    def play(name: str) -> list[dict[str, Any]]:
        long, tests = labs[name]
        log = report(f"{proof}-{name}").with_suffix(".log")
        print(f"lab {name}: see {log}", flush=True)
        began = time.monotonic()
        rows = run(f"{proof}-{name}", tests, long, hosts[name], log)
        minutes = (time.monotonic() - began) / 60
        print(f"lab {name}: {len(rows)} tests in {minutes:.0f} min", flush=True)
        return rows

    with ThreadPoolExecutor(2) as pool:
        return dict(zip(labs, pool.map(play, labs), strict=True))


def report(name: str) -> Path:
    """Where pytest's report of that name is written."""
    return CHECKOUT / "build" / "show" / f"{name}.xml"


def _purge(name: str) -> None:
    with claim(name):
        Lab(name).down(purge=True)


def suite(what: str, name: str, tests: Sequence[str]) -> dict[str, Any]:
    """One row for tests that need no lab: ok when there are some and all of them passed."""
    results = report(name)
    results.parent.mkdir(parents=True, exist_ok=True)
    results.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "-q", *tests, "--junitxml", str(results)]
    code = subprocess.run(command, cwd=CHECKOUT, check=False).returncode
    found = rows(results) if results.exists() else []
    failed = [row["what"] for row in found if not row["ok"]]
    ok = code == 0 and bool(found) and not failed
    return {"what": what, "ok": ok, "figures": {"tests": len(found), "failed": failed}}


def rows(path: Path) -> list[dict[str, Any]]:
    """One row for each test of a JUnit file; a test that errs at its end is not ok."""
    found: dict[str, dict[str, Any]] = {}
    for case in ET.parse(path).getroot().iter("testcase"):
        name = case.get("name", "?").removeprefix("test_")
        bad = [child for child in case if child.tag in ("failure", "error", "skipped")]
        row = found.setdefault(name, {"what": name, "ok": True, "figures": {}})
        row["ok"] = row["ok"] and not bad
        row["figures"]["seconds"] = round(float(case.get("time", 0.0)), 1)
        for child in case.iter("property"):
            row["figures"][child.get("name")] = _number(child.get("value", ""))
        if bad:
            row["figures"]["why"] = bad[0].get("message", "")[:300]
    return list(found.values())


def _number(text: str) -> int | float | str:
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        return text
