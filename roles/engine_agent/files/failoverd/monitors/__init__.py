# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the node itself shows: ping targets, interfaces, disks, room on file systems, the daemon."""

__all__ = ["settings", "wiring"]
