# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Monitors of the node: ping targets, interfaces, disks, room on file systems, the daemon."""

__all__ = ["settings", "wiring"]
