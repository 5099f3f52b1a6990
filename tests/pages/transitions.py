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

Made from `core/transitions.py` by `python -m tests.pages`; a test says when it is stale. The daemon
changes the state of a service through this table only. A step that the table does not know is a
defect: nothing of it is carried out, and the daemon stops its services in order and begins anew.

Only `stopped` is a promise that nothing of the service is left on the node. In every other state
the peer does not start it, unless this node is proven gone.
"""


def page() -> str:
    """The whole text."""
    diagram = ["```mermaid", "stateDiagram-v2", f"    [*] --> {Local.UNKNOWN.value}"]
    diagram += [f"    {t.source.value} --> {t.target.value}: {t.cause.value}" for t in TABLE]
    rows = ["| from | cause | to | why |", "|---|---|---|---|"]
    rows += [f"| {t.source.value} | {t.cause.value} | {t.target.value} | {t.why} |" for t in TABLE]
    return "\n".join([HEAD, *diagram, "```", "", *rows, ""])
