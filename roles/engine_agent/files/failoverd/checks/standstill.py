# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is the main process stopped? Each unit is watched so: it is alive, and serves nobody (F51)."""

from __future__ import annotations

from typing import Any

from failoverd.formats.schema import Section
from failoverd.system import pidfd

from .base import CheckSettings, NoAnswer

DEFAULT = CheckSettings("process", "process", interval_s=1.0)


def parse(entry: Section) -> None:
    """There is nothing to choose."""
    del entry


def build(options: None, resource: Any) -> Standstill:
    """Make the check; resource.main_pid is the main process, 0 while it is not known."""
    del options
    return Standstill(resource)


class Standstill:
    """Reads one file of the kernel."""

    def __init__(self, resource: Any) -> None:
        self._resource = resource

    async def check(self) -> None:
        """Raises NoAnswer when it is stopped. Its end is an event, and not found here."""
        pid = self._resource.main_pid
        if pid and pidfd.is_stopped(pid):
            raise NoAnswer(f"the main process {pid} is stopped by a signal")

    def close(self) -> None:
        """Nothing is kept."""
