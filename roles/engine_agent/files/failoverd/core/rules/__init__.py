# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules, one file for each thing that is decided. step.RULES says in which order they look."""

__all__ = [
    "clearing", "contact", "fence", "handover", "head_start", "heartbeat", "lease", "leave",
    "lifecycle", "links", "mode_changes", "monitors", "moves", "operator", "orders",
    "owner", "peer", "power_on", "repair", "replica",
]  # fmt: skip
