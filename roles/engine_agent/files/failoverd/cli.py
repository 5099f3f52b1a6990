# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""failoverctl: shows the cluster and gives orders to the daemon. Few imports, for a fast start."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import time

from .control.client import NotRunning, ask
from .system.terminal import prepare, say

TYPE_CHECKING = False
"""The module typing itself takes as long to load as all that is needed here."""
if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from typing import Any

OK, FAILED, USAGE, NOT_RUNNING = 0, 1, 2, 3
INTERRUPTED = 130
MOVE_LIMIT_S = 300.0
WATCH_S = 2.0
ETC = "/etc/failoverd"
"""The configuration in use."""


class Refused(Exception):
    """The request was refused or failed; str() is the sentence to show."""


class Format(argparse.HelpFormatter):
    """Help as wide as the terminal. By default a module that loads slowly is asked for the width.

    A formatter is made for each argument, whether help is wanted or not.
    """

    def __init__(self, prog: str) -> None:
        try:
            columns = int(os.environ.get("COLUMNS", "0")) or os.get_terminal_size().columns
        except (OSError, ValueError):
            columns = 80
        super().__init__(prog, width=columns - 2)


def parser(argv: list[str] | None = None, only: Collection[str] = ()) -> argparse.ArgumentParser:
    """The command line. Modules of a single command are loaded by that command.

    only: the commands that there are, all if empty.
    """
    top = argparse.ArgumentParser(
        prog="failoverctl",
        formatter_class=Format,
        description="Look at this failover cluster and operate it.",
        epilog="Exit status: 0 done, 1 refused or failed, 2 wrong arguments, 3 failoverd (or"
        " Pacemaker, if that is the engine) does not run on this node.",
    )
    commands = top.add_subparsers(
        prog="failoverctl", dest="command", required=True, metavar="COMMAND"
    )

    def command(name: str, text: str) -> argparse.ArgumentParser:
        if only and name not in only:
            return argparse.ArgumentParser(formatter_class=Format)  # leads nowhere
        return commands.add_parser(name, help=text, description=text, formatter_class=Format)

    one = command("status", "Show nodes, links, services and exclusion methods.")
    one.add_argument("--all", action="store_true", help="show the parts of each of many services")
    form = one.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON")
    form.add_argument("--schema", action="store_true", help="print the JSON schema of --json")
    form.add_argument(
        "--check",
        action="store_true",
        help="one line for each thing that is wrong, and an exit status for monitoring systems:"
        " 0 ok, 1 warning, 2 critical, 3 unknown",
    )
    names = ("services", "nodes")  # for the completion of the shells
    form.add_argument("--names", choices=names, default="", help=argparse.SUPPRESS)
    one.add_argument(
        "--watch",
        metavar="SECONDS",
        type=float,
        nargs="?",
        const=WATCH_S,
        default=0.0,
        help=f"show it again and again (every {WATCH_S:g} s by default) until Ctrl-C",
    )
    one = command("switchover", "Move a service to the other node and wait until it runs there.")
    one.add_argument("service", metavar="SERVICE")
    one.add_argument("--to", metavar="NODE", default="", help="node where it is to run")
    limit = f"give up after so many seconds (default {MOVE_LIMIT_S:g})"
    one.add_argument("--wait", metavar="S", type=float, default=MOVE_LIMIT_S, help=limit)
    one.add_argument("--json", action="store_true", help="print JSON")
    one = command(
        "ready",
        "Tell whether a failover would succeed now, and how long it would take.",
    )
    one.add_argument("service", metavar="SERVICE", nargs="?", default="", help="default: all")
    one.add_argument("--json", action="store_true", help="print JSON")
    one.epilog = "Exit status: 0 yes, 1 yes, with warnings, 2 no, 3 not known."
    one = command("history", "Show what happened.")
    one.add_argument("--json", action="store_true", help="print JSON lines")
    one.add_argument(
        "--lines", metavar="N", type=int, default=50, help="number of entries, 50 by default"
    )
    one.add_argument("--follow", action="store_true", help="wait for new entries and show them")
    one.add_argument(
        "--explain",
        metavar="N",
        type=int,
        nargs="?",
        const=1,
        default=0,
        help="tell one outage as a story: what was seen, proved and done, how long each phase took,"
        " and what would have helped; 1, the default, is the newest",
    )
    also = "state directory of the other node, or a copy of it"
    one.add_argument("--also", metavar="DIRECTORY", default="", help=also)
    one = command("availability", "Tell how long each service was up and down, and why.")
    one.add_argument("services", metavar="SERVICE", nargs="*", help="default: all of them")
    since = "period: 90d (the default), 12h, 4w, 3m, 1y, or a date such as 2026-01-31"
    one.add_argument("--since", metavar="PERIOD", default="90d", help=since)
    target = "percent of the time (default 99.99)"
    one.add_argument("--target", metavar="PERCENT", type=float, default=99.99, help=target)
    one.add_argument("--also", metavar="DIRECTORY", default="", help=also)
    one.add_argument("--json", action="store_true", help="print JSON")
    output = "write the account and the last outages as JSON to FILE, as for the status page"
    one.add_argument("--output", metavar="FILE", default="", help=output)
    one = command("handover", "Give every service to the other node and leave the cluster.")
    one.add_argument("--shutdown", action="store_true", help="the host is going down")
    one = command("confirm-fenced", "Confirm, on your responsibility, that a silent node is off.")
    one.add_argument("node", metavar="NODE")
    one = command("clear", "Forget the failures of a service.")
    one.add_argument("service", metavar="SERVICE", nargs="?", default="")
    for name, text in (
        ("standby", "Move all services away from a node, one by one, and start none there."),
        ("online", "End the standby mode of a node."),
    ):
        one = command(name, text)
        one.add_argument("node", metavar="NODE", nargs="?", default="", help="default: this node")
    one = command("maintenance", "Leave everything as it is while people work on the cluster.")
    one.add_argument("switch", choices=("on", "off"))
    one = command("repair", "Open the storage of a stopped service alone on this node; close it.")
    one.add_argument("what", choices=("open", "close"))
    one.add_argument("service", metavar="SERVICE")
    one = command("notify-test", "Send a test message over the notifications.")
    one.add_argument("name", metavar="NAME", nargs="?", default="", help="default: all of them")
    one = command("check", "Check the configuration without touching anything.")
    one.add_argument("directory", metavar="DIRECTORY", nargs="?", default=ETC)
    one.add_argument("--json", action="store_true", help="print JSON")
    one = command("replay", "Repeat the decisions of a journal and compare them. Needs no daemon.")
    one.add_argument("file", metavar="FILE", nargs="+", help="segment, or directory of segments")
    one.add_argument("--json", action="store_true", help="print JSON lines")
    one = command("whatif", "Tell what would happen. Changes nothing.")
    one.add_argument("events", metavar="EVENT; EVENT", nargs="?", default="")
    one.add_argument("--state", metavar="FILE", default="", help="a saved state or a journal")
    one.add_argument("--save", metavar="FILE", default="", help="save the state to this file")
    ahead = "seconds to look ahead (default 120)"
    one.add_argument("--for", metavar="S", dest="seconds", type=float, default=120.0, help=ahead)
    one.add_argument("--json", action="store_true", help="print JSON")
    if "whatif" in (argv or sys.argv[1:]):
        from .whatif.words import HELP

        one.epilog, one.formatter_class = HELP, argparse.RawDescriptionHelpFormatter
    one = command("support", "Write an archive for whoever looks for a fault. Has no secrets.")
    one.add_argument(
        "file",
        metavar="FILE",
        nargs="?",
        default="",
        help="default: /var/lib/failoverd/support/support.tar.gz",
    )
    limit = "size of its content at the most, in MiB (default 64)"
    one.add_argument("--limit", metavar="MIB", type=int, default=64, help=limit)
    one.add_argument("--json", action="store_true", help="print JSON")
    return top


def main(
    argv: list[str] | None = None,
    act: Callable[[argparse.Namespace], int] | None = None,
    only: Collection[str] = (),
) -> int:
    """Run one command; returns the exit status. act, only: those of another engine."""
    prepare()
    arguments = parser(argv, only).parse_args(argv)
    try:
        status = (act or run)(arguments)
        sys.stdout.flush()
        return status
    except Refused as error:
        return complain(str(error))
    except TimeoutError:
        return complain("no answer in time; see failoverctl status.")
    except NotRunning as error:
        complain(str(error))
        return NOT_RUNNING
    except BrokenPipeError:
        # The reader has closed the pipe. Drop the rest of the buffer.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except OSError as error:
        hint = " Try it as root." if isinstance(error, PermissionError) else ""
        place = f"{error.filename}: " if error.filename else ""
        return complain(f"{place}{error.strerror}.{hint}")
    except KeyboardInterrupt:
        complain("interrupted; what was ordered goes on." if ordered(arguments) else "interrupted.")
        return INTERRUPTED


def complain(text: str) -> int:
    """One sentence on standard error."""
    say(f"failoverctl: {text}", error=True)
    return FAILED


def ordered(arguments: argparse.Namespace) -> bool:
    """Whether the daemon was given an order."""
    reading = ("status", "ready", "history", "availability", "check", "replay", "whatif", "support")
    return arguments.command not in reading


def run(arguments: argparse.Namespace) -> int:
    """Dispatch one parsed command line."""
    name = arguments.command
    if name == "status":
        from .control.screen import show as show_status

        return show_status(status, arguments)
    if name == "switchover":
        return switchover(arguments)
    if name == "ready":
        from .control.ready import show as show_ready

        return show_ready(arguments.service, arguments.json)
    if name in ("history", "availability"):
        return history(arguments)
    if name == "replay":
        from .journal.replayed import show as show_replay

        return show_replay(arguments.file, arguments.json)
    if name == "whatif":
        from .whatif.tell import show as show_whatif

        return show_whatif(
            arguments.events, arguments.state, arguments.save, arguments.seconds, arguments.json
        )
    if name == "support":
        from .support.collect import show as show_support

        return show_support(arguments.file, arguments.limit, arguments.json)
    if name == "notify-test":
        return notify_test(arguments.name)
    if name == "check":
        return check(arguments.directory, arguments.json)
    if name == "repair":
        return repair(arguments.what, arguments.service)
    if name == "handover":
        return handover(arguments.shutdown)
    given = vars(arguments)
    argument = next(given[key] for key in ("node", "service", "switch") if key in given)
    say(command(name, argument)["text"])
    return OK


def history(arguments: argparse.Namespace) -> int:
    """Show entries of the history, or what they amount to."""
    from .control.log import directory, show

    if arguments.command == "history" and not arguments.explain:
        return show(arguments.json, arguments.lines, arguments.follow)
    from .record import account, published, story

    read = [path for path in (str(directory()), arguments.also) if path]
    try:
        if arguments.command == "history":
            return story.show(read, alive(), arguments.explain, arguments.json)
        asked = (arguments.services, arguments.since, arguments.target)
        if arguments.output:
            return published.write(read, alive(), *asked, arguments.output)
        return account.show(read, alive(), *asked, arguments.json)
    except account.Wrong as error:
        raise Refused(str(error)) from None


def alive() -> str:
    """The name of this node if its daemon answers, else empty."""
    with contextlib.suppress(NotRunning, TimeoutError, OSError):
        return str(status().get("node", ""))
    return ""


def command(verb: str, argument: str = "", limit_s: float = 30.0, **more: Any) -> dict[str, Any]:
    """Send a command; raises Refused with the sentence of the daemon."""
    who = os.environ.get("SUDO_USER", "") or os.environ.get("LOGNAME", "")
    request = {"op": "command", "verb": verb, "argument": argument, "who": who, **more}
    answer = ask(request, limit_s)
    if not answer.get("ok"):
        raise Refused(answer.get("text", "refused"))
    return answer


def status() -> dict[str, Any]:
    """The status object of the daemon."""
    result = ask({"op": "status"}, 10.0).get("status")
    if not isinstance(result, dict):
        raise NotRunning("failoverd gave an invalid answer")
    return result


def switchover(arguments: argparse.Namespace) -> int:
    """Move a service, wait, and say how long it took."""
    name = arguments.service
    before = {service["name"]: service for service in status()["services"]}
    origin = before.get(name, {}).get("owner", "")
    began = time.monotonic()
    answer = command("switchover", name, arguments.wait, to=arguments.to)
    seconds = round(time.monotonic() - began, 3)
    after = {service["name"]: service for service in status()["services"]}
    target = after.get(name, {}).get("owner", "")
    changed = origin != target
    if arguments.json:
        result = {
            "format": 1,
            "ok": True,
            "service": name,
            "from": origin,
            "to": target,
            "changed": changed,
            "seconds": seconds,
            "text": answer["text"],
        }
        print(json.dumps(result))
    else:
        say(f"{answer['text']} after {seconds:.1f} s" if changed else answer["text"])
    return OK


def repair(what: str, service: str) -> int:
    """Open the storage of a service for people, or close it, and say where it is."""
    print(command(f"{what}-storage", service, MOVE_LIMIT_S)["text"])
    found = [entry for entry in status()["services"] if entry["name"] == service]
    mounts = [r for entry in found for r in entry["resources"] if r["type"] == "filesystem"]
    if what == "open":
        for mount in mounts:
            print(f"mounted at {mount['label']}; when done: failoverctl repair close {service}")
    return OK


def handover(shutdown: bool) -> int:
    """Give all services away. At a shutdown no error of it may stop the shutdown."""
    if not shutdown:
        say(command("handover", limit_s=MOVE_LIMIT_S)["text"])
        return OK
    stopping = os.popen("systemctl is-system-running").read().strip() if shutdown else ""
    if stopping != "stopping":
        # The unit is stopped for another reason, such as an upgrade: services stay (F31).
        return OK
    say(command("handover", limit_s=MOVE_LIMIT_S, shutdown=True)["text"])
    return OK


def notify_test(name: str) -> int:
    """Send a test message, and print the result of each notification."""
    answer = ask({"op": "notify-test", "name": name}, 90.0)
    if not answer.get("ok"):
        raise Refused(answer.get("text", "refused"))
    say(answer["text"])
    return OK


def check(directory: str, as_json: bool = False, in_use: str = ETC) -> int:
    """Check configuration files. This loads the whole product and asks the fence agents.

    For files that are not in use, it says which services they would interrupt.
    """
    import asyncio
    from dataclasses import asdict

    from .config import load
    from .fencing.agents import problem
    from .formats.schema import ConfigError
    from .permissions import problems
    from .persistence.change import interruptions

    try:
        config = load(directory)
    except ConfigError as error:
        raise Refused(str(error)) from None
    wrong = asyncio.run(problem(config.fencing))
    if wrong:
        raise Refused(f"{directory}/cluster.json: {wrong}")
    for text in problems(directory):
        complain(text)
    found = []
    with contextlib.suppress(ConfigError):  # nothing sound is in use, which can be compared
        found = interruptions(config, load(in_use))
    if as_json:
        told = {"cluster": config.cluster, "node": config.node}
        print(json.dumps({"format": 1, **told, "interrupts": [asdict(one) for one in found]}))
        return OK
    say(f"{directory}: good: cluster {config.cluster}, node {config.node}")
    for one in found:
        say(one.text)
    return OK


if __name__ == "__main__":
    sys.exit(main())
