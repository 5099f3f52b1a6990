# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deliberate bugs in the core. Each replaces one text, which stands exactly once in its file."""

from __future__ import annotations

from .table_lease import LEASE
from .table_lock import LOCK
from .table_peer import PEER
from .table_service import SERVICE

MUTANTS = (*PEER, *SERVICE, *LEASE, *LOCK)
