# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A service without a replicated disk: no kernel is a second lock, only the rules keep S1."""

from __future__ import annotations

from failoverd.core.events import Disk

from .drbd import Volume


class Stateless(Volume):
    """Stands where a mirrored disk would: no data, no connection, no handler, nothing to refuse."""

    mirrored = False

    def see(self, node: str) -> Disk:
        """Nothing."""
        return Disk()

    @property
    def whole(self) -> bool:
        """There is nothing to lose."""
        return True

    def attach(self, node: str) -> None:
        """The node has booted."""
        self.sides[node].up, self.sides[node].role = True, "Secondary"

    def leave(self, node: str) -> None:
        """There is no connection to end."""

    def break_disk(self, node: str) -> bool:
        """There is none."""
        return False

    def poke(self, quick: bool = False) -> None:
        """Paths do not matter."""

    def promote(self, node: str, code: int) -> str:
        """Only for the check of S1."""
        self.sides[node].role = "Primary"
        return ""

    def outdate(self, node: str) -> None:
        """There is no disk."""

    def resume(self, node: str) -> None:
        """Nothing is ever frozen."""

    def usable(self, node: str) -> bool:
        """Always."""
        return True

    def write(self, node: str, number: int) -> bool:
        """It keeps nothing."""
        return False
