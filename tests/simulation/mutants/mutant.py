# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One deliberate bug in the core."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """One bug."""

    file: str
    """Below core/."""
    old: str
    new: str
    what: str
    quick: bool = False
    """Caught within a few seeds: tried in every test run."""
    leased: bool = False
    """Only worlds with a watchdog lease can catch it: no others are played."""
    shared: bool = False
    """The same with a shared disk."""
