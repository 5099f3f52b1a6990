# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of a service: one file per type of resource."""

__all__ = [
    "base",
    "drbd_watcher",
    "filesystem",
    "graph",
    "limits",
    "lookout",
    "pagecache",
    "part",
    "reserve",
    "service",
    "service_settings",
    "settings",
    "sfex",
    "virtual_ip",
]
