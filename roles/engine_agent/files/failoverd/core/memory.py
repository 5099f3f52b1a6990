# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What earlier lives of this node's daemon have ordered to remember."""

from __future__ import annotations

from dataclasses import dataclass, field

from .modes import Modes


@dataclass(frozen=True)
class Memory:
    """A new life begins with it."""

    modes: Modes = field(default_factory=Modes)
    """KeepModes: over restarts and boots."""
    split: frozenset[str] = frozenset()
    """KeepSplit: the services whose copies have diverged, over restarts and boots (F39)."""
    held: frozenset[str] = frozenset()
    """Own: the services that this node holds, in this boot (F31)."""
    cut: str = ""
    """KeepCut: the level that switched the peer off, in this boot, empty if none did (F10)."""


NOTHING = Memory()
"""The first life of a node."""
