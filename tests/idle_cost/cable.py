# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A null-modem cable between two pseudo terminals: python -m tests.idle_cost.cable LINK LINK.

At the pace of a real one, whose hardware hands over a few bytes at a time.
"""

from __future__ import annotations

import select
import sys
import time
from pathlib import Path

from lab.serial import End

CHUNK = 14
"""After so many bytes of its 16 the usual hardware (16550) raises an interrupt."""
BYTES_PER_S = 115200 / 10


def main(*links: str) -> None:
    """Carry bytes both ways until killed."""
    left, right = (End(Path(link)) for link in links)
    far = {left.master: (left, right), right.master: (right, left)}
    waiting = {left.master: b"", right.master: b""}
    print("ready", flush=True)
    while True:
        busy = any(waiting.values())
        for source in select.select(list(far), [], [], 0 if busy else None)[0]:
            waiting[source] += far[source][0].read()
        began = time.monotonic()
        time.sleep(CHUNK / BYTES_PER_S)
        # Who sleeps too long has more to carry: the line is no slower than it should be.
        passed = int((time.monotonic() - began) * BYTES_PER_S)
        for source, data in waiting.items():
            if data:
                far[source][1].write(data[:passed])
                waiting[source] = data[passed:]


if __name__ == "__main__":
    main(*sys.argv[1:])
