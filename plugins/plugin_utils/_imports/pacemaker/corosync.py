# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""corosync.conf: a "key: value" a line, and sections with braces."""

from __future__ import annotations

from collections.abc import Mapping

from ..sections import Section

MOST_LINES = 20_000
DEEPEST = 12


def parse(content: str) -> Section:
    """Read a file; what does not fit is left out."""
    top = Section()
    stack = [top]
    for line in content.splitlines()[:MOST_LINES]:
        bare = line.partition("#")[0].strip()
        if bare.endswith("{") and len(stack) <= DEEPEST:
            inner = Section((bare[:-1].strip(),))
            stack[-1].sections.append(inner)
            stack.append(inner)
        elif bare == "}":
            if len(stack) > 1:
                stack.pop()
        elif ":" in bare:
            key, _colon, value = bare.partition(":")
            stack[-1].statements.append((key.strip(), value.strip()))
    return top


def rings(top: Section) -> list[Mapping[str, str]]:
    """Return for each ring the address (or name) of each node, by the node's name.

    A node without a name is known by the address of its first ring.
    """
    result: list[dict[str, str]] = []
    for nodelist in top.named("nodelist"):
        for node in nodelist.named("node"):
            name = node.value("name") or node.value("ring0_addr")
            for index in range(8):
                address = node.value(f"ring{index}_addr")
                if address:
                    while len(result) <= index:
                        result.append({})
                    result[index][name] = address
    return list(result)
