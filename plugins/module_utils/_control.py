# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks the daemon of this node by its own command line tool."""

from __future__ import annotations

import json
import socket
from typing import Any

from ansible.module_utils.basic import AnsibleModule

SOCKET = "/run/failoverd/control.sock"
ANSWER_S = 20.0


def running() -> bool:
    """Whether a daemon listens on this node."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(5)
        try:
            client.connect(SOCKET)
        except OSError:
            return False
    return True


def services() -> list[str]:
    """Return the names of the services that the daemon of this node manages, [] while none runs.

    One that was removed from its configuration counts until it is stopped.
    Raises RuntimeError when a daemon listens but does not say.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(ANSWER_S)
        try:
            client.connect(SOCKET)
        except OSError:
            return []
        try:
            client.sendall(b'{"op": "status"}\n')
            with client.makefile("rb") as stream:
                answer = json.loads(stream.readline())
            return sorted(
                str(item["name"])
                for item in answer["status"]["services"]
                if not item.get("retired") or item.get("local") != "stopped"
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            reason = f"{type(error).__name__}: {error}"
            raise RuntimeError(f"failoverd does not say what it manages: {reason}") from None


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
