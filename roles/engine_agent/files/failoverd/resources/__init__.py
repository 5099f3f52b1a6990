# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a service is made of: one file per resource type."""

__all__ = [
    "base",
    "drbd_watcher",
    "filesystem",
    "graph",
    "limits",
    "pagecache",
    "reserve",
    "service",
    "service_settings",
    "settings",
    "sfex",
    "virtual_ip",
]
