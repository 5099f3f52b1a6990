# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds what is one file or folder each: modules of a package, each with the object KIND."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any


def found(package: str, file: str) -> dict[str, Any]:
    """Return the kinds of a package by their names, sorted. file: of the package itself.

    A module whose name begins with an underscore is no kind.
    """
    places = [path.parent if path.name == "__init__.py" else path for path in _modules(file)]
    names = sorted(place.stem for place in places)
    kinds = [import_module(f"{package}.{name}").KIND for name in names]
    return {kind.name: kind for kind in kinds}


def _modules(file: str) -> list[Path]:
    here = Path(file).parent
    return [*here.glob("[a-z]*.py"), *here.glob("[a-z]*/__init__.py")]
