# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs one proof by name and writes ``build/show/NAME.json``; exit 0 only when all is ok."""

from __future__ import annotations

import argparse
import importlib
import json
import pkgutil
import sys
from pathlib import Path

import tests.proofs
from tests.kernels.claim import InUseError

BUILD = Path(__file__).resolve().parents[2] / "build" / "show"


def names() -> list[str]:
    """The proofs there are: one module of this package each, with a function prove()."""
    found = (module.name for module in pkgutil.iter_modules(tests.proofs.__path__))
    return sorted(name for name in found if not name.startswith("_"))


def main() -> int:
    """Run it; prove() returns a list of {"what", "ok", "figures"}."""
    parser = argparse.ArgumentParser(prog="make show WHAT=", description=__doc__)
    parser.add_argument("what", choices=names())
    what = parser.parse_args().what
    try:
        results = importlib.import_module(f"tests.proofs.{what}").prove()
    except InUseError as error:
        parser.exit(2, f"{error}\n")
    BUILD.mkdir(parents=True, exist_ok=True)
    path = BUILD / f"{what}.json"
    path.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    for result in results:
        print(f"{'ok    ' if result['ok'] else 'FAILED'}  {result['what']}  {result['figures']}")
    print(f"written to {path}")
    return 0 if results and all(result["ok"] for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
