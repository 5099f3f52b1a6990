# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much room the metadata of DRBD need, with one peer. Sizes are bytes. No I/O.

The arithmetic is that of DRBD's user guide (8.4, "Estimating meta data size").
"""

from __future__ import annotations

SECTOR = 512
PIECE = 1 << 18
"""Sectors of the disk for which eight sectors of the bitmap stand."""
FIXED = 72
"""Sectors of the superblock and the activity log."""
ALIGNED = 8
"""Sectors: the device ends at a multiple of 4 KiB."""
SLOT = 128 << 20
"""A place of metadata that has an index, such as /dev/vdc1[0]."""
INTERNAL = "internal"


def needed(disk: int) -> int:
    """Room for the metadata of a disk."""
    sectors = -(-disk // SECTOR)
    return (-(-sectors // PIECE) * 8 + FIXED) * SECTOR


def usable(disk: int, metadata: str) -> int:
    """What is left of a disk for the file system."""
    inside = needed(disk) + ALIGNED * SECTOR if metadata == INTERNAL else 0
    return (disk - inside) // (ALIGNED * SECTOR) * ALIGNED * SECTOR


def device(metadata: str) -> str:
    """The device of metadata outside of the disk, "" for those inside."""
    return "" if metadata == INTERNAL else metadata.partition("[")[0]


def place(metadata: str, disk: int) -> int:
    """Least size of a device that holds the metadata of a disk."""
    _device, bracket, index = metadata.rstrip("]").partition("[")
    return (int(index) + 1) * SLOT if bracket else needed(disk)
