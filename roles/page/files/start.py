# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts the page: /usr/bin/python3 -IS start.py FILE.

Code comes from three fixed places only: beside this file, Python's own library, and the
distribution's modules.
"""

import os
import sys

DISTRIBUTION = "/usr/lib/python3/dist-packages"
HERE = os.path.realpath(__file__).rpartition("/")[0]
sys.path[:] = [HERE, *sys.path, DISTRIBUTION]

if __name__ == "__main__":
    from failover_page.__main__ import run

    sys.exit(run(sys.argv[1]))
