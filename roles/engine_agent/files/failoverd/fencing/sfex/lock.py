# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One lock on a shared disk (SFEX): takes it, counts it up while it is held, gives it back.

core/lock.py decides each step; this module has the clock and the self reset. A mark in the run
directory, which a boot empties, tells a restarted daemon that this boot holds the lock. The daemon
continues to hold it (F31), or finds it stolen and resets the node (F64).
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path

from failoverd.core import lock as rules
from failoverd.core.lock import Claim, Do, Hold, Next, Record, Seen
from failoverd.system import trouble
from failoverd.system.files import read_number, write_whole

from .block import Block, LockError, Place

MAX_LIFE = 2**52


async def unknown() -> bool:
    """Whether nothing of a service is up here, where nobody can tell."""
    return False


class Lock:
    """The lock of one service. reset(why) must not return on a real node."""

    write, read = staticmethod(write_whole), staticmethod(read_number)
    """Writes the mark in the run directory."""

    def __init__(self, place: Place, marks: Path, reset: Callable[[str], None]) -> None:
        self.place = place
        self._mark = marks / f"lock-{place.mark}"
        self.block = Block(place, marks / f"write-{place.mark}")
        self._reset = reset
        self.idle: Callable[[], Awaitable[bool]] = unknown
        """Says whether nothing of its service is up on this node, the lock aside."""
        self.tell: Callable[[str], None] = lambda why: None
        """Called if another node holds a lock of an earlier life by now, which harms nothing."""
        self._turn = asyncio.Lock()
        self._hold: Hold | None = None
        self._seen: Seen | None = None
        """What was read of a lock of the peer before this node wanted it."""
        self._renewal: asyncio.Task[None] | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self.unsure = self._mark.exists()
        """An earlier life of the daemon held it, and this life has not renewed it yet."""
        self._known = asyncio.Event()
        """Set when the disk has confirmed a lock of an earlier life."""

    @property
    def problem(self) -> str:
        """What is wrong with the disk, empty if nothing is."""
        return self.block.problem

    @property
    def held(self) -> bool:
        """This node holds it and counts it up."""
        return self._hold is not None

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()

    async def acquire(self, limit_s: float, *, peer_gone: bool = False) -> None:
        """Take it, and count it up from then on; raises LockError within limit_s.

        If the disk does not answer for lease_s, the lock could not be held either: give up at once.

        peer_gone: the peer is proven gone.
        """
        try:
            await self.recall()
        except OSError as error:
            raise LockError(f"{self._mark}: {error.strerror}") from error
        async with self._turn:
            if self.held and await self._verified(limit_s):
                return
            times = self.place.times
            seen = ""
            try:
                async with asyncio.timeout(limit_s):
                    began, claim = self._now(), self._claim(peer_gone=peer_gone)
                    answered = began
                    step = Next(Do.READ, at=began)
                    while step.do is not Do.HELD:
                        claim, step = await self._claim_step(claim, step)
                        if not self.problem:
                            answered = self._now()
                        elif self._now() - answered >= times.lease_s:
                            raise LockError(self.problem)
                        if claim.settled_at is not None:
                            seen = "the disk is too slow"
                        rival = claim.seen
                        if rival is not None and claim.settled_at is None:
                            owner = rival.record.owner
                            seen = f"{owner or 'nobody'} holds it"
                            moved = self._now() - rival.since < 2 * times.renew_s
                            if moved and self._now() - began > times.timeout_s:
                                raise LockError(f"{self.place}: {owner} still renews it")
            except TimeoutError:
                why = self.problem or f"{self.place}: {seen or 'the disk does not answer'}"
                raise LockError(why) from None
            self._begin(*rules.held(claim, self._now()))

    async def _verified(self, limit_s: float) -> bool:
        """Another node may have taken a lock of an earlier life: the disk has to confirm it first.

        False if it was, and nothing of the service is up here: then it can be claimed.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                if self.held and self.unsure:
                    await self._known.wait()
        if self.unsure:
            raise LockError(self.problem or f"{self.place}: the disk does not answer")
        return self.held

    def _claim(self, *, peer_gone: bool) -> Claim:
        place = self.place
        life = secrets.randbits(52) | 1
        mine = Record(place.cluster, place.service, place.node, life)
        known, doubt = self._seen, self.block.doubtful
        self._seen = None  # what this node writes from now on makes it worthless
        return Claim(mine, place.times, peer_gone, None if doubt else known, doubt=doubt)

    async def observe(self) -> None:
        """Look at a lock of the peer before it is wanted: its age is known the earlier then."""
        if self.held or self.block.doubtful or self._turn.locked():
            self._seen = None
            return
        with contextlib.suppress(LockError, TimeoutError):
            async with asyncio.timeout(self.place.times.lease_s):
                found = await self.block.look()
                self._seen = rules.seen(self._seen, found, self._now())

    async def _claim_step(self, claim: Claim, step: Next) -> tuple[Claim, Next]:
        await asyncio.sleep(max(0.0, step.at - self._now()))
        asked_at = self._now()
        try:
            async with asyncio.timeout(self.place.times.lease_s):
                if step.record is not None:
                    await self.block.write(step.record)
                    return rules.claim_written(claim, self._now())
                found = await self.block.look()
        except LockError:
            return rules.claim_failed(claim, self._now())
        return rules.claim_read(claim, found, asked_at, self._now())

    def _begin(self, hold: Hold, step: Next) -> None:
        try:
            # No fsync: the mark is for this boot alone.
            self.write(self._mark, str(hold.mine.life))
        except OSError as error:
            # Without the mark a restarted daemon would not know of the lock: let it age out.
            raise LockError(f"{self._mark}: {error.strerror}") from None
        self.unsure = False
        self._set(hold)
        self._renewal = asyncio.get_running_loop().create_task(self._renew(step))

    def _set(self, hold: Hold) -> None:
        """Remember it, and set an alarm for its end, whatever the disk does until then (F65)."""
        self._hold = hold
        if self._alarm is not None:
            self._alarm.cancel()
        loop = asyncio.get_running_loop()
        self._alarm = loop.call_at(rules.reset_at(hold), self._overdue)

    def _overdue(self) -> None:
        hold = self._hold
        why = rules.overdue(hold, self._now()) if hold is not None else ""
        if why:
            self._lost(f"{why}: {self.problem or 'the disk does not answer'}")

    async def _renew(self, step: Next) -> None:
        while self._hold is not None:
            await asyncio.sleep(max(0.0, step.at - self._now()))
            try:
                hold, step = rules.hold_read(self._hold, await self.block.look(), self._now())
                if step.record is not None:
                    self._hold = hold
                    await self.block.write(step.record)
                    hold, step = rules.hold_written(hold, self._now())
                    self.unsure = False
                    self._known.set()
            except Exception:
                # Whether the disk fails or this daemon lacks the means: try again. If it lasts,
                # the lock is overdue (F65, F75).
                step = Next(Do.READ, at=self._now() + self.place.times.renew_s / 2)
                continue
            if step.do is Do.RESET:
                if self.unsure and await self.idle():
                    self._pass_on(step.why)
                else:
                    self._lost(step.why)
                return
            self._set(hold)

    def _pass_on(self, why: str) -> None:
        """It was taken while no daemon ran here, and nothing that it guards does either.

        While that was looked at the alarm went on: it resets the node as ever (F65).
        """
        self._mark.unlink(missing_ok=True)
        self.unsure = False
        self._drop()
        self.tell(f"{why} while failoverd did not run; nothing of the service is up here")

    def _lost(self, why: str) -> None:
        self._drop()
        self._reset(why)

    def _drop(self) -> None:
        self._hold = None
        self._known.set()
        if self._alarm is not None:
            self._alarm.cancel()
        if self._renewal is not None and self._renewal is not asyncio.current_task():
            self._renewal.cancel()
        self._renewal = None

    async def release(self) -> str:
        """Give it back; nothing of the service may be up here. Returns why it failed, else "".

        If that fails, the lock is free after its timeout all the same.
        """
        async with self._turn:
            hold = self._hold
            if hold is None:
                return ""
            self._drop()
            # After a write that is under way: the thread does one call after the other.
            try:
                async with asyncio.timeout(self.place.times.lease_s):
                    found = await self.block.look()
                    if found.of(hold.mine):
                        await self.block.write(rules.free(found))
            except TimeoutError:
                return f"{self.place}: the disk does not answer"
            except LockError as error:
                return str(error)
            finally:
                self._mark.unlink(missing_ok=True)
                self.unsure = False
            return ""

    async def recall(self) -> bool:
        """Whether this boot holds it. A lock of an earlier life of the daemon is held on.

        Without the mark nothing of the service can be up here, and the disk is not read. With the
        mark, a lock of another node was stolen (F64), unless nothing of the service is up here.
        Raises OSError if this daemon lacks the means to read the mark: then it may exist, and the
        watchdog is not petted (F75, see gate).
        """
        self.block.clear_up()
        if self.held:
            return True
        if (life := self._marked()) is None:
            self.unsure = False
            return False
        async with self._turn:
            # It may have been given back meanwhile: then it is free.
            life = self._marked()
            if not self.held and life is not None:
                self._take_up(life)
        return self.held

    def _marked(self) -> int | None:
        """The life in which this boot took it, according to the mark."""
        try:
            return self.read(self._mark, 0, MAX_LIFE)
        except (OSError, ValueError) as error:
            if trouble.own(error):
                raise
            return None

    def _take_up(self, life: int) -> None:
        place, began = self.place, self._now()
        mine = Record(place.cluster, place.service, place.node, life)
        self._known.clear()
        # Counted from now: the earlier life has reset the node, or was in time until it ended.
        # Short lives could follow each other like that: so the watchdog waits (see gate).
        self._set(Hold(mine, place.times, began))
        self._renewal = asyncio.get_running_loop().create_task(self._renew(Next(Do.READ, at=began)))

    def leave(self) -> None:
        """The daemon ends. The lock stays on the disk for its next life."""
        self._drop()
        self.block.leave()
