# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""failoverctl on a node of Pacemaker: the screen and the orders that the engine agent has, too.

/usr/bin/python3 -IS failoverctl.py ARGUMENTS. There is no daemon: each answer is asked of
Pacemaker's own tools. Code comes from beside this file and from Python's own library alone.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any
from xml.etree import ElementTree as ET

HERE = os.path.realpath(__file__).rpartition("/")[0]
sys.path[:] = [HERE, *sys.path]

from ansible_collections.failover.cluster.plugins.module_utils._engines import (  # noqa: E402
    _pacemaker_screen,
    pacemaker,
)
from ansible_collections.failover.cluster.plugins.module_utils._engines._base import (  # noqa: E402
    Refused,
)

from failoverd import cli  # noqa: E402
from failoverd.control import screen  # noqa: E402
from failoverd.control.client import NotRunning  # noqa: E402
from failoverd.system.terminal import say  # noqa: E402

ENGINE = pacemaker.ENGINE
LIMIT_S = 60.0
NOWHERE = "Pacemaker does not run on this node, or its cluster is not one of failover.cluster."


def run(argv: Sequence[str]) -> tuple[int, str, str]:
    """Run a tool of Pacemaker. Raises TimeoutError."""
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    try:
        done = subprocess.run(
            list(argv),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            env=environment,
            timeout=LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise TimeoutError from None
    return done.returncode, done.stdout, done.stderr


def told() -> _pacemaker_screen.Told:
    """What Pacemaker and Corosync say now. Raises NotRunning."""
    found = ENGINE.asked(run)
    if found is None:
        raise NotRunning(NOWHERE)
    answer, status = found
    quorum = run(["/usr/bin/env", "corosync-quorumtool", "-s"])[1]
    owners = {one["owner"] for one in status["services"] if one["state"] == "running"}
    return _pacemaker_screen.Told(
        answer,
        status,
        run(["/usr/bin/env", "corosync-cfgtool", "-s"])[1],
        {name: parts["mount"] for name, parts in ENGINE.configured().items()},
        {node: after(node, status) for node in sorted(owners - {None})},
        _pacemaker_screen.quorate_without_one(quorum),
    )


def after(node: str, status: dict[str, Any]) -> dict[str, str]:
    """Where the services would run if a node was lost, by Pacemaker's own scheduler."""
    words = ["--live-check", "--simulate", f"--node-fail={node}", "--output-as=xml"]
    code, out, _err = run(["/usr/bin/env", "crm_simulate", *words])
    if code != 0:
        return {}
    there = ET.fromstring(out).find("revised_cluster_status")
    if there is None:
        return {}
    read = pacemaker.read(there, status["cluster"], status["node"])
    return {
        one["name"]: one["owner"] or "" if one["state"] == "running" else ""
        for one in read["services"]
    }


def status() -> dict[str, Any]:
    """The status as failoverctl shows it. Raises NotRunning."""
    return _pacemaker_screen.screen(told(), time.time())


def switchover(arguments: argparse.Namespace) -> str:
    name, to = arguments.service, arguments.to
    before = {one["name"]: one for one in status()["services"]}
    if name not in before:
        raise Refused(f"{name} is not a service; they are {', '.join(sorted(before))}.")
    to = to or before[name]["standby"]["node"]
    if not to:
        raise Refused(f"no other node can take over {name}; name one with --to.")
    if before[name]["owner"] == to:
        return f"{name} runs on {to} already"
    seconds = ENGINE.switchover(run, name, to, int(arguments.wait))
    return f"{name} runs on {to} after {seconds:.1f} s"


def empty(arguments: argparse.Namespace) -> str:
    node = arguments.node or os.uname().nodename
    ENGINE.standby(run, node, arguments.command == "standby")
    return f"{node} {'shall run nothing' if arguments.command == 'standby' else 'may run services'}"


def maintenance(arguments: argparse.Namespace) -> str:
    ENGINE.maintenance(run, arguments.switch == "on")
    return f"maintenance mode is {arguments.switch}"


def confirm(arguments: argparse.Namespace) -> str:
    who = os.environ.get("SUDO_USER", "") or os.environ.get("LOGNAME", "")
    return ENGINE.confirm_fenced(run, arguments.node, who)


ORDERS: dict[str, Callable[[argparse.Namespace], str]] = {
    "switchover": switchover,
    "standby": empty,
    "online": empty,
    "maintenance": maintenance,
    "confirm-fenced": confirm,
}


def act(arguments: argparse.Namespace) -> int:
    """Run one parsed command line."""
    if arguments.command == "status":
        return screen.show(status, arguments)
    try:
        say(ORDERS[arguments.command](arguments))
    except Refused as refused:
        raise cli.Refused(str(refused)) from None
    return cli.OK


if __name__ == "__main__":
    sys.exit(cli.main(None, act, ("status", *ORDERS)))
