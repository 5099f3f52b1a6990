# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds the Python that carries a version of ansible-core."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path


def find(carriers: Iterable[str]) -> Path | None:
    """Return the first program that is one of the versions, such as 3.12, or None."""
    for wanted in carriers:
        for program in _programs(wanted):
            if version(program) == wanted:
                return program
    return None


def version(program: Path) -> str:
    """Return major and minor version of a Python, "" when it does not run."""
    code = "import sys, ensurepip; print('%d.%d' % sys.version_info[:2])"
    done = subprocess.run([program, "-c", code], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _programs(wanted: str) -> Iterator[Path]:
    name = f"python{wanted}"
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    places = [Path("/usr/bin"), *map(Path, os.environ["PATH"].split(":"))]
    places += sorted(pyenv.glob(f"{wanted}.*/bin"))
    for place in places:
        if (place / name).exists():
            yield place / name
