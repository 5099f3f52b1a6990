# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures and prints: python -m tests.idle_cost [SECONDS]."""

from __future__ import annotations

import argparse
import json

from .measure import measure

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.idle_cost", description=__doc__)
    parser.add_argument("seconds", nargs="?", type=float, default=120.0)
    print(json.dumps(measure(parser.parse_args().seconds), indent=2))
