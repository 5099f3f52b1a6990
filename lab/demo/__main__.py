# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m lab.demo``."""

from __future__ import annotations

import sys

from lab.demo.app import main

sys.exit(main())
