# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the histories of the nodes: when a service was up, and the story of each outage."""

__all__ = ["account", "published", "story"]
