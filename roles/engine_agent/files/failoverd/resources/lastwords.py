# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds in the output of an application the line that tells why it did not start."""

from __future__ import annotations

import re
from collections.abc import Iterable

from failoverd.core.words import shorten
from failoverd.formats.text import printable
from failoverd.system import process

JOURNALCTL = "/usr/bin/journalctl"
LINES = 100
LIMIT_S = 5.0
LONGEST = 180
"""Letters of a reason that fit into a heartbeat together with the names around it."""
EXIT_REASON = "ocf-exit-reason:"
"""An OCF agent marks the reason of a failed action with this text."""
COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
STAMP = re.compile(
    r"^(?:\[?(?:\w{3} )?(?:\w{3} +\d{1,2}|\d{4}[-/]\d\d[-/]\d\d)[T ][\d:.,]+(?: \d{4})?"
    r"(?: ?(?:[A-Z]{2,5}|Z|[+-]\d\d:?\d\d))?\]?:? *)?"
    r"(?:\[\d+\]:? *)?"
)
"""Time and process number, which many programs put before each line."""
FATAL = re.compile(r"\b(?:FATAL|PANIC|EMERG|CRIT|CRITICAL|emerg|crit|alert)\b")
BAD = re.compile(
    r"error|exception|fail|cannot|can't|could not|couldn't|unable|denied|refused|invalid|missing"
    r"|no such|not found|no space|in use|out of memory|abort",
    re.IGNORECASE,
)


def choose(text: str) -> str:
    """The line with the reason, empty if there is none.

    The last line is seldom the reason: PostgreSQL ends with "database system is shut down".
    """
    lines = [printable(COLOUR.sub("", line)).strip() for line in text.splitlines()]
    lines = [line for line in lines if line]
    told = [line.partition(EXIT_REASON)[2] for line in lines if EXIT_REASON in line]
    if told:
        return shorten(told[-1].strip(), LONGEST)
    lines = [STAMP.sub("", line, count=1) for line in lines]
    line = _last(FATAL, lines) or _last(BAD, lines) or next(reversed(lines), "")
    return shorten(re.sub(r" +", " ", line), LONGEST)


def _last(pattern: re.Pattern[str], lines: Iterable[str]) -> str:
    return next((line for line in reversed(list(lines)) if pattern.search(line)), "")


async def of_unit(invocation: str) -> str:
    """The lines of one invocation of a unit in the journal; empty if there are none.

    Lines of systemd itself about the unit are left out.
    """
    if not invocation.strip("0"):
        return ""
    done = await process.run(
        *(JOURNALCTL, "--quiet", "--no-pager", "--output=cat", f"--lines={LINES}"),
        f"_SYSTEMD_INVOCATION_ID={invocation}",
        timeout_s=LIMIT_S,
    )
    return choose(done.output) if done.code == 0 else ""
