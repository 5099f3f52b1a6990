# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Entry of the lab's own processes: ``python -m lab.serve KIND LAB [NODE]``."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(argv: Sequence[str]) -> None:
    """Serve until killed."""
    kind, name, *node = argv
    # Each process loads only what it needs.
    if kind == "supervisor":
        from lab.supervisor import Supervisor

        Supervisor(name, node[0]).serve()
    elif kind == "bmc":
        from lab import bmc

        bmc.main(name, node[0])
    elif kind == "serial":
        from lab import serial

        serial.main(name)
    else:
        raise SystemExit(f"unknown process {kind}")


if __name__ == "__main__":
    main(sys.argv[1:])
