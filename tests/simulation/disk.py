# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One node's copy of a replicated disk, and what a volume sees of the world around it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from .drbd import Volume

GOOD = ("UpToDate", "Consistent")


@dataclass
class Side:
    """One node's copy. What is in metadata survives a power cut; the rest does not."""

    node: str
    up: bool = False
    role: str = "Secondary"
    disk: str = "UpToDate"
    alone: bool = False
    """StandAlone: it left its peer in good order and waits for nobody."""
    discards: bool = False
    """An operator said that this copy gives way to the other (connect --discard-my-data)."""
    suspended: bool = False
    broken: bool = False
    """The backing device is dead (F35)."""
    hangs: bool = False
    """The backing device answers nothing (F44)."""
    last_role: str = ""
    """Its role when it lost its power: its peer's kernel shows that until it notices."""
    refusing: bool = False
    """A promotion is refused for a moment (F34)."""
    # metadata
    uuid: int = 0
    history: set[int] = field(default_factory=set)
    writes: set[int] = field(default_factory=set)
    peer_outdated: bool = False
    was_primary: bool = False
    needs_new_uuid: bool = False

    @property
    def role_told(self) -> str:
        """What its peer's kernel knows, as long as that takes it for connected."""
        return self.role if self.up else self.last_role


class Host(Protocol):
    """What a volume sees of the world around it."""

    def replicates(self) -> bool:
        """A TCP connection between the two kernels can live."""

    def ask_handler(self, node: str, volume: Volume) -> None:
        """This node's kernel has frozen the I/O and runs its fence-peer handler."""

    def disk_changed(self, node: str, volume: Volume) -> None:
        """The state that this node's kernel shows may have changed."""

    def io_error(self, node: str, volume: Volume) -> None:
        """Reads and writes of the application on this node fail from now on."""

    def goes_on_alone(self, node: str, volume: Volume) -> None:
        """This node's copy will take writes that the other copy does not get."""

    def diverged(self, volume: Volume, why: str) -> None:
        """The two copies refuse each other."""

    def resyncs(self, node: str, volume: Volume) -> None:
        """A resync from this node has begun."""
