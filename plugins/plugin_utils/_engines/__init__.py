# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engines. Each is one file or folder here; nothing else names it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import _registry
from ._base import Engine

ENGINES: Mapping[str, Engine] = _registry.found(__name__, __file__)
DEFAULT = "agent"


def of(model: Mapping[str, Any]) -> Engine:
    """The engine of a model."""
    return ENGINES[model["engine"]]


def able(nodes: int) -> list[str]:
    """Names of the engines that run on so many nodes."""
    return [name for name, engine in ENGINES.items() if engine.least <= nodes <= engine.most]


def obeying(variable: str) -> list[str]:
    """Names of the engines that obey a variable of some engine."""
    own = {name for name, engine in ENGINES.items() if variable in engine.variables}
    return sorted(own) or [n for n, engine in ENGINES.items() if variable not in engine.ignores]
