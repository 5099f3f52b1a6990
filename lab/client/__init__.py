# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The measuring client: what a user of the service sees, independent of the cluster."""

from __future__ import annotations

from lab.client.app import main

__all__ = ["main"]
