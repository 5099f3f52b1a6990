# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the nodes of many clusters answered in a play, and files that a play writes of it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from typing import Any

MODE = 0o644


def clusters(hostvars: Any) -> dict[str, list[str]]:
    """The clusters of the play's hosts with all their nodes, whoever is in the play.

    From the variable prepare_model, which the playbook validate registers.
    """
    result: dict[str, list[str]] = {}
    for host in hostvars:
        model = hostvars[host].get("prepare_model") or {}
        if "cluster" in model:
            name, nodes = str(model["cluster"]), [str(node) for node in model["nodes"]]
            if result.get(name, nodes) != nodes:
                # Two groups of one name are refused elsewhere; here both are shown.
                name = f"{name} (group {model.get('group', host)})"
            result[name] = nodes
    return result


def answers(
    hostvars: Any, of: Mapping[str, list[str]], variable: str
) -> dict[str, Mapping[str, Any]]:
    """What each node answered, as far as it did: the registered variable of that name."""
    found = {}
    for node in (node for nodes in of.values() for node in nodes):
        answer = hostvars[node].get(variable) if node in hostvars else None
        if isinstance(answer, Mapping):
            found[node] = answer
    return found


def why_not(answer: Mapping[str, Any]) -> str:
    """Why there is no answer."""
    return " ".join(str(answer.get("msg") or "it was not asked").split())


def write(path: str, text: str) -> None:
    """Put the whole file in its place at once: a reader never sees half of it."""
    descriptor, temporary = tempfile.mkstemp(dir=os.path.dirname(path) or ".", prefix=".new-")
    with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
        os.fchmod(descriptor, MODE)
        handle.write(text)
    os.replace(temporary, path)
