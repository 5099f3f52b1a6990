# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two texts of the core in lockstep: that of a git revision, and that of the working tree."""

import sys
from importlib.util import find_spec
from pathlib import Path

if find_spec("failoverd") is None:
    sys.path.insert(0, str(Path(__file__).parents[2] / "roles" / "engine_agent" / "files"))
