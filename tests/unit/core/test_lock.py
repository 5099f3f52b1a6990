# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""SFEX: of two nodes that want a lock at most one has it, and a dead owner's is free in time."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from failoverd.core import lock
from failoverd.core.lock import Claim, Do, Hold, Record, Times
from failoverd.core.message import Local
from failoverd.core.state import Life
from failoverd.fencing.sfex import format as lock_block

from .pair import Pair

TIMES = Times()
FREE = Record("c", "shop")
OTHER = Record("c", "shop", "b", 7, 3)


def claim() -> Claim:
    return Claim(Record("c", "shop", "a", 5), TIMES)


def test_a_free_lock_is_written_and_ours_once_nobody_else_wrote() -> None:
    mine, following = lock.claim_read(claim(), FREE, 0.0, 0.1)
    assert following.do is Do.WRITE
    assert following.record is not None
    written = following.record
    mine, following = lock.claim_written(mine, 0.2)
    assert following == lock.Next(Do.READ, at=1.2)
    assert lock.claim_read(mine, written, 1.2, 1.3)[1].do is Do.HELD


def test_the_later_writer_has_it() -> None:
    mine, _write = lock.claim_read(claim(), FREE, 0.0, 0.1)
    mine, _read = lock.claim_written(mine, 0.2)
    mine, following = lock.claim_read(mine, OTHER, 1.2, 1.3)
    assert following.do is Do.READ
    assert mine.settled_at is None


def test_a_lock_that_is_counted_up_is_never_taken() -> None:
    mine, now = claim(), 0.0
    for count in range(100):
        mine, following = lock.claim_read(mine, replace(OTHER, counter=count), now, now)
        assert following.do is Do.READ
        now += 1.0


def test_a_lock_that_stands_still_is_taken_after_the_timeout_and_not_before() -> None:
    mine, now, taken = claim(), 0.0, None
    while taken is None and now < 60.0:
        mine, following = lock.claim_read(mine, OTHER, now, now)
        if following.do is Do.WRITE:
            taken = now
        now += 1.0
    assert taken == TIMES.timeout_s


def test_a_lock_that_was_looked_at_before_it_is_wanted_is_older() -> None:
    known = lock.seen(lock.seen(None, OTHER, 3.0), OTHER, 9.0)
    assert lock.claim_read(replace(claim(), seen=known), OTHER, 12.9, 12.9)[1].do is Do.READ
    assert lock.claim_read(replace(claim(), seen=known), OTHER, 13.0, 13.0)[1].do is Do.WRITE
    counted = replace(OTHER, counter=4)
    assert lock.claim_read(replace(claim(), seen=known), counted, 13.0, 13.0)[1].do is Do.READ


def test_the_lock_of_a_peer_that_is_proven_gone_is_taken_once_it_has_missed_renewals() -> None:
    mine, now, taken = replace(claim(), peer_gone=True), 0.0, None
    while taken is None and now < 60.0:
        mine, following = lock.claim_read(mine, OTHER, now, now)
        taken = now if following.do is Do.WRITE else None
        now = following.at
    assert taken == 2.5 * TIMES.renew_s
    mine, following = lock.claim_written(mine, taken + 0.1)
    assert following == lock.Next(Do.READ, at=taken + 0.1)  # nobody else wants it


def test_a_lock_that_is_counted_up_is_not_taken_whatever_was_proven() -> None:
    """F12: the device lies, and its node lives."""
    mine, now = replace(claim(), peer_gone=True), 0.0
    for count in range(100):
        mine, following = lock.claim_read(mine, replace(OTHER, counter=count), now, now)
        assert following.do is Do.READ
        now += 1.0


def test_what_an_own_late_write_may_have_come_over_is_not_taken_at_once() -> None:
    """Neither the own name nor that it is free says then that nobody has it."""
    for found in (FREE, Record("c", "shop", "a", 4, 8)):
        mine, now, taken = replace(claim(), doubt=True), 0.0, None
        while taken is None and now < 60.0:
            mine, following = lock.claim_read(mine, found, now, now)
            if following.do is Do.WRITE:
                taken = now
            now += 1.0
        assert taken == TIMES.timeout_s


def test_a_slow_write_waits_for_whoever_took_the_lock_meanwhile() -> None:
    mine, _write = lock.claim_read(claim(), FREE, 0.0, 0.1)
    mine, _read = lock.claim_written(mine, 4.0)
    written = mine.mine
    assert lock.claim_read(mine, written, 5.5, 5.5)[1].do is Do.WRITE  # counted up, not yet ours
    mine, following = lock.claim_read(mine, written, 4.0 + TIMES.timeout_s, 14.1)
    assert following.record is not None  # the write before this one is too old to live on
    mine, _read = lock.claim_written(mine, 14.2)
    assert lock.claim_read(mine, following.record, 14.2, 14.3)[1].do is Do.HELD


def slow(way_s: float, times: Times = TIMES) -> tuple[float | None, list[float]]:
    """On a disk whose reads and writes take so long: when the lock is had, and the writes.

    From then on it is kept.
    """
    mine, now, found = replace(claim(), times=times), 0.0, FREE
    writes: list[float] = []
    for _step in range(100):
        asked, now = now, now + way_s
        mine, following = lock.claim_read(mine, found, asked, now)
        if following.do is Do.HELD:
            assert not kept(mine, now, way_s)
            return now, writes
        if following.record is not None:
            found, now = following.record, now + way_s
            writes.append(now)
            mine, following = lock.claim_written(mine, now)
        now = max(now, following.at)
    return None, writes


def kept(mine: Claim, now: float, way_s: float) -> str:
    """Why the node resets itself in the first renewals, "" if it does not."""
    hold, following = lock.held(mine, now)
    for _renewal in range(5):
        now = max(now, following.at) + way_s
        hold, following = lock.hold_read(hold, hold.mine, now)
        now += way_s
        # The alarm is set to the end of the lease.
        if following.do is Do.RESET or lock.overdue(hold, now):
            return following.why or lock.overdue(hold, now)
        hold, following = lock.hold_written(hold, now)
    return ""


def test_a_lock_that_could_not_be_kept_is_never_had() -> None:
    """F65: its owner would reset itself, and so would the next one."""
    assert slow(1.1)[0] is None
    assert slow(2.0)[0] is None
    tight = Times(renew_s=0.75, lease_s=2.44, collision_s=1.07, timeout_s=13.5)
    assert slow(0.4, tight)[0] is not None
    assert slow(0.62, tight)[0] is None


def test_a_single_read_that_takes_long_costs_a_lock_that_is_had_no_more_than_another_look() -> None:
    mine, _write = lock.claim_read(claim(), FREE, 0.0, 0.1)
    mine, _read = lock.claim_written(mine, 0.2)
    mine, following = lock.claim_read(mine, mine.mine, 1.2, 3.0)
    assert following.do is Do.WRITE
    mine, following = lock.claim_written(mine, 3.1)
    assert following == lock.Next(Do.READ, at=4.1)
    assert lock.claim_read(mine, mine.mine, 4.1, 4.2)[1].do is Do.HELD


def test_a_lock_that_was_ours_already_is_only_counted_up_however_long_the_write_takes() -> None:
    mine = replace(claim(), settled_at=10.0, ordered_at=9.2, stands_from=9.0, stands_at=9.5)
    mine, following = lock.claim_read(mine, mine.mine, 10.1, 12.0)
    assert following.do is Do.WRITE
    quick, _read = lock.claim_written(mine, 12.6)
    assert quick.settled_at == 10.0
    late, _read = lock.claim_written(mine, 19.0)
    assert late.settled_at == 19.0 + TIMES.timeout_s


def test_a_lock_on_a_slow_disk_is_had_once_whoever_took_it_meanwhile_would_have_reset() -> None:
    for way_s in (0.3, 0.6, 0.9):
        had, writes = slow(way_s)
        assert had is not None
        assert writes[0] + TIMES.timeout_s <= had <= writes[0] + TIMES.timeout_s + 4 * way_s
        # Meanwhile it is counted up, so that it does not age out for another one.
        points = [*writes, had]
        assert max(b - a for a, b in pairwise(points)) < TIMES.timeout_s


def test_a_lock_on_a_slow_disk_is_had_also_with_a_long_collision_time() -> None:
    had, _writes = slow(0.9, Times(renew_s=1.0, collision_s=3.5))
    assert had is not None


def test_a_slow_write_over_a_lock_that_may_have_aged_out_waits_anew() -> None:
    mine, _write = lock.claim_read(claim(), FREE, 0.0, 0.3)
    mine, _read = lock.claim_written(mine, 0.6)
    mine, _write = lock.claim_read(mine, mine.mine, 1.6, 1.9)
    late, _read = lock.claim_written(mine, 10.0)
    assert late.settled_at == 10.0 + TIMES.timeout_s
    quick, _read = lock.claim_written(mine, 9.9)
    assert quick.settled_at == 0.6 + TIMES.timeout_s


def test_the_first_slow_write_waits_whenever_it_is() -> None:
    mine, _write = lock.claim_read(claim(), FREE, 2.0, 2.3)
    mine, _read = lock.claim_written(mine, 2.6)
    assert mine.settled_at == 2.6 + TIMES.timeout_s


def test_a_slow_write_waits_no_longer_once_who_found_the_lock_free_would_have_been_heard() -> None:
    mine, _write = lock.claim_read(claim(), FREE, 0.0, 0.25)
    mine, _read = lock.claim_written(mine, 0.75)
    mine, _write = lock.claim_read(mine, mine.mine, 1.25, 1.5)
    mine, _read = lock.claim_written(mine, 2.0)
    assert mine.settled_at == 0.75 + TIMES.timeout_s


def test_a_slow_write_soon_after_the_first_waits_for_who_found_the_lock_free_with_this_node() -> (
    None
):
    mine, _write = lock.claim_read(claim(), FREE, 0.0, 0.3)
    mine, _read = lock.claim_written(mine, 0.6)
    mine, _write = lock.claim_read(mine, mine.mine, 1.0, 1.3)
    mine, _read = lock.claim_written(mine, 1.6)
    assert mine.settled_at == 1.6 + TIMES.timeout_s


def test_a_stolen_lock_resets_its_owner() -> None:
    hold = Hold(Record("c", "shop", "a", 5, 9), TIMES, 0.0)
    following = lock.hold_read(hold, OTHER, 1.0)[1]
    assert following.do is Do.RESET
    assert "taken by b" in following.why


def test_a_renewal_counts_from_its_order_and_its_lack_resets_the_owner() -> None:
    hold = Hold(Record("c", "shop", "a", 5, 9), TIMES, 0.0)
    hold, following = lock.hold_read(hold, hold.mine, 1.0)
    assert following.record is not None
    assert following.record.counter == 10
    assert not lock.overdue(hold, 4.9)
    assert lock.overdue(hold, 5.0)
    hold, _read = lock.hold_written(hold, 3.0)
    assert lock.reset_at(hold) == 6.0


def test_a_block_says_again_what_was_written() -> None:
    block = lock_block.encode(OTHER)
    assert len(block) == lock_block.BLOCK
    assert lock_block.decode_record(block, "c", "shop") == OTHER
    area = lock_block.encode(lock_block.Area("c", 4))
    assert lock_block.decode_area(area, "c").locks == 4


@pytest.mark.parametrize(
    "block",
    [
        bytes(lock_block.BLOCK),
        b"short",
        lock_block.encode(OTHER).replace(b'"b"', b'"x"'),
        lock_block.encode(replace(OTHER, service="mail")),
        lock_block.encode(lock_block.Area("c", 4)),
    ],
)
def test_a_block_that_is_not_this_lock_is_refused(block: bytes) -> None:
    with pytest.raises(lock_block.BlockError):
        lock_block.decode_record(block, "c", "shop")


def test_a_lock_is_given_back_only_while_the_peer_lives_and_nothing_runs_here() -> None:
    pair = Pair().running()
    (owner,) = [half for half in (pair.a, pair.b) if half.shop.local is Local.RUNNING]
    (other,) = [half for half in (pair.a, pair.b) if half is not owner]
    assert lock.superfluous(other.state, "shop")
    assert not lock.superfluous(owner.state, "shop")
    assert not lock.superfluous(other.state, "unknown")
    other.pass_time(30.0)
    assert other.state.peer.life is not Life.ALIVE
    assert not lock.superfluous(other.state, "shop")
