# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engines, as they are asked on a node. Each is one file of this folder.

Ansible sends to a node only what an import statement names. So each engine has its line here;
nothing else names one.
"""

from __future__ import annotations

from typing import Any

from . import agent, pacemaker
from ._base import Engine, Refused, Run

__all__ = [
    "ENGINES",
    "NOT_RUNNING",
    "Engine",
    "Refused",
    "found",
    "here",
    "measured",
    "services",
    "status",
]

NOT_RUNNING = "no engine of a cluster runs on this node."
ENGINES: dict[str, Engine] = {module.ENGINE.name: module.ENGINE for module in (agent, pacemaker)}


def here() -> Engine | None:
    """The engine that runs on this node, else the one that it is configured for, else None."""
    engines = ENGINES.values()
    running = next((engine for engine in engines if engine.running()), None)
    return running or next((engine for engine in engines if engine.configured()), None)


def measured(engine: Engine, run: Run) -> dict[str, float]:
    """Return how long a stop and a start of each service took when they were last measured."""
    try:
        told = engine.ready(run)["services"]
    except Refused:
        return {}
    return {s["name"]: s["move_s"] for s in told if s.get("move_s") is not None}


def status(run: Run) -> dict[str, Any]:
    """What the engine of a node knows of its cluster, asked through run; {} without an engine."""
    return next((told for engine in ENGINES.values() if (told := engine.status(run))), {})


def services() -> list[str]:
    """Names of the services that an engine manages on this node."""
    return sorted({name for engine in ENGINES.values() for name in engine.services()})


def found() -> dict[str, Any]:
    """What node_info tells of the engines of this node, together and of each."""
    each = {name: engine.found() for name, engine in ENGINES.items()}
    return {
        "engines": each,
        "running": any(engine["running"] for engine in each.values()),
        "services": sorted({name for engine in each.values() for name in engine["services"]}),
        "held": sorted({name for engine in each.values() for name in engine["held"]}),
        "configured": {
            name: parts for engine in each.values() for name, parts in engine["configured"].items()
        },
    }
