# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The manual pages of failoverctl and failoverd, from what their --help is made from."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator

from failoverd import VERSION
from failoverd.__main__ import parser as of_failoverd
from failoverd.cli import parser as of_failoverctl

HEAD = """\
{{# SPDX-FileCopyrightText: failover.cluster contributors
   SPDX-License-Identifier: GPL-3.0-or-later
#}}
.\\" Made by make docs from the program's own help.
.TH {title} 8 "" "failover.cluster {version}" "System Administration"
.SH NAME
{name} \\- {what}
.SH SYNOPSIS
{usage}
.SH DESCRIPTION
{description}
"""
FILES = """\
.SH FILES
.TP
.I /etc/failoverd
Configuration. The Ansible collection failover.cluster writes it.
.TP
.I /var/lib/failoverd
State, history and journals.
.SH SEE ALSO
.BR {other} (8)
"""

# "whatif" alone has a help that is loaded for it only.
PROGRAMS: dict[str, tuple[str, Callable[[], argparse.ArgumentParser]]] = {
    "failoverctl": (
        "look at a failover cluster and operate it",
        lambda: of_failoverctl(["whatif"]),
    ),
    "failoverd": ("daemon of a failover cluster", of_failoverd),
}


def page_of(name: str) -> str:
    """Where the page lies in the repository."""
    return f"roles/engine_agent/templates/{name}.8.j2"


def page(name: str) -> str:
    """The whole text."""
    what, made = PROGRAMS[name]
    [other] = PROGRAMS.keys() - {name}
    top = made()
    head = HEAD.format(
        title=name.upper(),
        version=VERSION,
        name=name,
        what=what,
        usage=_synopsis(name, top),
        description=_plain(top.description or ""),
    )
    parts = [*_commands(top)]
    options = [*_arguments(top)]
    parts += [".SH OPTIONS", *options] if options else []
    _label, _colon, status = (top.epilog or "").partition(": ")
    parts += [".SH EXIT STATUS", *(f"{_plain(line.strip())}\n.br" for line in status.split(","))]
    return head + "\n".join(parts).removesuffix("\n.br") + "\n" + FILES.format(other=other)


def _commands(top: argparse.ArgumentParser) -> Iterator[str]:
    for action in top._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield ".SH COMMANDS"
            for name, one in action.choices.items():
                yield f'.SS "{_plain(name)}"'
                yield _synopsis(name, one)
                yield f".PP\n{_plain(one.description or '')}"
                yield from _arguments(one)
                if one.epilog:
                    yield f".PP\n.nf\n{_plain(one.epilog.rstrip())}\n.fi"


def _arguments(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Each argument that has a sentence of its own."""
    for action in _shown(parser):
        if action.help and not isinstance(action, argparse._SubParsersAction):
            yield f".TP\n{_written(action)}\n{_plain(action.help)}"


def _synopsis(name: str, parser: argparse.ArgumentParser) -> str:
    words = [f"\\fB{_plain(name)}\\fR"]
    for action in _shown(parser):
        word = _written(action)
        many = "..." if action.nargs in ("*", "+", argparse.PARSER) else ""
        optional = action.option_strings or action.nargs in ("?", "*")
        words.append(f"[{word}{many}]" if optional else f"{word}{many}")
    return " ".join(words)


def _shown(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    hidden = (argparse._HelpAction,)
    return [
        action
        for action in parser._actions
        if not isinstance(action, hidden) and action.help != argparse.SUPPRESS
    ]


def _written(action: argparse.Action) -> str:
    """How an argument is typed."""
    if action.choices and not isinstance(action, argparse._SubParsersAction):
        value = "|".join(f"\\fB{choice}\\fR" for choice in action.choices)
    else:
        value = f"\\fI{_plain(str(action.metavar or action.dest.upper()))}\\fR"
    if not action.option_strings:
        return value
    option = f"\\fB{_plain(action.option_strings[-1])}\\fR"
    if action.nargs == "?":
        return f"{option} [{value}]"
    return option if action.nargs == 0 else f"{option} {value}"


def _plain(text: str) -> str:
    """Nothing in it means anything to roff."""
    lines = text.replace("\\", "\\e").replace("-", "\\-").split("\n")
    return "\n".join(f"\\&{line}" if line.startswith((".", "'")) else line for line in lines)
