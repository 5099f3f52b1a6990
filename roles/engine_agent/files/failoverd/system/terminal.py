# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes text to the terminal of root. No text can send commands to the terminal (X8)."""

from __future__ import annotations

import os
import sys

from failoverd.formats.text import printable


def say(text: str, *, error: bool = False) -> None:
    """Print it, line by line, on standard output or standard error."""
    stream = sys.stderr if error else sys.stdout
    for line in text.split("\n"):
        print(printable(line), file=stream, flush=True)


def prepare() -> None:
    """If the terminal lacks a character, show its number instead."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def coloured() -> bool:
    """Whether standard output is a terminal whose user wants colours (https://no-color.org)."""
    unwanted = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return sys.stdout.isatty() and not unwanted
