# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""failoverctl status: once, again and again, for programs, and for monitoring systems."""

from __future__ import annotations

import json
import os
import re
import sys
import time
from pathlib import Path

from failoverd.formats.text import printable
from failoverd.system.terminal import coloured, say

from .client import NotRunning
from .show import judged, lines, nodes

TYPE_CHECKING = False
"""The module typing itself takes as long to load as all that is needed here."""
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Status = dict[str, Any]
    Ask = Callable[[], Status]

SCHEMA = Path(__file__).with_name("status.schema.json")
EXIT, UNKNOWN = {"ok": 0, "warning": 1, "critical": 2}, 3
"""As monitoring systems want it."""
SHORTEST_S = 0.2
RED, GREEN, YELLOW, BOLD, PLAIN = "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[1m", "\x1b[0m"
OTHER_SCREEN, OWN_SCREEN = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"
HOME, REST_OF_LINE, REST_OF_SCREEN = "\x1b[H", "\x1b[K", "\x1b[J"
COLOURS = (
    (
        RED,
        r"CRITICAL|!!|FAILED|FAILS|FROZEN|LOST|DOWN|ONE WAY|NO PROTECTION|broken|blocked|\bdown\b",
    ),
    (YELLOW, r"WARNING|! |UNKNOWN|starting|stopping|open for repair|cannot take over|ok\?"),
    (GREEN, r"OK|\bok\b|\brunning\b|ready to take over|UpToDate|\balive\b"),
)
WORDS = re.compile("|".join(f"({words})" for _colour, words in COLOURS))
COMMAND = re.compile(r"^( +type: )(.*)$")


def show(ask: Ask, arguments: Any) -> int:
    """Print what the command line asks for; returns the exit status."""
    if arguments.schema:
        print(SCHEMA.read_text(encoding="utf-8"), end="")
        return 0
    if arguments.check:
        return check(ask)
    if arguments.names:
        return names(ask, arguments.names)

    def text(status: Status) -> list[str]:
        if arguments.json:
            return [json.dumps(status)]
        return lines(status, every=arguments.all)

    if arguments.watch:
        return watch(lambda: text(ask()), max(arguments.watch, SHORTEST_S), plain=arguments.json)
    found = text(ask())
    if arguments.json:
        print(*found)
    elif coloured():
        print(*map(paint, found), sep="\n")
    else:
        say("\n".join(found))
    return 0


def names(ask: Ask, kind: str) -> int:
    """For the completion of a shell: one name in each line."""
    status = ask()
    found = [node["name"] for node in nodes(status)]
    if kind == "services":
        found = [service["name"] for service in status["services"]]
    say("\n".join(found))
    return 0


def check(ask: Ask) -> int:
    """One line for each thing that is wrong, and the exit status of monitoring plugins."""
    try:
        code, text = verdict(ask())
    except (NotRunning, OSError) as error:
        code, text = UNKNOWN, [f"UNKNOWN - {str(error) or 'failoverd gives no answer in time'}"]
    except (LookupError, TypeError, AttributeError):
        code, text = UNKNOWN, ["UNKNOWN - failoverd has another version or is broken"]
    say("\n".join(text))
    return code


def verdict(status: Status) -> tuple[int, list[str]]:
    """The exit status of a monitoring plugin, and its lines: the first says the worst."""
    found = judged(status)
    state, wrong = found["state"], [f for f in found["findings"] if f["severity"] != "info"]
    if not wrong:
        count = len(status["services"])
        services = "1 service runs" if count == 1 else f"{count} services run"
        return 0, [f"OK - {services}{_takers(status)}"]
    blind = any(finding["code"] == "not-judged" for finding in wrong)
    if blind and state != "critical":
        return UNKNOWN, ["UNKNOWN - failoverd has another version or is broken"]
    rest = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
    first = f"{state.upper()} - {wrong[0]['text']}{rest}"
    return EXIT[state], [first, *(f"{f['severity']}: {f['text']}" for f in wrong[1:])]


def _takers(status: Status) -> str:
    """Who is ready to take over, as the end of a sentence."""
    standbys = [service["standby"] for service in status["services"]]
    able = sorted({one["node"] for one in standbys if one["able"]})
    if not able:
        return ""
    return f", {', '.join(able)} {'is' if len(able) == 1 else 'are'} ready to take over"


def watch(draw: Callable[[], list[str]], seconds: float, *, plain: bool) -> int:
    """Draw again and again until Ctrl-C. A daemon that restarts is waited for."""
    whole = not plain and sys.stdout.isatty()
    if whole:
        print(OTHER_SCREEN, end="")
    try:
        while True:
            try:
                found = draw()
            except (NotRunning, TimeoutError) as error:
                found = [] if plain else [f"UNKNOWN {str(error) or 'no answer in time'}"]
            _put(found, whole=whole)
            time.sleep(seconds)
    except KeyboardInterrupt:
        return 0
    finally:
        if whole:
            print(OWN_SCREEN, end="", flush=True)


def _put(found: list[str], *, whole: bool) -> None:
    if not whole:
        print(*map(printable, found), sep="\n", flush=True)
        return
    size = os.get_terminal_size(sys.stdout.fileno())
    rows = [_cut(line, size.columns) for line in found]
    if len(rows) >= size.lines:
        hidden = len(rows) - size.lines + 2
        rows = [*rows[: size.lines - 2], f"  … {hidden} more lines"]
    colour = paint if coloured() else str
    print(HOME, *(f"{colour(row)}{REST_OF_LINE}\n" for row in rows), REST_OF_SCREEN, sep="", end="")
    sys.stdout.flush()


def _cut(line: str, columns: int) -> str:
    return line if len(line) <= columns else f"{line[: columns - 1]}…"


def paint(line: str) -> str:
    """The line with colours. It is printable: no text of others is a command to the terminal."""
    line = printable(line)
    typed = COMMAND.match(line)
    if typed:
        return f"{typed[1]}{BOLD}{typed[2]}{PLAIN}"

    def coloured_word(found: re.Match[str]) -> str:
        return f"{COLOURS[(found.lastindex or 1) - 1][0]}{found[0]}{PLAIN}"

    return WORDS.sub(coloured_word, line)
