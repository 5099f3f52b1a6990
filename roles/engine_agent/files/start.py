# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts the daemon or failoverctl: /usr/bin/python3 -IS start.py failoverd|failoverctl ARGUMENTS.

Root runs this in any directory and with any environment. So code comes from three fixed places
only: beside this file, Python's own library, and the distribution's modules. -I leaves out the
working directory, PYTHON* and the user's modules; -S leaves out site, sitecustomize and /usr/local.
"""

import os
import sys

DISTRIBUTION = "/usr/lib/python3/dist-packages"
INTERRUPTED = 130

# The version itself, not the link to it: a process that runs while the link is switched goes on
# with the code that it began with, also for what it loads later.
HERE = os.path.realpath(__file__).rpartition("/")[0]
sys.path[:] = [HERE, *sys.path, DISTRIBUTION]


def main(program: str) -> int:
    """Run one of the two programs; returns the exit status, as far as the program returns."""
    if program == "failoverctl":
        from failoverd.cli import main as run
    else:
        from failoverd.__main__ import run
    return run()


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv.pop(1)))
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
