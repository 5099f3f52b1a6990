# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Until when the daemon of this node is known to have lived: the end of its newest journal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from failoverd.formats.strictjson import JsonError, loads

from .segments import segments

TAIL_BYTES = 256 * 1024
HEAD_BYTES = 4 << 20


def ended(directory: Path) -> float | None:
    """Unix time of the last line of the newest segment; None without a journal.

    A loss of power cuts off some seconds. Raises OSError.
    """
    for path in reversed(segments(directory)):
        with path.open("rb") as file:
            head = _object(file.readline(HEAD_BYTES))
            begun, wall = head.get("t"), head.get("wall")
            if not isinstance(begun, int | float) or not isinstance(wall, int | float):
                continue  # the power was lost before a line was on the disk
            size = file.seek(0, 2)
            file.seek(max(0, size - TAIL_BYTES))
            times = [_object(line).get("t") for line in file.read(TAIL_BYTES).splitlines()]
        last = max((t for t in times if isinstance(t, int | float)), default=begun)
        return float(wall + max(0.0, last - begun))
    return None


def _object(line: bytes) -> dict[str, Any]:
    try:
        value = loads(line, halves=True)
    except JsonError:
        return {}
    return value if isinstance(value, dict) else {}
