# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line of the lab."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lab.bmc_behaviour import BEHAVIOURS
from lab.core import Lab
from lab.errors import LabError
from lab.netns import LINK_STATES, in_any_lab
from lab.progress import to_stderr
from lab.spec import SUITES, LabSpec


def parser() -> argparse.ArgumentParser:
    """The grammar of the command line."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--name", default=argparse.SUPPRESS, help="which lab, when there are several (lab)"
    )
    top = argparse.ArgumentParser(
        prog="python -m lab",
        parents=[common],
        description="Two or more real kernels on one machine, with switchable power and links.",
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, text: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=text, description=text, parents=[common])

    up = add("up", "Raise the lab; the first time builds image and package source.")
    up.add_argument("--nodes", type=int, help="number of nodes of the reference network (2)")
    up.add_argument("--suite", choices=SUITES, help="Debian release of the nodes (bookworm)")
    up.add_argument("--spec", type=Path, help="a YAML file that describes another lab")

    down = add("down", "Stop everything and remove the nodes; keys and snapshots stay.")
    down.add_argument("--purge", action="store_true", help="remove keys and snapshots, too")

    status = add("status", "Show nodes, links and processes.")
    status.add_argument("--json", action="store_true", help="for programs")

    ssh = add("ssh", "Open a shell or run a command on a node.")
    ssh.add_argument("node")
    ssh.add_argument("argv", nargs=argparse.REMAINDER, metavar="CMD")

    power = add("power", "Cut, give or show a node's power.")
    power.add_argument("action", choices=["off", "on", "reset", "status"])
    power.add_argument("node")

    for name, text in (
        ("freeze", "Stop every process of a node, as a paused virtual machine."),
        ("thaw", "Let a frozen node run on."),
        ("console", "Print the console of the present life of a node."),
    ):
        add(name, text).add_argument("node")

    link = add("link", "Cut or mend a node's end of a link.")
    link.add_argument("node")
    link.add_argument("link")
    link.add_argument("state", choices=LINK_STATES)

    bmc = add("bmc", "Make a node's BMC misbehave.")
    bmc.add_argument("node")
    bmc.add_argument("behaviour", choices=BEHAVIOURS)

    snapshot = add("snapshot", "Save, restore or list the disks of all nodes.")
    snapshot.add_argument("action", choices=["save", "restore", "list"])
    snapshot.add_argument("snapshot", nargs="?", metavar="NAME")

    add("inventory", "Print the path of the Ansible inventory.")
    add("mend", "Undo all injected faults of links, BMCs and freezes.")
    add("client", "The measuring client; client --help shows its own arguments.")
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; 0 when it succeeded, 1 with a sentence on stderr when not."""
    words = list(sys.argv[1:] if argv is None else argv)
    arguments = parser().parse_args(
        words[: words.index("client") + 1] if _for_client(words) else words
    )
    try:
        if arguments.command == "client":
            return _client(Lab(getattr(arguments, "name", "lab")), words)
        return _run(Lab(getattr(arguments, "name", "lab")), arguments)
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def spec_of(arguments: argparse.Namespace) -> LabSpec | None:
    """The specification of the arguments; None without any."""
    if arguments.spec:
        if arguments.nodes or arguments.suite:
            raise LabError("--spec holds everything; --nodes and --suite cannot be added")
        return LabSpec.from_file(arguments.spec)
    if arguments.nodes or arguments.suite:
        return LabSpec.reference(arguments.nodes or 2, arguments.suite or "bookworm")
    return None


def _run(lab: Lab, arguments: argparse.Namespace) -> int:
    command = arguments.command
    if command == "up":
        lab.up(spec_of(arguments), to_stderr())
    elif command == "down":
        lab.down(arguments.purge)
    elif command == "status":
        status = lab.status()
        print(json.dumps(status, indent=2) if arguments.json else describe(status))
    elif command == "ssh":
        lab.spec.node(arguments.node)
        os.execvp("ssh", ["ssh", "-F", str(lab.ssh_config), arguments.node, *arguments.argv])
    elif command == "power":
        if arguments.action != "status":
            lab.power(arguments.node, arguments.action)
        print(lab.power_state(arguments.node))
    elif command == "freeze":
        lab.freeze(arguments.node)
    elif command == "thaw":
        lab.thaw(arguments.node)
    elif command == "console":
        print(lab.console(arguments.node), end="")
    elif command == "link":
        lab.link(arguments.node, arguments.link, arguments.state)
    elif command == "bmc":
        lab.bmc(arguments.node, arguments.behaviour)
    elif command == "snapshot":
        _snapshot(lab, arguments)
    elif command == "inventory":
        print(lab.inventory_path)
    elif command == "mend":
        lab.mend()
    return 0


def _for_client(words: Sequence[str]) -> bool:
    """True if the command is client: all further arguments are for the client."""
    before = words[2:] if words[:1] == ["--name"] else words
    return before[:1] == ["client"]


def _client(lab: Lab, words: Sequence[str]) -> int:
    """Run the client in the lab's network; it is there already when Lab.run_in started it."""
    own = words[words.index("client") + 1 :]
    if not in_any_lab() and not {"-h", "--help"} & set(own):
        argv = lab.inside([sys.executable, "-m", "lab", *words])
        os.execvp(argv[0], argv)
    return int(importlib.import_module("lab.client").main(own) or 0)


def _snapshot(lab: Lab, arguments: argparse.Namespace) -> None:
    if arguments.action == "list":
        print("\n".join(lab.snapshots()))
        return
    if not arguments.snapshot:
        raise LabError(f"snapshot {arguments.action} needs a name")
    act = lab.snapshot_save if arguments.action == "save" else lab.snapshot_restore
    act(arguments.snapshot, to_stderr())


def describe(status: dict[str, Any]) -> str:
    """The status for a person."""
    snapshots = ", ".join(status["snapshots"]) or "none"
    if not status["up"]:
        return f"{status['name']}: down (snapshots: {snapshots})"
    lines = [f"{status['name']}: up, {status['suite']}, network namespace {status['namespace']}"]
    for name, node in status["nodes"].items():
        power = "frozen" if node.get("frozen") else node["power"]
        links = " · ".join(f"{link} {state}" for link, state in node["links"].items())
        address = next(iter(node["addresses"].values()))
        lines.append(f"  {name:10} {power:7} {address:15} bmc {node['bmc'] or '-':15} {links}")
    for line, state in status["serial"].items():
        lines.append(f"  {line:10} {state}")
    dead = [name for name, runs in status["processes"].items() if not runs]
    if dead:
        lines.append(f"  not running: {', '.join(dead)} (lab up starts them)")
    lines.append(f"  snapshots  {snapshots}")
    lines.append(f"  inventory  {status['inventory']}")
    return "\n".join(lines)
