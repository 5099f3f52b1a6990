# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A single server that was never meant to be highly available, and a bare one beside it."""

from __future__ import annotations
