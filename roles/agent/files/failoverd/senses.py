# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The monitors of this node put together: made from the configuration, run, shown in status."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from .core.events import Event
from .monitors.ping import Ping
from .monitors.settings import MonitorSettings
from .service import Chronicle


class Monitor(Protocol):
    """What watches one thing and posts what it found."""

    async def run(self) -> None:
        """Watch until cancelled."""


class Senses:
    """Only what is configured gets a monitor."""

    def __init__(
        self, settings: MonitorSettings, post: Callable[[Event], None], history: Chronicle
    ) -> None:
        self.monitors: list[Monitor] = []
        self._ping = Ping(settings.ping, post, history) if settings.ping.targets else None
        if self._ping is not None:
            self.monitors.append(self._ping)

    @property
    def problems(self) -> list[str]:
        """What cannot be watched, and why."""
        return [self._ping.problem] if self._ping is not None and self._ping.problem else []

    def status(self) -> dict[str, Any]:
        """Fields of failoverctl status."""
        return {"ping": [] if self._ping is None else self._ping.status()}
