# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the README shows is what is tried."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

from tests.gates.bench import ROOT, Bench, Refused

# Red Hat's template for collections, with a tour of five minutes in place of its use cases.
ORDER = (
    "Requirements",
    "Installation",
    "Five minutes on your own two hosts",
    "Testing",
    "Contributing",
    "Support",
    "Release notes",
    "Related information",
    "License",
)


def inventory(path: Path) -> Path:
    """Write the inventory that the README shows, and return the path."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.search(r"^ *```yaml\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL)
    if found is None:
        raise Refused("README.md: shows no inventory.")
    path.write_text(textwrap.dedent(found[1]), encoding="utf-8")
    return path


def check(bench: Bench) -> dict[str, object]:
    """The README that is published has the sections Galaxy's users look for, in their order."""
    place = bench.collections / "ansible_collections" / "failover" / "cluster"
    text = (place / "README.md").read_text(encoding="utf-8")
    sections = re.findall(r"^## (.*)$", text, re.MULTILINE)
    have = [name for name in sections if name in ORDER]
    if have != list(ORDER):
        raise Refused(f"README.md: has the sections {have}, not {list(ORDER)} in this order.")
    return {"sections": len(sections)}
