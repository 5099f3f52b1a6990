# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The slow path of DRBD's fence-peer handler: asks failoverd whether the peer is excluded.

While it waits, DRBD keeps the I/O frozen. It never reports success on its own: if it cannot reach
the daemon for a while, it fails, and the I/O stays frozen (F36).
"""

import json
import os
import socket
import sys
import time

SOCKET = "/run/failoverd/control.sock"
GIVE_UP_S = 60.0
PAUSE_S = 0.2
FAILED = 1
VERDICTS = (4, 7)


def ask(path: str, resource: str, until: float) -> int:
    """One attempt; raises OSError or ValueError if the daemon gave no verdict."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(max(0.1, until - time.monotonic()))
        connection.connect(path)
        request = {"op": "fence-peer", "resource": resource}
        connection.sendall(json.dumps(request).encode() + b"\n")
        with connection.makefile("rb") as stream:
            answer = json.loads(stream.readline())
    code = answer["code"]
    return code if code in VERDICTS else FAILED


def main() -> int:
    """Ask until there is a verdict or the time is over, also over a restart of the daemon."""
    resource = os.environ.get("DRBD_RESOURCE", "")
    path = os.environ.get("FAILOVERD_SOCKET", SOCKET)
    limit = float(os.environ.get("FAILOVERD_GIVE_UP_S", GIVE_UP_S))
    until = time.monotonic() + limit
    while resource and time.monotonic() < until:
        try:
            return ask(path, resource, until)
        except (OSError, ValueError, LookupError, TypeError):
            time.sleep(PAUSE_S)
    return FAILED


if __name__ == "__main__":
    sys.exit(main())
