# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a program: the resource serves if it exits with 0."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from failoverd.formats.schema import Section
from failoverd.system import process

from .base import CheckFailed, CheckUnable

LONGEST_S = 3600.0
"""The deadline of the watcher is shorter; it ends the process group of the program."""


@dataclass(frozen=True)
class Options:
    """The program and its arguments; no shell is involved."""

    argv: tuple[str, ...]


def parse(entry: Section) -> Options:
    """Read the words of the command."""
    argv = entry.texts("command")
    if not argv or not argv[0].startswith("/"):
        raise entry.fail("command", "must begin with the absolute path of a program")
    return Options(argv)


def build(options: Options, resource: Any) -> Command:
    """Make the check."""
    del resource
    return Command(options)


class Command:
    """Runs it in a process group of its own."""

    def __init__(self, options: Options) -> None:
        self._argv = options.argv

    async def check(self) -> None:
        """Raises CheckFailed with the last line of the program, CheckUnable if it is missing."""
        finished = await process.run(*self._argv, timeout_s=LONGEST_S)
        if finished.code is None:
            raise CheckUnable(finished.last_line)
        if finished.code != 0:
            said = f": {finished.last_line}" if finished.last_line else ""
            raise CheckFailed(f"{self._argv[0]} exited with {finished.code}{said}")

    def close(self) -> None:
        """Nothing to close."""
