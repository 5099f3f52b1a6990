# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""keepalived, as far as it moves addresses by VRRP."""

from __future__ import annotations
