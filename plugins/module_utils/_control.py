# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks the daemon of this node by its own command line tool."""

from __future__ import annotations

import json
import socket
from typing import Any

from ansible.module_utils.basic import AnsibleModule

SOCKET = "/run/failoverd/control.sock"


def running() -> bool:
    """Whether a daemon listens on this node."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(5)
        try:
            client.connect(SOCKET)
        except OSError:
            return False
    return True


def tool(module: AnsibleModule) -> str:
    """Return the path of failoverctl, "" on a node that has none."""
    return module.get_bin_path("failoverctl") or ""


def status(module: AnsibleModule) -> dict[str, Any]:
    """Return what failoverctl status --json says, or {} when the daemon does not run."""
    path = tool(module)
    if not path:
        return {}
    code, out, _err = module.run_command([path, "status", "--json"])
    if code != 0:
        return {}
    result: dict[str, Any] = json.loads(out)
    return result
