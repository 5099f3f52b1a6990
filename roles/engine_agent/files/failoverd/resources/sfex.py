# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lock of a service on a shared disk: taken first, and given back last."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from failoverd.core.lock import Times
from failoverd.fencing.settings import parse_times
from failoverd.fencing.sfex.block import LockError, Place
from failoverd.fencing.sfex.lock import Lock
from failoverd.formats.schema import Section

from .base import ResourceError, Situation, State
from .part import Part
from .settings import ResourceSettings

PART = Part.LOCK
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 30.0
ANSWER_SHARE = 0.9
"""Part of the timeout after which the error tells the reason instead of the timeout."""


@dataclass(frozen=True)
class Options:
    """Owner and place of a lock."""

    cluster: str
    lock: str
    node: str
    disk: str
    index: int
    times: Times = field(compare=False)
    """Other times do not make another lock (F79)."""


def parse(entry: Section, node: str, nodes: tuple[str, ...]) -> Options:
    """Read the lock's name, place and durations."""
    return Options(
        cluster=entry.name("cluster"),
        lock=entry.name("lock"),
        node=node,
        disk=entry.per_node("disk", nodes)[node],
        index=entry.integer("index", 1, 1, 4096),
        times=parse_times(entry),
    )


def build(settings: ResourceSettings, host: Any) -> Sfex:
    """Make the resource; host.marks is a directory of this boot, host.lock_lost resets it."""
    options: Options = settings.options
    place = Place(
        options.cluster, options.lock, options.node, options.disk, options.index, options.times
    )
    lock = Lock(place, host.marks, lambda why: host.lock_lost(options.lock, why))
    lock.tell = lambda why: host.alert("lock-passed-on", f"{options.lock}: {why}")
    return Sfex(settings, lock, host.alert)


class Sfex:
    """Taken before anything of the service is touched."""

    def __init__(
        self, settings: ResourceSettings, lock: Lock, alert: Callable[[str, str], None]
    ) -> None:
        self.settings = settings
        self.lock = lock
        self._alert = alert

    def __str__(self) -> str:
        return str(self.lock.place)

    async def prepare(self, situation: Situation) -> None:
        """Nothing to do before the start itself."""

    async def probe(self) -> State:
        """Whether this boot holds it."""
        return State.UP if await self.lock.recall() else State.DOWN

    async def start(self, situation: Situation) -> None:
        """Take it; at once, if this node took it already to exclude the peer."""
        limit_s = self.settings.start_timeout_s * ANSWER_SHARE
        try:
            await self.lock.acquire(limit_s, peer_gone=situation.peer_gone)
        except LockError as error:
            raise ResourceError(str(error)) from None

    async def stop(self) -> None:
        """Give it back. If the disk does not answer, the lock ages out."""
        why = await self.lock.release()
        if why:
            self._alert("lock-not-released", f"{why}; the lock ages out by itself")

    def watch(self, failed: Callable[[str], None]) -> None:
        """The lock watches itself, and resets the node when it is lost (F64, F65)."""

    def close(self) -> None:
        """The next life of the daemon goes on to hold the lock."""
        self.lock.leave()
