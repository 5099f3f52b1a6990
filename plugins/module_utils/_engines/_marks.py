# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tells keys of heartbeats apart without telling the keys: the cookie of their frames.

It travels with every heartbeat, so it is no secret (the daemon's links/wire.py).
"""

from __future__ import annotations

import hmac

MARK_BYTES = 4


def marks(text: str) -> list[str]:
    """Return the mark of each key of a file, the one that signs first. Raises ValueError."""
    keys = [bytes.fromhex(line) for line in text.split()]
    return [hmac.digest(key, b"cookie", "sha256")[:MARK_BYTES].hex() for key in keys]
