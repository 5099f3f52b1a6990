# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real kernels with real disks and real networks, several machines on one host."""

from __future__ import annotations

from lab.core import Lab
from lab.errors import LabError
from lab.spec import Disk, LabSpec, Link, Node

__all__ = ["Disk", "Lab", "LabError", "LabSpec", "Link", "Node"]
