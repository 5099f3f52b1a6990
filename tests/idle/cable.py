# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A null-modem cable between two pseudo terminals: python -m tests.idle.cable LINK LINK."""

from __future__ import annotations

import select
import sys
from pathlib import Path

from lab.serial import End


def main(*links: str) -> None:
    """Carry bytes both ways until killed."""
    left, right = (End(Path(link)) for link in links)
    far = {left.master: (left, right), right.master: (right, left)}
    print("ready", flush=True)
    while True:
        for ready in select.select(list(far), [], [])[0]:
            source, target = far[ready]
            if data := source.read():
                target.write(data)


if __name__ == "__main__":
    main(*sys.argv[1:])
