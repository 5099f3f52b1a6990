# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One order of a service after the other, as the shell does: behind one that hangs, all wait (F76).

Some hang for good; others end later than anybody waits for them, and then the next is begun.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .services import Services

Order = Callable[[], None]


class Turns:
    """Of all services of one node, in one life of its daemon."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._waiting: dict[str, list[Order]] = {}
        self._life = 0

    def waits(self, service: str, order: Order, lost: float = 0.0) -> bool:
        """Whether it has to wait. lost: how likely this one begins to hang."""
        daemon, clock = self._services.node.daemon, self._services.clock
        if daemon.life != self._life:
            self.clear()
        if service not in self._waiting:
            if not lost or not clock.chance(lost):
                return False
            self._waiting[service] = []
            self._services.world.moment("order hangs", self._services.node)
            if clock.chance(0.5):
                limits = self._services.world.setting.limits
                daemon.later(0.0, limits.start_s + 2 * limits.stop_s, partial(self._end, service))
        self._waiting[service].append(order)
        return True

    def clear(self) -> None:
        """The daemon that waited for it is gone."""
        self._life = self._services.node.daemon.life
        self._waiting.clear()

    def heal(self) -> None:
        """Half of what hangs goes on; what does not is for the core to end."""
        if self._services.node.daemon.life != self._life:
            self.clear()
        for service in list(self._waiting):
            if self._services.clock.chance(0.5):
                self._end(service)

    def _end(self, service: str) -> None:
        """It goes on after all, and what has waited for it follows."""
        waiting = self._waiting.pop(service, [])
        for order in waiting[:1]:
            order()
        if waiting[1:]:
            self._waiting.setdefault(service, []).extend(waiting[1:])
            self._services.node.daemon.later(0.0, 4.0, partial(self._end, service))
