# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs in the container of the page: the daemon's status socket, which tells a played status."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from failoverd.control.readonly import StatusSocket
from tests.played import answers

if __name__ == "__main__":
    asyncio.run(StatusSocket(Path(sys.argv[1]), answers.normal).run())
