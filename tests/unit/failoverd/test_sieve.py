# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replays are dropped before anything is written; what the core needs to see comes through."""

from __future__ import annotations

from dataclasses import replace

import pytest

from failoverd.core.message import REORDER, Message
from failoverd.links.sieve import BURST, PER_HEARTBEAT, Sieve

pytestmark = pytest.mark.finding("X4")

OWN, LIFE = 50, 70
FRESH = Message("shop", "node2", LIFE, 1, OWN, (), ())


def sieve() -> Sieve:
    return Sieve(heartbeat_s=0.2, dead_s=3.0)


def test_each_number_comes_through_once_a_link() -> None:
    one, passed = sieve(), []
    for sequence in (1, 2, 2, 1, 3, 3):
        for link in ("lan", "cross"):
            if one.passes(link, replace(FRESH, sequence=sequence), OWN, 100.0 + sequence):
                passed.append((link, sequence))
    assert passed == [(link, number) for number in (1, 2, 3) for link in ("lan", "cross")]
    assert one.dropped == {"heard before": 6}


def test_a_slower_link_may_lag_behind_a_little() -> None:
    one = sieve()
    for sequence in range(1, 40):
        one.passes("lan", replace(FRESH, sequence=sequence), OWN, 100.0)
    assert not one.passes("serial", replace(FRESH, sequence=39 - REORDER - 1), OWN, 100.0)
    assert one.passes("serial", replace(FRESH, sequence=39 - REORDER), OWN, 100.0)
    assert one.dropped == {"too late": 1}


@pytest.mark.parametrize(
    "useless", [replace(FRESH, incarnation=LIFE - 1), replace(FRESH, echo=OWN - 1)]
)
def test_what_is_of_no_use_is_shown_to_the_core_a_few_times_in_a_dead_time(
    useless: Message,
) -> None:
    one = sieve()
    assert one.passes("lan", FRESH, OWN, 100.0)
    shown = sum(
        one.passes("lan", replace(useless, sequence=number), OWN, 100.0 + number / 1000)
        for number in range(6000)
    )
    assert 6 <= shown <= 10
    assert one.dropped.total() == 6000


def test_a_new_life_and_word_of_a_later_life_of_this_node_come_through_a_flood() -> None:
    one = sieve()
    one.passes("lan", FRESH, OWN, 100.0)
    for number in range(3000):
        one.passes("lan", replace(FRESH, echo=OWN - 1, sequence=number), OWN, 100.0)
    assert one.passes("lan", replace(FRESH, echo=OWN + 5, incarnation=LIFE - 3), OWN, 100.0)
    assert one.passes("lan", replace(FRESH, incarnation=LIFE + 1, echo=0), OWN, 100.0)
    assert one.passes("lan", replace(FRESH, incarnation=LIFE + 1), OWN, 100.0)


def test_a_link_brings_no_more_than_a_node_has_to_say() -> None:
    one, passed = sieve(), 0
    for number in range(1, 20_001):
        passed += one.passes("lan", replace(FRESH, sequence=number), OWN, 100.0 + number / 2000)
    assert passed <= BURST + 10 / 0.2 * PER_HEARTBEAT + 1
    assert one.passes("cross", replace(FRESH, sequence=20_001), OWN, 110.0)
    assert one.passes("lan", replace(FRESH, sequence=20_050), OWN, 111.0)
