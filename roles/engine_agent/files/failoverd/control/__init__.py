# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The UNIX socket between the daemon, failoverctl and DRBD's handler."""

__all__ = [
    "client",
    "health",
    "log",
    "nodes",
    "pending",
    "readonly",
    "ready",
    "requests",
    "screen",
    "server",
    "status",
]
