# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a peer is excluded: one file per method."""

__all__ = ["agents", "devices", "gate", "selffence", "settings", "stonith", "watchdog"]
