# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Times for people."""

from __future__ import annotations

import time

DAY_S = 86400.0


def moment(at: float) -> str:
    """Date and time of day."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))


def long(seconds: float) -> str:
    """A length of time in its two largest units."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    if seconds < 3600:
        return f"{int(seconds // 60)} min {int(seconds % 60)} s"
    if seconds < DAY_S:
        return f"{int(seconds // 3600)} h {int(seconds % 3600 // 60)} min"
    return f"{int(seconds // DAY_S)} d {int(seconds % DAY_S // 3600)} h"
