# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A single server moves onto the storage of a cluster: what is done on its node."""

from __future__ import annotations
