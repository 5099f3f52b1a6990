# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Developers get exact versions; users get ranges with both ends."""

from __future__ import annotations

import re

from tests.gates.bench import ROOT, TOOLS, Bench, Refused

EXACT = re.compile(r"[A-Za-z0-9._-]+(\[[a-z,]+\])?==[^,*<>=]+")
RANGE = re.compile(r"[A-Za-z0-9._-]+>=[0-9.]+,<[0-9.]+")


def entries(name: str) -> list[str]:
    """The requirements of a file, without comments."""
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    return [line for line in (raw.partition("#")[0].strip() for raw in lines) if line]


def check(bench: Bench) -> dict[str, object]:
    """Read the files; what is installed must be what they say, without a conflict."""
    for name in ("requirements-dev.txt", "requirements-gates.txt", "requirements-see.txt"):
        for entry in entries(name):
            if not EXACT.fullmatch(entry):
                raise Refused(f"{name}: {entry} is not an exact version.")
    for entry in entries("requirements.txt"):
        if not RANGE.fullmatch(entry):
            raise Refused(f"requirements.txt: {entry} is not a range with both ends.")
    bench.run([TOOLS / "python", "-m", "pip", "check"])
    frozen = bench.run(
        [TOOLS / "python", "-m", "pip", "list", "--format=freeze", "--disable-pip-version-check"]
    )
    have = {_plain(line) for line in frozen.splitlines() if "==" in line}
    for entry in entries("requirements-gates.txt"):
        if _plain(entry) not in have:
            raise Refused(f"requirements-gates.txt: {entry} is not what is installed.")
    return {"locked": len(entries("requirements-gates.txt"))}


def _plain(entry: str) -> str:
    name, _equals, version = entry.partition("==")
    return f"{re.sub('[-_.]+', '-', name).lower()}=={version}"
