# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a resource is to its service, so that nobody else has to know its type."""

from __future__ import annotations

from enum import Enum


class Part(Enum):
    """Each module of a resource type says it as PART."""

    REPLICA = "replica"
    """A disk of this node that is kept equal to that of the other one."""
    LOCK = "lock"
    """The right to use a disk that both nodes see."""
    DATA = "data"
    ADDRESS = "address"
    PROGRAM = "program"


STORAGE = frozenset({Part.REPLICA, Part.LOCK, Part.DATA})
"""Parts that hold the data and run nothing."""
