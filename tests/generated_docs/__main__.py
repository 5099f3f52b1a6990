# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes every page whose source is the code."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "roles/engine_agent/files"))


def main() -> None:
    """Write the pages."""
    from bench import page

    from . import completion, configuration, manual, rules, transitions

    configuration.importable()
    for name, text in (
        (transitions.PAGE, transitions.page()),
        (rules.PAGE, rules.page()),
        (configuration.PAGE, configuration.page()),
        (configuration.SPECS, configuration.specs()),
        *page.pages().items(),
        *completion.pages().items(),
        *((manual.page_of(name), manual.page(name)) for name in manual.PROGRAMS),
    ):
        (ROOT / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
