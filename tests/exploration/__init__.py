# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every interleaving up to a depth, around the very core that production runs. Not a sample."""

from __future__ import annotations

import sys
from pathlib import Path

FILES = str(Path(__file__).resolve().parents[2] / "roles" / "engine_agent" / "files")
if FILES not in sys.path:
    # python -m tests.exploration finds the core as pytest does.
    sys.path.insert(0, FILES)
