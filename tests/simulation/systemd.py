# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What systemd does with the daemon's run directory at each way in which its unit ends (F72)."""

from __future__ import annotations

from enum import Enum


class End(Enum):
    """How a life of the unit ends."""

    BY_ITSELF = "by itself"
    """A crash, a kill, an exit; Restart= begins the next life."""
    RESTART = "systemctl restart"
    """So does an upgrade."""
    STOP = "systemctl stop"
    """Started again by hand."""


PRESERVE = "yes"
"""RuntimeDirectoryPreserve= in the unit file of the daemon."""
KEEPS = {
    "yes": frozenset(End),
    "restart": frozenset({End.BY_ITSELF, End.RESTART}),
    "no": frozenset[End](),
}
"""What systemd.exec(5) says: at which ends the directory is kept."""


def end_of(number: float) -> End:
    """The end that a number from 0 to 1 stands for; every small part of that range has them all."""
    return tuple(End)[int(number * 20) % len(End)]
