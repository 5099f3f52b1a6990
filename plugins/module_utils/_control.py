# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks the daemon of this node by its own command line tool."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Sequence
from typing import Any

Run = Callable[[Sequence[str]], tuple[int, str, str]]

SOCKET = "/run/failoverd/control.sock"
TOOL = "/usr/sbin/failoverctl"


def running() -> bool:
    """Whether a daemon listens on this node."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(5)
        try:
            client.connect(SOCKET)
        except OSError:
            return False
    return True


def status(run: Run) -> dict[str, Any]:
    """Return what failoverctl status --json says, or {} when the daemon does not run."""
    code, out, _err = run([TOOL, "status", "--json"])
    if code != 0:
        return {}
    result: dict[str, Any] = json.loads(out)
    return result
