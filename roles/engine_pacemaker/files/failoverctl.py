# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""failoverctl on a node of Pacemaker: the screen and the orders that the engine agent has, too.

/usr/bin/python3 -IS failoverctl.py ARGUMENTS. There is no daemon: each answer is asked of
Pacemaker's own tools. Code comes from beside this file and from Python's own library alone.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable

HERE = os.path.realpath(__file__).rpartition("/")[0]
sys.path[:] = [HERE, *sys.path]

from ansible_collections.failover.cluster.plugins.module_utils._engines._base import (  # noqa: E402
    Refused,
)
from asking import ENGINE, ready, run, status  # noqa: E402

from failoverd import cli  # noqa: E402
from failoverd.control import ready as readiness  # noqa: E402
from failoverd.control import screen  # noqa: E402
from failoverd.system.terminal import say  # noqa: E402


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
    if arguments.command == "ready":
        return readiness.show(arguments.service, arguments.json, ready)
    try:
        say(ORDERS[arguments.command](arguments))
    except Refused as refused:
        raise cli.Refused(str(refused)) from None
    return cli.OK


if __name__ == "__main__":
    sys.exit(cli.main(None, act, ("status", "ready", *ORDERS)))
