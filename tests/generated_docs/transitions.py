# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/transitions.md, from the table of failoverd.core.transitions."""

from __future__ import annotations

from failoverd.core.message import Local
from failoverd.core.transitions import TABLE

PAGE = "docs/transitions.md"
HEAD = """\
<!--
SPDX-FileCopyrightText: failover.cluster contributors
SPDX-License-Identifier: GPL-3.0-or-later
-->
# The states of a service on one node

`make docs` makes this page from `core/transitions.py`, and a test checks that it is
up to date. The daemon changes the state of a service only through this table. A step that is not
in the table is a defect. Then the daemon carries out nothing of it, stops its services in order
and restarts.

Only `stopped` promises that nothing of the service is left on the node. In every other state the
peer does not start the service, unless this node is proven gone.
"""


def page() -> str:
    """The whole text."""
    diagram = ["```mermaid", "stateDiagram-v2", f"    [*] --> {Local.UNKNOWN.value}"]
    diagram += [f"    {t.source.value} --> {t.target.value}: {t.cause.value}" for t in TABLE]
    rows = ["| from | cause | to | why |", "|---|---|---|---|"]
    rows += [f"| {t.source.value} | {t.cause.value} | {t.target.value} | {t.why} |" for t in TABLE]
    return "\n".join([HEAD, *diagram, "```", "", *rows, ""])
