# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Entry point of the daemon: python3 -m failoverd."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import NoReturn


def parser() -> argparse.ArgumentParser:
    """The command line."""
    result = argparse.ArgumentParser(
        prog="failoverd",
        description="Keep every service of a failover cluster running on exactly one node."
        " The unit failoverd.service runs it. Services run on while it is restarted.",
        epilog="Exit status: 0 it was ordered to end, 1 the configuration is refused or another"
        " failoverd runs, 2 wrong arguments.",
    )
    for name, place, text in (
        ("--etc", "/etc/failoverd", "directory of the configuration"),
        ("--state", "/var/lib/failoverd", "directory of state, history and journals"),
        ("--run", "/run/failoverd", "directory of the socket and of files that last until a boot"),
    ):
        result.add_argument(name, metavar="DIRECTORY", default=place, help=f"{text}: {place}")
    result.add_argument("--sysrq", default="/proc/sysrq-trigger", help=argparse.SUPPRESS)
    return result


def main() -> int:
    """Parse the command line and serve."""
    arguments = parser().parse_args()

    from .system import realtime

    # Not by the unit: without real-time scheduling the daemon still starts, with a warning (F21).
    realtime.hurry()
    from .daemon import serve
    from .formats.schema import ConfigError

    try:
        return serve(arguments.etc, Path(arguments.state), Path(arguments.run), arguments.sysrq)
    except ConfigError as error:
        print(f"failoverd: {error}", file=sys.stderr)
        return 1


def run() -> NoReturn:
    """Run, and end without waiting for threads that hang on a dead disk."""
    status = main()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    run()
