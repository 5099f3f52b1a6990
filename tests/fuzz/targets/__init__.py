# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of input, each in a file of its own that holds TARGET."""

from __future__ import annotations

from importlib import import_module

from tests.fuzz.target import Target

NAMES = [
    *("frames", "serial", "codec", "config", "journal", "sfex", "control", "state", "status"),
    *("inventory", "imports", "history"),
]


def load(name: str) -> Target:
    """The target of that name."""
    if name not in NAMES:
        raise SystemExit(f"{name} is no target: {', '.join(NAMES)}")
    target: Target = import_module(f"{__name__}.{name}").TARGET
    return target
