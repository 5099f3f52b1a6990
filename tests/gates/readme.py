# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the README shows is what is tried."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

from tests.gates.bench import ROOT, Refused


def inventory(path: Path) -> Path:
    """Write the inventory that the README shows, and return the path."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.search(r"^ *```yaml\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL)
    if found is None:
        raise Refused("README.md: shows no inventory.")
    path.write_text(textwrap.dedent(found[1]), encoding="utf-8")
    return path
