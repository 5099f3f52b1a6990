# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the monitors of this node from the configuration, and collects their status."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

from failoverd.core.events import Event
from failoverd.journal.chronicle import Chronicle
from failoverd.resources.service import Service
from failoverd.resources.sfex import Sfex
from failoverd.resources.virtual_ip import VirtualIp
from failoverd.system.pacing import Pacing

from .backing_disk import DiskWatch
from .carrier import Carrier
from .mountwatch import MountWatch
from .ping import Ping
from .self_lag import SelfWatch
from .settings import MonitorSettings
from .space import Space


class Monitor(Protocol):
    """Watches one thing and posts its findings."""

    async def run(self) -> None:
        """Watch until cancelled."""


def disk_below(service: Service) -> str:
    """The device with the data of the service on this node, empty if none is known.

    For a shared disk, the device of its lock: a node must reach it to take the service.
    """
    if service.drbd is not None:
        return service.drbd.options.disk
    locks = [r.lock for r in service.resources.values() if isinstance(r, Sfex)]
    return locks[0].place.disk if locks else ""


class Monitors:
    """Only configured things get a monitor."""

    def __init__(
        self,
        settings: MonitorSettings,
        services: Mapping[str, Service],
        post: Callable[[Event], None],
        history: Chronicle,
        dead_s: float,
        interfaces: Sequence[str],
        pacing: Pacing,
    ) -> None:
        all_of = services.values()
        self._space = Space(all_of, settings.space.interval_s, post, history, pacing.rest)
        mounts = MountWatch(all_of, history, rest=pacing.rest)
        self._self = SelfWatch(dead_s, history)
        self.late = self._self.note
        """Take in the delay of a beat of the daemon."""
        self.monitors: list[Monitor] = [self._space, mounts]
        self._disks = [
            DiskWatch(name, disk, settings.disk, post, rest=pacing.rest)
            for name, service in services.items()
            if (disk := disk_below(service))
        ]
        self.monitors += self._disks
        used = [
            resource.interface
            for service in all_of
            for resource in service.resources.values()
            if isinstance(resource, VirtualIp)
        ]
        self._ping: Ping | None = None
        self._carrier = Carrier([*interfaces, *used], history, self.hurry)
        self.monitors.append(self._carrier)
        if settings.ping.targets:
            severed = partial(self._carrier.dead, used)
            self._ping = Ping(settings.ping, post, history, pacing.pause, severed)
            self.monitors.append(self._ping)

    def hurry(self) -> None:
        """Something has happened to the network: ask the ping targets at once."""
        if self._ping is not None:
            self._ping.hurry()

    @property
    def problems(self) -> list[str]:
        """Everything that cannot be watched or used, and why."""
        result = [f"{path} does not answer" for path in sorted(self._space.silent)]
        full = "has no room for its reserve: once it is full, its service cannot start; make room"
        result += [f"{path} {full}" for path in sorted(self._space.bare)]
        if self._ping is not None and self._ping.problem:
            result.append(self._ping.problem)
        dead = [name for name, there in self._carrier.interfaces.items() if not there]
        result += [f"{name} has no carrier" for name in dead]
        return result

    def status(self) -> dict[str, Any]:
        """Fields of failoverctl status."""
        return {
            "ping": [] if self._ping is None else self._ping.status(),
            "carrier": dict(self._carrier.interfaces),
            "daemon": self._self.status(),
            "disks": [disk.status() for disk in self._disks],
        }

    @property
    def used(self) -> Mapping[str, int]:
        """Used percentage by path of the file systems that are mounted here."""
        return self._space.used
