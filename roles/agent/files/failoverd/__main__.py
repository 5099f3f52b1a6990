# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Entry point of the daemon: python3 -m failoverd."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import NoReturn


def main() -> int:
    """Parse the command line and serve."""
    parser = argparse.ArgumentParser(prog="failoverd", description="failover.cluster's daemon")
    parser.add_argument("--etc", default="/etc/failoverd", help="configuration directory")
    parser.add_argument("--state", default="/var/lib/failoverd", help="state directory")
    parser.add_argument("--run", default="/run/failoverd", help="runtime directory")
    parser.add_argument("--sysrq", default="/proc/sysrq-trigger", help=argparse.SUPPRESS)
    arguments = parser.parse_args()

    from . import realtime

    # By itself, not by its unit: without real time it has to come up all the same, and tells (F21).
    realtime.hurry()
    from .daemon import serve
    from .schema import ConfigError

    try:
        return serve(arguments.etc, Path(arguments.state), Path(arguments.run), arguments.sysrq)
    except ConfigError as error:
        print(f"failoverd: {error}", file=sys.stderr)
        return 1


def run() -> NoReturn:
    """Live, and end without waiting for a thread that hangs in a system call on a dead disk."""
    status = main()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    run()
