# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks again and again whether this node's copy of a service's database has to be brought back.

/usr/bin/python3 -IS rejoin.py SERVICE. It ends when /etc/failover/SERVICE/rejoin.conf is gone. Code
comes from beside this file and from Python's own library alone.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree as ET

HERE = os.path.realpath(__file__).rpartition("/")[0]
sys.path[:] = [HERE, *sys.path]

from ansible_collections.failover.cluster.plugins.module_utils import _rejoin_alone  # noqa: E402

ASKING = ("crm_mon", "-1", "--inactive", "--output-as=xml")
LIMIT_S = 60.0


def ask() -> ET.Element | None:
    """What the cluster says of itself, None while it says nothing."""
    try:
        done = subprocess.run(ASKING, capture_output=True, text=True, check=False, timeout=LIMIT_S)
        return ET.fromstring(done.stdout) if done.returncode == 0 else None
    except (OSError, subprocess.TimeoutExpired, ET.ParseError):
        return None


def main() -> None:
    """Entry point."""
    file, told = Path("/etc/failover") / sys.argv[1] / "rejoin.conf", ""
    while file.exists():
        look = _rejoin_alone.look(_rejoin_alone.read(file.read_text(encoding="utf-8")), ask)
        if look.said and look.said != told:
            print(look.said, flush=True)
        told = look.said
        time.sleep(look.pause_s)


if __name__ == "__main__":
    main()
