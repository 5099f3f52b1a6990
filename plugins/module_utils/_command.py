# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a command so that nothing of what it says is lost.

Ansible looks every second at the output of a command, and then whether it has ended. On a busy node
a command may speak and end between these two looks: its output is lost then, and its status is 0.
"""

from __future__ import annotations

import fcntl
import subprocess
from collections.abc import Callable, Sequence
from typing import Any

Run = Callable[[Sequence[str]], tuple[int, str, str]]
ROOM = 1 << 20
"""Bytes that a pipe holds; what nodes are asked for is a small part of that."""
SET_ROOM = 1031
"""F_SETPIPE_SZ, which Python has since 3.10."""


def runner(module: Any) -> Run:
    """What runs commands for a module."""

    def run(argv: Sequence[str]) -> tuple[int, str, str]:
        done: tuple[int, str, str] = module.run_command(
            list(argv), before_communicate_callback=_ended
        )
        return done

    return run


def _ended(child: subprocess.Popen[bytes]) -> None:
    """Wait for the end; the pipes keep the output for Ansible's first look."""
    for pipe in (child.stdout, child.stderr):
        if pipe is not None:
            fcntl.fcntl(pipe, SET_ROOM, ROOM)
    child.wait()
