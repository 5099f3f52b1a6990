# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shows each long step, with the seconds since the start."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

Progress = Callable[[str], None]


def to_stderr() -> Progress:
    """A progress display: one line per step, elapsed seconds first."""
    start = time.monotonic()

    def show(text: str) -> None:
        print(f"[{time.monotonic() - start:6.1f} s] {text}", file=sys.stderr, flush=True)

    return show


def silent(text: str) -> None:
    """Shows no progress."""
    del text
