# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A daemon as it is, but for a file that it takes for /proc/drbd.

python -m tests.idle_cost.node PROC DRBDSETUP [options of failoverd]
"""

from __future__ import annotations

import os
import sys

from failoverd import __main__ as program
from failoverd.resources import drbd

if __name__ == "__main__":
    drbd.PROC, setup = sys.argv[1:3]
    drbd.SETUP_84 = (setup, setup)
    del sys.argv[1:3]
    os._exit(program.main())
