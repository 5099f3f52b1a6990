# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The interface of a heartbeat path."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from .wire import Frame

Receive = Callable[[str, bytes], None]
"""Called with link name and frame for each frame that arrived."""
Awake = Callable[[], bool]
"""Called before reading; False: the process was asleep, and waiting input is stale (F26)."""

DRAIN = 32
"""Frames read per turn of the loop, so that a flood cannot starve the rest (F70)."""
REOPEN_S = 1.0


class Link(Protocol):
    """One heartbeat path. Never raises: a broken path is opened again each second."""

    name: str
    problem: str
    """Why the path is not usable on this side, empty when it is."""

    def open(self) -> None:
        """Begin to listen, and keep trying."""

    def send(self, frame: Frame) -> None:
        """Send one frame if the path takes it at once; drop it otherwise."""

    def discard(self) -> None:
        """Drop everything that waits to be read."""

    def close(self) -> None:
        """Stop."""
