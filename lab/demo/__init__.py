# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The demonstration: build a cluster, move its service, cut its power, and report."""

from __future__ import annotations
