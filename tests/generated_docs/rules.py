# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/rules.md, from the tables of failoverd.core.step and failoverd.core.rules.leave."""

from __future__ import annotations

from collections.abc import Iterable

from failoverd.core.rules.leave import MOVES, REASONS, Reason
from failoverd.core.step import FIRST, RULES, Rule

PAGE = "docs/rules.md"
HEAD = """\
<!--
SPDX-FileCopyrightText: failover.cluster contributors
SPDX-License-Identifier: GPL-3.0-or-later
-->
# The rules of the core

`make docs` makes this page from `core/step.py` and `core/rules/leave.py`, and a test checks that it
is up to date. In each step, the core takes in one event. Then every rule looks at the state, in
this order. F-numbers are those of the faults, S- and L-numbers those of the safety contract
([safety.md](safety.md)). The states of a service are in [transitions.md](transitions.md).
"""


def page() -> str:
    """The whole text."""
    parts = [
        HEAD,
        "## Before the event is taken in\n",
        *_rules(FIRST),
        "\n## After it\n",
        *_rules(RULES),
        "\n## Why a service leaves a node\n",
        "A service also leaves a node after a failure that its restarts did not mend (F48, F50),",
        "and when an operator asks for it.\n",
        *_reasons(REASONS),
    ]
    return "\n".join(parts) + "\n"


def _rules(rules: Iterable[Rule]) -> Iterable[str]:
    yield "| rule | faults | function | why in this place | when |"
    yield "|---|---|---|---|---|"
    for rule in rules:
        where = f"{rule.look.__module__.removeprefix('failoverd.')}.{rule.look.__name__}"
        yield (
            f"| {rule.name} | {', '.join(rule.faults.split())} | `{where}` | {rule.why_here}"
            f" | {rule.when.value} |"
        )


def _reasons(reasons: Iterable[Reason]) -> Iterable[str]:
    yield "| reason | faults | how |"
    yield "|---|---|---|"
    for reason in reasons:
        how = "a planned move to a peer that can take it" if reason in MOVES else "stopped at once"
        yield f"| {reason.name} | {reason.faults} | {how} |"
