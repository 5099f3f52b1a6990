# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Heartbeat paths between the nodes and the signed format that travels over them."""

__all__ = [
    "base",
    "quality",
    "serial",
    "settings",
    "sieve",
    "size",
    "strangers",
    "udp",
    "wire",
    "word",
]
