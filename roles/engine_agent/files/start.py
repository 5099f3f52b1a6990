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

# The directory of the version, not the link to it: if the link is switched, a running process goes
# on to load the code of its own version.
HERE = os.path.realpath(__file__).rpartition("/")[0]
sys.path[:] = [HERE, *sys.path, DISTRIBUTION]


def main(program: str) -> int:
    """Run one of the two programs; returns its exit status."""
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
