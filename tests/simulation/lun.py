# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shared disk of the simulated world: blocks, and the way of each node to them.

A block is written as a whole or not at all. What is under way when its node loses its power may
still arrive; what hangs in a node does not. A call that has begun ends with the disk only.
"""

from __future__ import annotations

import errno
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from failoverd.core.lock import Record
from failoverd.fencing.sfex.format import Area, decode_record, encode

from .clock import Clock
from .setting import CLUSTER

if TYPE_CHECKING:
    from .loop import Loop
    from .node import Node
    from .world import World

QUICK_S = (0.001, 0.01)
STILL_ARRIVES = 0.5
"""How often what was under way when the power went reaches the disk."""

Done = Callable[[Any, OSError | None], None]


class Path:
    """One node's way to the disk: good, slow, failing, or hanging (F65)."""

    def __init__(self, clock: Clock, node: Callable[[], Node], always_s: float) -> None:
        self._clock, self._node, self.always_s = clock, node, always_s
        self.hangs = False
        self.fails = False
        self.slow_s = 0.0
        """The most that one way of a request takes longer."""
        self.changed_at = 0.0
        self._queue: list[Callable[[], None]] = []

    @property
    def good(self) -> bool:
        """Reads and writes are carried out."""
        return not self.hangs and not self.fails

    def set(self, *, hangs: bool = False, fails: bool = False, slow_s: float = 0.0) -> None:
        """The way changes; what hung goes on."""
        back = self.hangs and not hangs
        self.hangs, self.fails, self.slow_s = hangs, fails, slow_s
        self.changed_at = self._clock.now
        if not hangs:
            queue, self._queue = self._queue, []
            for request in queue:
                self._clock.after(self.time(), request)
        if back:
            node = self._node()
            node.world.moment("path back", node)

    def time(self) -> float:
        """Seconds of one way."""
        slow = self._clock.between(0.0, self.slow_s) if self.slow_s else 0.0
        return self.always_s + self._clock.between(*QUICK_S) + slow

    def submit(self, function: Callable[[], Any], done: Done) -> None:
        """One request; done(result, error) when the disk has answered."""
        request = partial(self._arrive, function, done, self._node().boot, False)
        self._clock.after(self.time(), request)

    def _arrive(self, function: Callable[[], Any], done: Done, boot: int, queued: bool) -> None:
        node = self._node()
        if not node.on or node.boot != boot:
            if not queued and self.good and self._clock.chance(STILL_ARRIVES):
                function()
            return
        if self.hangs or (queued and not node.runs):
            request = partial(self._arrive, function, done, boot, True)
            if self.hangs:
                self._queue.append(request)
            else:
                self._clock.after(0.5, request)
            return
        if self.fails:
            done(None, OSError(errno.EIO, "Input/output error"))
            return
        done(function(), None)


class Lane:
    """Stands for failoverd.fencing.sfex.disk.Lane: one thread, one call after the other."""

    def __init__(self, loop: Loop, path: Path) -> None:
        self._loop, self._path = loop, path
        self._work: deque[tuple[Callable[[], Any], Any]] = deque()
        self._busy = False

    async def call(self, function: Callable[[], Any]) -> Any:
        """Do it there; cancelled before it began, it is not done at all."""
        future = self._loop.create_future()
        self._work.append((function, future))
        self._next()
        return await future

    def _next(self) -> None:
        while self._work and not self._busy:
            function, future = self._work.popleft()
            if not future.cancelled():
                self._busy = True
                self._path.submit(partial(_tried, function), partial(self._answered, future))

    def _answered(self, future: Any, result: Any, error: OSError | None) -> None:
        self._loop.call_later(self._path.time(), self._ended, future, result, error)

    def _ended(self, future: Any, result: Any, error: OSError | None) -> None:
        self._busy = False
        failed = error if error is not None else result[1]
        if not future.done():
            if failed is not None:
                future.set_exception(failed)
            else:
                future.set_result(result[0])
        self._next()

    def close(self) -> None:
        """It ends with its daemon."""


def _tried(function: Callable[[], Any]) -> tuple[Any, Exception | None]:
    try:
        return function(), None
    except Exception as error:
        return None, error


class Lun:
    """The blocks, and what the contract has to know of them."""

    def __init__(self, world: World, services: tuple[str, ...], nodes: tuple[str, str]) -> None:
        self.world, self.clock, self.services = world, world.clock, services
        self.blocks = [encode(Area(CLUSTER, len(services)))]
        self.blocks += [encode(Record(CLUSTER, service)) for service in services]
        always_s = world.setting.disk_s
        self.paths = {n: Path(self.clock, partial(self._node, n), always_s) for n in nodes}
        self.counted: dict[tuple[str, str], float] = {}
        """(node, service) -> when the disk was last told that this node has the lock."""
        self.lost: dict[tuple[str, str], float] = {}
        """(node, service) -> since when the disk has said that it has not, after it had."""

    def _node(self, name: str) -> Node:
        return self.world.nodes[name]

    def index(self, service: str) -> int:
        """The block of a lock."""
        return self.services.index(service) + 1

    def record(self, service: str) -> Record:
        """What the lock says."""
        return decode_record(self.blocks[self.index(service)], CLUSTER, service)

    def put(self, record: Record) -> None:
        """One block, as a whole."""
        before = self.record(record.service).owner
        self.blocks[self.index(record.service)] = encode(record)
        if before and before != record.owner:
            self.lost[before, record.service] = self.clock.now
        if record.owner:
            self.lost.pop((record.owner, record.service), None)


class Disk:
    """Stands for failoverd.fencing.sfex.disk.Disk on one node."""

    def __init__(self, lun: Lun, node: Node) -> None:
        self._lun, self._node = lun, node

    def read(self, number: int) -> bytes:
        """One block."""
        return self._lun.blocks[number]

    def write(self, number: int, data: bytes) -> None:
        """One block."""
        lun, service = self._lun, self._lun.services[number - 1]
        record = decode_record(data, CLUSTER, service)
        lun.put(record)
        if record.owner:
            lun.counted[self._node.name, service] = lun.clock.now
        lun.world.moment("lock written", self._node)

    def close(self) -> None:
        """Nothing is open."""
