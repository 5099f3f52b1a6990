# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the daemon needs of the operating system: files, processes, sockets, threads, timers."""

__all__ = [
    "aside",
    "files",
    "kernel",
    "mounts",
    "netlink",
    "pacing",
    "pidfd",
    "process",
    "realtime",
    "sdnotify",
    "sockdiag",
    "systemd",
    "terminal",
    "trouble",
    "upkeep",
]
