# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""SFEX: a lock per service on a shared disk, as a pure state machine. The blocks: fencing/sfex/.

A lock lives as long as its owner counts it up. Who wants it watches it for longer than its owner
can live without counting (the lease and the reset), writes itself in, waits for whoever did the
same at that moment, and reads it back: the last writer has it.

The shell reads and writes; what comes next it asks here. Every call is given the monotonic time in
seconds. Claim is the way to a lock, Hold is having it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from .change import changed
from .message import Local
from .state import Life, State


@dataclass(frozen=True)
class Times:
    """The lock's durations in seconds."""

    renew_s: float = 1.0
    """How often the owner counts the lock up."""
    lease_s: float = 5.0
    """Without a successful renewal for so long the owner resets itself (F65)."""
    collision_s: float = 1.0
    """How long one who wrote itself in waits for another who did the same."""
    timeout_s: float = 10.0
    """Not counted up for so long, the lock is free to take."""


@dataclass(frozen=True)
class Record:
    """What one lock says. owner: empty when it is free."""

    cluster: str
    service: str
    owner: str = ""
    life: int = 0
    """A random number of this hold: the same node's next hold has another."""
    counter: int = 0

    def of(self, other: Record) -> bool:
        """The same hold."""
        return self.owner == other.owner and self.life == other.life


class Do(Enum):
    """What the shell has to do next."""

    READ = "read"
    """Read the lock at the time `at`, then claim_read or hold_read."""
    WRITE = "write"
    """Write `record` now (direct, synced), then claim_written or hold_written."""
    HELD = "held"
    """The lock is ours: go on with Hold."""
    RESET = "reset"
    """Reset this node at once: `why` (F64, F65)."""


@dataclass(frozen=True)
class Next:
    """One step of the shell."""

    do: Do
    at: float = 0.0
    record: Record | None = None
    why: str = ""


GONE_ROUNDS = 2.5
"""A peer that is proven gone must miss so many of its renewals before the lock is taken."""


@dataclass(frozen=True)
class Seen:
    """What a lock says, and since when it has been known to say this and nothing else."""

    record: Record
    since: float


@dataclass(frozen=True)
class Claim:
    """On the way to a lock. mine: the record to be written, of a life never used before."""

    mine: Record
    times: Times
    peer_gone: bool = False
    """The peer is proven gone: the lock need not age out, and nobody else wants it. If it is still
    counted up, that counts more than any proof (F12)."""
    seen: Seen | None = None
    """The rival's record."""
    read_at: float = 0.0
    """When the lock was read before the write."""
    ordered_at: float = 0.0
    """When the write was ordered: the lease counts from then on."""
    settled_at: float | None = None
    """When what was written may be trusted; None while nothing is written."""
    stands_from: float = 0.0
    """When the lock was read before the write before this one: what it says now stands from then on
    at the earliest."""
    stands_at: float = 0.0
    """When that write was known to be on the disk."""
    doubt: bool = False
    """A write of this node may have come late, over a lock that is held: what stands there is its
    own name, or that it is free, and says nothing."""


@dataclass(frozen=True)
class Hold:
    """Having a lock. renewed_at: when the last write that succeeded was ordered."""

    mine: Record
    times: Times
    renewed_at: float
    writing_since: float = 0.0


def claim_read(claim: Claim, found: Record, asked_at: float, now: float) -> tuple[Claim, Next]:
    """The lock was read. asked_at: when the read was ordered."""
    if claim.settled_at is not None:
        if found.of(claim.mine):
            if asked_at >= claim.settled_at and _keeps(claim, asked_at, now):
                return claim, Next(Do.HELD)
            return _written(claim, found, asked_at, now)
        claim = changed(claim, settled_at=None, seen=None)  # somebody else was later
    if found.owner in ("", claim.mine.owner) and not claim.doubt:
        return _written(changed(claim, seen=None), found, asked_at, now)
    known = seen(claim.seen, found, now)
    claim, free_at = changed(claim, seen=known), known.since + _aged_s(claim)
    if asked_at >= free_at:
        return _written(claim, found, asked_at, now)
    return claim, Next(Do.READ, at=min(max(now, free_at), now + claim.times.renew_s))


def seen(before: Seen | None, found: Record, now: float) -> Seen:
    """The lock was read. It is counted up while it is held, so it never says the same again."""
    return before if before is not None and before.record == found else Seen(found, now)


def _aged_s(claim: Claim) -> float:
    times = claim.times
    if claim.peer_gone:
        return min(times.timeout_s, GONE_ROUNDS * times.renew_s)
    return times.timeout_s


def _keeps(claim: Claim, asked_at: float, now: float) -> bool:
    """The lock can be renewed within the lease on a disk that takes as long as for this read.

    A renewal is a read and a write; a look at the disk for another reason may come between. Who
    takes a lock that it cannot keep resets itself, again and again (F65).
    """
    times, takes_s = claim.times, now - asked_at
    renewed_s = 3 * takes_s
    first_s = now - claim.ordered_at + renewed_s
    return max(first_s, times.renew_s + renewed_s) < times.lease_s


def _written(claim: Claim, found: Record, asked_at: float, now: float) -> tuple[Claim, Next]:
    mine = changed(claim.mine, counter=found.counter + 1)
    return changed(claim, mine=mine, read_at=asked_at, ordered_at=now), Next(Do.WRITE, record=mine)


def claim_written(claim: Claim, now: float) -> tuple[Claim, Next]:
    """The record is on the disk. What took long may have overwritten a lock taken meanwhile."""
    times = claim.times
    if now - claim.read_at > times.collision_s / 2 and not _kept(claim, now):
        # Its owner finds out at its next renewal, or does not live on without one.
        settled_at = now + times.timeout_s
    else:
        settled_at = claim.settled_at or now + (0.0 if claim.peer_gone else times.collision_s)
    # Not before whoever found the lock free beside this node is heard (_kept).
    paused_at = now + max(times.renew_s, times.collision_s / 2)
    # One that could not be kept yet (_keeps) is tried again at the pace of its renewals.
    at = paused_at if _settled(claim) else min(settled_at, paused_at)
    claim = changed(claim, settled_at=settled_at, stands_from=claim.read_at, stands_at=now)
    return claim, Next(Do.READ, at=at)


def _settled(claim: Claim) -> bool:
    """The lock was ours when it was last read."""
    return claim.settled_at is not None and claim.settled_at <= claim.read_at


def _kept(claim: Claim, now: float) -> bool:
    """Nobody can have taken the lock before this write, which only counted up: who found it free
    was heard before it was read, and for everybody else it has not aged out yet.

    So on a disk that is slow for good the claim comes to its end.
    """
    if claim.settled_at is None:
        return False
    heard = _settled(claim) or claim.read_at - claim.stands_at >= claim.times.collision_s / 2
    return heard and now - claim.stands_from < claim.times.timeout_s


def claim_failed(claim: Claim, now: float) -> tuple[Claim, Next]:
    """A read or write failed: what may have been written is looked at again."""
    return claim, Next(Do.READ, at=now + claim.times.renew_s)


def held(claim: Claim, now: float) -> tuple[Hold, Next]:
    """The lock is ours from now on. The first renewal follows at once."""
    return Hold(claim.mine, claim.times, claim.ordered_at), Next(Do.READ, at=now)


def hold_read(hold: Hold, found: Record, now: float) -> tuple[Hold, Next]:
    """F64: before each renewal the lock is read; it must still be ours."""
    if not found.of(hold.mine):
        thief = f"taken by {found.owner}" if found.owner else "found free"
        return hold, Next(Do.RESET, why=f"the SFEX lock of {hold.mine.service} was {thief}")
    if overdue(hold, now):
        return hold, Next(Do.RESET, why=overdue(hold, now))
    mine = changed(hold.mine, counter=max(hold.mine.counter, found.counter) + 1)
    return changed(hold, mine=mine, writing_since=now), Next(Do.WRITE, record=mine)


def hold_written(hold: Hold, now: float) -> tuple[Hold, Next]:
    """A renewal has succeeded; it counts from the moment at which it was ordered."""
    hold = changed(hold, renewed_at=hold.writing_since)
    if overdue(hold, now):
        return hold, Next(Do.RESET, why=overdue(hold, now))
    return hold, Next(Do.READ, at=hold.renewed_at + hold.times.renew_s)


def overdue(hold: Hold, now: float) -> str:
    """F65: why this node has to reset itself now, empty while the lock is renewed in time.

    To be asked at reset_at() too, whatever the disk does meanwhile.
    """
    if now < reset_at(hold):
        return ""
    name, lease_s = hold.mine.service, hold.times.lease_s
    return f"the SFEX lock of {name} could not be renewed for {lease_s:g} s"


def reset_at(hold: Hold) -> float:
    """When the node resets itself unless a renewal succeeds before."""
    return hold.renewed_at + hold.times.lease_s


def free(record: Record) -> Record:
    """What to write when the lock is given back."""
    return Record(record.cluster, record.service, counter=record.counter + 1)


def superfluous(state: State, service: str) -> bool:
    """A lock that this node holds for nothing, and gives back: the peer may take the service again.

    This node took the lock when it excluded the peer. While the peer is silent, the lock is what
    keeps it from running the service.
    """
    own = state.service(service)
    return own is not None and own.local is Local.STOPPED and state.peer.life is Life.ALIVE
