# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""failoverd: keeps every service of a two-node cluster running on exactly one node."""

from __future__ import annotations

PROTOCOL = 1
VERSION = "0.1.0"
