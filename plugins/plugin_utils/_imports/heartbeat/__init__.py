# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clusters of Heartbeat with haresources (its R1 style)."""

from __future__ import annotations
