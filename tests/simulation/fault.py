# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One line of a script."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Fault:
    """A fault at a time, or at a moment that is waited for. All randomness of it is drawn here."""

    kind: str
    target: str
    """node1, node2, owner, standby; for a moment also here (the node of the moment) and there."""
    at: float
    """Seconds after the faults begin; for a moment: the time from which it is waited for."""
    lasts: float = 0.0
    """Seconds until it is undone, for the kinds that can be."""
    a: float = 0.0
    b: float = 0.0
    """Two numbers from 0 to 1 for whatever the kind has to choose."""
    moment: str = ""
    wait: float = 0.0
    """Seconds after the moment."""

    def on(self, moment: str, wait: float) -> Fault:
        """The same, but lying in wait for a moment."""
        return replace(self, moment=moment, wait=wait)

    def __str__(self) -> str:
        when = f"at {self.at:5.1f} s"
        if self.moment:
            when += f" or later, {self.wait:.2f} s after {self.moment!r}"
        return f"{when}: {self.kind} ({self.target}) for {self.lasts:.1f} s"
