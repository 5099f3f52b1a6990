# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks whether a running application serves: one file per type of check."""

__all__ = ["base", "peer", "postgres", "registry", "standstill", "watchers"]
