# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The systems that are compared, one module each with an object SYSTEM."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Protocol, cast

from lab.demo.scenes import Stage


class System(Protocol):
    """What runs the service during a case."""

    name: str
    engine: str
    """What site.yml builds the hosts for, as failover_engine has it."""
    cases: frozenset[str]
    """What it can be compared in."""

    def about(self, stage: Stage) -> dict[str, str]:
        """Versions and configuration, for whoever reads the results."""

    def take(self, stage: Stage) -> None:
        """Be in charge: the service runs on one node, the other is a ready standby."""

    def react(self, stage: Stage, case: str, owner: str) -> None:
        """The case was caused this moment: do what this system does by hand, or nothing."""

    def move(self, stage: Stage, owner: str) -> None:
        """An operator wants the service on the other node."""

    def heal(self, stage: Stage, owner: str) -> None:
        """The trouble is over: become whole again. owner: the node that had it."""

    def leave(self, stage: Stage) -> None:
        """Stop everything: the next system finds two standbys."""


def names() -> list[str]:
    """All that there are."""
    found = (module.name for module in pkgutil.iter_modules(__path__))
    return sorted(name for name in found if not name.startswith("_"))


def load(name: str) -> System:
    """The system of that name."""
    return cast(System, importlib.import_module(f"{__name__}.{name}").SYSTEM)
