# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m tests.kernels.streaming.servers DATABASE USER NODE=ADDRESS...``: asks both servers.

It runs on the client's side of the lab's network until its input ends. Then it prints how often it
has asked, and when both servers took writes. The password is in CLIENT_PASSWORD.
"""

from __future__ import annotations

import json
import os
import sys

from lab.client.app import PASSWORD_VARIABLE
from lab.client.rows import Database
from tests.pacemaker.writing import asked


def main() -> None:
    """Entry point."""
    name, user, *nodes = sys.argv[1:]
    password = os.environ[PASSWORD_VARIABLE]
    places = dict(node.split("=", 1) for node in nodes)
    servers = {n: Database(at, 5432, name, user, password) for n, at in places.items()}
    with asked(servers) as asker:
        print("ready", flush=True)
        sys.stdin.read()
    print(json.dumps({"rounds": asker.rounds, "seen": sorted(asker.seen), "both": asker.both}))


if __name__ == "__main__":
    main()
