# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The measuring client: what a user of the service sees, apart from the cluster's own word."""

from __future__ import annotations

from lab.client.app import main

__all__ = ["main"]
