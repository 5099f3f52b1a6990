# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts another function in the place of a rule, wherever the core's tables name it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from failoverd.core import step as core


def swap(patch: pytest.MonkeyPatch, module: Any, name: str, new: Callable[..., Any]) -> None:
    """Until the patch is undone, module.name is new, in the tables of the core as well."""
    old = getattr(module, name)
    patch.setattr(module, name, new)
    tables: tuple[dict[type, Any], ...] = (core.INTAKE, core.INTAKE_OF_SERVICE)
    for table in tables:
        for kind in [kind for kind, take in table.items() if take is old]:
            patch.setitem(table, kind, new)
    for rules in ("FIRST", "RULES"):
        rows = [replace(r, look=new) if r.look is old else r for r in getattr(core, rules)]
        patch.setattr(core, rules, tuple(rows))
