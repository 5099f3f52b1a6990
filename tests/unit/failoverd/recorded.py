# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands in a segment of a journal."""

from __future__ import annotations

import json
from pathlib import Path

from failoverd.core.events import Event
from failoverd.journal.lines import Decoder


def inputs(segment: Path) -> list[tuple[float, Event]]:
    """Time and event of each input, in their order. A last line that was cut off is left out."""
    decoder = Decoder()
    entries = [json.loads(line) for line in segment.read_bytes().split(b"\n")[1:-1]]
    return [decoder.input(entry) for entry in entries if "t" in entry]
