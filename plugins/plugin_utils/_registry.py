# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds what is one file each: a folder's modules, each with the object KIND."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any


def found(package: str, file: str) -> dict[str, Any]:
    """Return the kinds of a package by their names, sorted. file: of the package itself.

    A module whose name begins with an underscore is no kind.
    """
    names = sorted(path.stem for path in Path(file).parent.glob("[a-z]*.py"))
    kinds = [import_module(f"{package}.{name}").KIND for name in names]
    return {kind.name: kind for kind in kinds}
