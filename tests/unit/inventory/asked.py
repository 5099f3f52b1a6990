# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A program that reads failover_* from its input, and tells what the collection makes of it.

Its argument is a directory with ansible_collections, which another process may have changed.
"""

from __future__ import annotations

import json
import sys
from typing import Any

NODES = ("node1", "node2")


def main() -> None:
    """Write the answer to each case, or what is refused."""
    sys.path.insert(0, sys.argv[1])
    print(json.dumps([judged(case["variables"], case["found"]) for case in json.load(sys.stdin)]))


def judged(variables: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    """What comes of the variables of one cluster."""
    from ansible_collections.failover.cluster.plugins.plugin_utils import _model
    from ansible_collections.failover.cluster.plugins.plugin_utils._problems import Problem

    each = {
        node: {**variables, "ansible_host": f"10.0.0.{number}"}
        for number, node in enumerate(NODES, 1)
    }
    try:
        model = _model.build("shop", NODES, each, found)
    except Problem as problem:
        return {"refused": str(problem)}
    return answer(model, found)


def answer(model: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    """Everything that another part of the collection is told of the model."""
    from ansible_collections.failover.cluster.plugins.plugin_utils import (
        _engines,
        _findings,
        _nodes,
        _packages,
        _secrets,
    )
    from ansible_collections.failover.cluster.plugins.plugin_utils._inventory import document

    engine = _engines.of(model)
    files = engine.files(model, NODES[0], dict.fromkeys(engine.secrets, "00"))
    limits = {"clock_s": 5.0, "free_mib": 1, "watchdog": False}
    removed = {
        node: {**said, "configured": {"old": {"mount": "", "units": []}}}
        for node, said in found.items()
    }
    return {
        "model": _secrets.public(model),
        "view": _nodes.view(model, NODES[0], list(NODES)),
        "packages": _packages.needed(model),
        "accounts": _findings.accounts(model, found, {}, renumber=False),
        "warnings": _findings.judge(model, found, limits, repair=True),
        "gone": _findings.gone(model, removed, NODES[0], ["old"]),
        "takeover": engine.costs(model),
        "configuration": json.loads(files["cluster.json"]),
        "page": document.page(),
        "options": document.options(),
    }


if __name__ == "__main__":
    main()
