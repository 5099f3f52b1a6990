# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The core of another git revision, imported under a name of its own."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
import subprocess
import sys
from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
WHERE = "roles/engine_agent/files/failoverd/core"
NAME = "baseline_core"
ENTRIES = ("step", "machine")
"""The module that has begin, step and deadline, by its names in the course of time."""
REMEMBERED = 4096


def extract(revision: str, into: Path) -> None:
    """Write the core of that revision into a directory, as the package baseline_core."""
    archive = ["git", "archive", "--format=tar", f"{revision}:{WHERE}"]
    tar = subprocess.run(archive, cwd=ROOT, check=True, capture_output=True)
    target = into / NAME
    target.mkdir()
    subprocess.run(["tar", "-x", "-C", str(target)], input=tar.stdout, check=True)
    rename(target)


def rename(core: Path) -> None:
    """Let a copy of the core import from itself."""
    for path in core.rglob("*.py"):
        text = path.read_text(encoding="utf-8").replace("failoverd.core", NAME)
        path.write_text(text, encoding="utf-8")


class Baseline:
    """The core below that directory, which is given the values of the core of the working tree."""

    def __init__(self, directory: Path) -> None:
        sys.path.insert(0, str(directory))
        self._classes: dict[str, Any] = {}
        self._known: dict[int, tuple[Any, Any]] = {}
        core = importlib.import_module(NAME)
        entry = None
        for found in pkgutil.walk_packages(core.__path__, f"{NAME}."):
            module = importlib.import_module(found.name)
            if found.name.removeprefix(f"{NAME}.") in ENTRIES and hasattr(module, "begin"):
                entry = module
            for name, value in vars(module).items():
                if isinstance(value, type) and value.__module__.startswith(NAME):
                    self._classes[name] = value
        assert entry is not None, f"there is none of {ENTRIES} in that core"
        self.entry: Any = entry

    def translated(self, value: Any) -> Any:
        """The same value, made of the classes of that core."""
        if isinstance(value, Enum):
            return self._classes[type(value).__name__](value.value)
        if isinstance(value, tuple):
            return tuple([self.translated(item) for item in value])
        if not dataclasses.is_dataclass(value) or isinstance(value, type):
            return value
        known = self._known.get(id(value))
        if known is None or known[0] is not value:
            cls = self._classes[type(value).__name__]
            names = [field.name for field in dataclasses.fields(value)]
            known = value, cls(**{name: self.translated(getattr(value, name)) for name in names})
            if len(self._known) > REMEMBERED:
                self._known.clear()
            self._known[id(value)] = known
        return known[1]

    def same(self, ours: Sequence[Any], theirs: Sequence[Any]) -> bool:
        """Both cores order the same."""
        return self.translated(tuple(ours)) == tuple(theirs)
