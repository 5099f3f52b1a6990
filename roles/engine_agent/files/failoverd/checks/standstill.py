# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks that the main process is not stopped: it would be alive and serve nobody (F51)."""

from __future__ import annotations

from typing import Any

from failoverd.formats.schema import Section
from failoverd.system import pidfd

from .base import CheckSettings, NoAnswer

DEFAULT = CheckSettings("process", "process", interval_s=1.0)


def parse(entry: Section) -> None:
    """It has no fields."""
    del entry


def build(options: None, resource: Any) -> Standstill:
    """Make the check; resource.main_pid is the main process, 0 while it is unknown."""
    del options
    return Standstill(resource)


class Standstill:
    """Reads one file of /proc."""

    def __init__(self, resource: Any) -> None:
        self._resource = resource

    async def check(self) -> None:
        """Raises NoAnswer if it is stopped. An event tells its end."""
        pid = self._resource.main_pid
        if pid and pidfd.is_stopped(pid):
            raise NoAnswer(f"the main process {pid} is stopped by a signal")

    def close(self) -> None:
        """Nothing to close."""
