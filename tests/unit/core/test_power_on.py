# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fenced node is restarted as off, verified, on; the last step proves nothing (F10)."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from failoverd.core import actions, events
from failoverd.core.actions import Ask, Level
from failoverd.core.events import Found, Power
from failoverd.core.memory import Memory
from failoverd.core.message import Local
from failoverd.core.state import Life, Proof
from failoverd.core.step import begin

from .pair import ALONE, GOOD, Half, Pair, notes, said, shots

LONG_S = 30.0


def bereaved(power_on: bool = True) -> Half:
    """The standby of an owner that was just lost."""
    b = Pair().running().b
    b.config = replace(b.config, power_on=power_on)
    b.state = replace(b.state, config=b.config)
    Pair.see(b, ALONE)
    return b


def fenced(b: Half, level: int = 0) -> None:
    """The peer is switched off by that level, those before it fail."""
    while b.state.peer.life is not Life.GONE:
        b.pass_time(1)
        for order in b.take(actions.Fence):
            assert isinstance(order, actions.Fence)
            done = order.ask is Ask.OFF and order.level == level
            b.feed(events.FenceDone(order.op, Power.OFF if done else Power.UNKNOWN))


def notes_that_alert(half: Half) -> list[str]:
    told = [a for a in half.todo if isinstance(a, actions.Note)]
    return [note.text for note in told if note.level is Level.ALERT]


def test_the_device_that_switched_it_off_switches_it_on() -> None:
    b = bereaved()
    fenced(b, level=1)
    b.finish(actions.Start)
    b.pass_time(LONG_S)
    assert [(order.ask, order.level) for order in shots(b)] == [(Ask.ON, 1)]


def test_not_while_the_service_is_still_starting() -> None:
    b = bereaved()
    fenced(b)
    b.pass_time(LONG_S)
    assert b.shop.local is Local.STARTING
    assert shots(b) == []


@pytest.mark.parametrize("answer", [Power.UNKNOWN, Power.OFF])
def test_a_node_that_does_not_come_on_again_is_told_and_tried_again_ever_later(
    answer: Power,
) -> None:
    b = bereaved()
    fenced(b)
    b.finish(actions.Start)
    b.pass_time(LONG_S)
    b.take(actions.Note)
    assert [order.ask for order in b.fence_answers(answer)] == [Ask.ON]
    [told] = [a for a in b.take(actions.Note) if isinstance(a, actions.Note)]
    assert (told.code, told.level) == ("power-on", Level.ALERT)
    tried = []
    for _second in range(600):
        b.pass_time(1)
        tried += [(b.now, order.ask) for order in b.fence_answers(answer)]
    assert {ask for _at, ask in tried} == {Ask.ON}
    times = [at for at, _ask in tried]
    pauses = [round(later - at) for at, later in pairwise(times)]
    assert pauses[0] < pauses[1]
    assert all(59 <= pause <= 61 for pause in pauses[1:])
    assert notes_that_alert(b) == []
    assert (b.state.peer.life, b.state.peer.proof) == (Life.GONE, Proof.FENCED)
    assert b.shop.local is Local.RUNNING


@pytest.mark.finding("S12")
def test_one_that_is_to_be_switched_on_at_once_is_not_tried_all_the_time() -> None:
    b = bereaved()
    b.config = replace(b.config, timing=replace(b.config.timing, power_on_s=0.0))
    b.state = replace(b.state, config=b.config)
    fenced(b)
    b.finish(actions.Start)
    tried = []
    for _second in range(60):
        b.pass_time(1)
        tried += b.fence_answers(Power.UNKNOWN)
    assert 3 <= len(tried) <= 5


def test_one_that_comes_on_is_no_alert() -> None:
    b = bereaved()
    fenced(b)
    b.finish(actions.Start)
    b.pass_time(LONG_S)
    b.take(actions.Note)
    b.fence_answers(Power.ON)
    [told] = [a for a in b.take(actions.Note) if isinstance(a, actions.Note)]
    assert (told.code, told.level) == ("power-on", Level.INFO)


def test_a_person_who_says_that_it_is_off_takes_care_of_it_also_while_it_is_shot_at() -> None:
    """Perhaps the person works at it by now."""
    b = bereaved()
    shot = shot_at(b)
    b.feed(events.Command(1, events.Verb.CONFIRM_FENCED, "a", "ann"), 0.1)
    b.feed(events.FenceDone(shot.op, Power.OFF), 0.5)
    b.pass_time(0.1)
    assert b.state.exclusion.cut is None
    b.finish(actions.Start)
    b.pass_time(LONG_S)
    assert shots(b) == []


def test_it_stays_off_where_the_configuration_says_so() -> None:
    b = bereaved(power_on=False)
    fenced(b)
    b.finish(actions.Start)
    b.pass_time(LONG_S)
    assert shots(b) == []


def test_one_that_was_found_off_is_left_off() -> None:
    b = bereaved()
    b.pass_time(1)
    assert {order.ask for order in b.fence_answers(Power.OFF)} == {Ask.STATUS}
    b.finish(actions.Start)
    b.pass_time(LONG_S)
    assert b.state.peer.proof is Proof.FOUND_OFF
    assert shots(b) == []


def switched_on(b: Half, seconds: float = 60.0) -> list[tuple[Ask, int]]:
    """What is ordered of the devices from now on; every question is answered with off."""
    ordered: list[tuple[Ask, int]] = []
    for _tenth in range(round(seconds * 10)):
        b.pass_time(0.1)
        b.finish(actions.Start)
        for order in b.fence_answers(Power.OFF):
            if order.ask is not Ask.STATUS:
                ordered.append((order.ask, order.level))
    return ordered


def shot_at(b: Half) -> actions.Fence:
    """The order to switch the peer off, once it is given; questions before it say that it is on."""
    while True:
        b.pass_time(0.1)
        for order in b.take(actions.Fence):
            assert isinstance(order, actions.Fence)
            if order.ask is Ask.OFF:
                return order
            b.feed(events.FenceDone(order.op, Power.ON))


@pytest.mark.finding("S12")
@pytest.mark.parametrize("alive", [True, False], ids=["heard", "greeted only"])
def test_a_new_life_that_is_heard_while_it_is_shot_at_is_switched_on_again(alive: bool) -> None:
    b = bereaved()
    shot = shot_at(b)
    again = replace(
        said(Half("a", "b", 2 << 32)), echo=b.state.incarnation if alive else 0, sequence=1
    )
    b.feed(events.Heard("lan", again), 0.1)
    assert b.state.peer.greeted == again.incarnation
    b.feed(events.FenceDone(shot.op, Power.OFF), 0.1)
    assert notes(b, "proof-void")
    assert (Ask.ON, 0) in switched_on(b)


def test_a_shot_from_before_its_kernel_connected_proves_nothing() -> None:
    """It may have hit, and a person may have switched the node on since."""
    b = bereaved()
    shot = shot_at(b)
    Pair.see(b, GOOD)
    Pair.see(b, ALONE)
    b.feed(events.FenceDone(shot.op, Power.OFF), 0.1)
    assert notes(b, "proof-void")
    assert b.shop.local is Local.STOPPED


@pytest.mark.finding("S12")
def test_a_pause_between_the_fence_and_the_promotion_changes_nothing() -> None:
    b = bereaved()
    fenced(b)
    b.feed(events.Paused(5.0), 5.0)
    assert b.state.peer.life is not Life.GONE
    assert (Ask.ON, 0) in switched_on(b)
    assert b.state.peer.proof is Proof.FOUND_OFF


@pytest.mark.finding("S12")
def test_a_shot_that_hit_although_its_answer_was_lost_is_undone_by_the_device_that_knows() -> None:
    b = bereaved()
    shot = shot_at(b)
    b.feed(events.FenceDone(shot.op, Power.UNKNOWN, "timed out"), 0.1)
    [second] = [o for o in b.take(actions.Fence) if isinstance(o, actions.Fence)]
    b.feed(events.FenceDone(second.op, Power.UNKNOWN, "timed out"), 0.1)
    assert (Ask.ON, 0) in switched_on(b)
    assert b.state.peer.proof is Proof.FOUND_OFF


@pytest.mark.finding("S12")
def test_a_node_that_had_left_and_is_fenced_for_its_disk_is_switched_on_again() -> None:
    pair = Pair().running()
    goodbye = replace(said(pair.b), goodbye=True, sequence=said(pair.b).sequence + 1)
    pair.a.feed(events.Heard("lan", goodbye))
    Pair.see(pair.a, replace(ALONE, role="Primary", suspended=True))
    shot = shot_at(pair.a)
    pair.a.feed(events.FenceDone(shot.op, Power.OFF), 1.0)
    assert (Ask.ON, 0) in switched_on(pair.a)


def lives_again(b: Half, incarnation: int, seconds: float) -> None:
    """The peer speaks to this node in that life, and hears it."""
    word = replace(said(Half("a", "b", incarnation)), echo=b.state.incarnation)
    first = b.state.peer.sequence + 1
    for number in range(round(seconds / 0.2)):
        answer = replace(word, sequence=first + number, heard=b.state.sequence)
        b.feed(events.Heard("lan", answer), 0.2)


@pytest.mark.finding("S12")
def test_who_lives_again_after_a_fence_is_left_off_when_people_switch_it_off() -> None:
    b = bereaved()
    fenced(b)
    b.finish(actions.Start)
    lives_again(b, 2 << 32, 3.0)
    assert b.state.peer.life is Life.ALIVE
    assert switched_on(b, 120.0) == []


@pytest.mark.finding("S12")
def test_a_shot_that_did_not_hit_is_forgotten_once_the_peer_goes_on() -> None:
    b = bereaved()
    shot = shot_at(b)
    lives_again(b, b.state.peer.incarnation, 1.0)
    b.feed(events.FenceDone(shot.op, Power.UNKNOWN, "timed out"), 0.1)
    lives_again(b, b.state.peer.incarnation, 20.0)
    assert switched_on(b, 120.0) == []


@pytest.mark.finding("S12")
@pytest.mark.parametrize("late", [Power.ON, Power.UNKNOWN])
def test_the_late_answer_of_the_power_on_says_nothing_of_the_next_shot(late: Power) -> None:
    """It was switched on, lived, fell silent and was shot again before the device answered."""
    b = bereaved()
    fenced(b)
    b.finish(actions.Start)
    while not (ordered := shots(b)):
        b.pass_time(0.1)
    [on] = ordered
    assert on.ask is Ask.ON
    b.take(actions.Fence)
    lives_again(b, 2 << 32, 1.0)
    Pair.see(b, ALONE)
    shot = shot_at(b)
    b.feed(events.FenceDone(on.op, late), 0.1)
    b.feed(events.FenceDone(shot.op, Power.OFF), 0.1)
    assert (Ask.ON, 0) in switched_on(b)


@pytest.mark.finding("S12")
def test_nothing_is_switched_on_in_maintenance_and_all_the_same_afterwards() -> None:
    b = bereaved()
    fenced(b)
    b.finish(actions.Start)
    b.feed(events.Command(1, events.Verb.MAINTENANCE, "on"))
    assert switched_on(b) == []
    b.feed(events.Command(2, events.Verb.MAINTENANCE, "off"))
    b.settle(ALONE)
    assert (Ask.ON, 0) in switched_on(b)


def restarted(half: Half) -> Half:
    """The daemon begins anew in the same boot: it knows what it was told to keep, no more."""
    kept = [a.level for a in half.take(actions.KeepCut) if isinstance(a, actions.KeepCut)]
    config, held = half.config, frozenset(s.name for s in half.state.services if s.mine)
    memory = Memory(held=held, cut=["", *kept][-1])
    half.state, todo = begin(config, half.state.incarnation + (1 << 32), half.now, memory)
    half.todo = list(todo)
    return half


def test_a_restarted_daemon_switches_on_what_its_earlier_life_has_switched_off() -> None:
    b = bereaved()
    fenced(b, level=1)
    b.finish(actions.Start)
    b = restarted(b)
    b.settle(ALONE, Found.RUNNING, mine=True)
    asked = []
    for _second in range(120):
        b.pass_time(1)
        for order in b.take(actions.Fence):
            assert isinstance(order, actions.Fence)
            asked.append(order)
            b.feed(events.FenceDone(order.op, Power.ON if order.ask is Ask.ON else Power.OFF))
    ordered = [(order.ask, order.level) for order in asked if order.ask is not Ask.STATUS]
    assert ordered == [(Ask.ON, 0), (Ask.ON, 1)], "the one that says off, and the one that acted"
    kept = [a.level for a in b.take(actions.KeepCut) if isinstance(a, actions.KeepCut)]
    assert kept[-1] == ""
    assert not notes(b, "off-unasked")


def test_a_shot_of_an_earlier_life_is_over_once_its_peer_has_lived_on_for_long_enough() -> None:
    both = Pair().running()
    both.b.config = replace(both.b.config, timing=replace(both.b.config.timing, power_on_s=1.0))
    both.b.state, todo = begin(both.b.config, 5 << 32, both.b.now, Memory(cut="bmc"))
    both.b.todo = list(todo)
    both.b.settle()
    both.talk(3)
    assert both.b.state.peer.life is Life.ALIVE
    assert both.b.state.exclusion.cut is not None, "the shot may hit late"
    both.talk(6)
    assert both.b.state.exclusion.cut is None
    assert both.b.take(actions.KeepCut) == [actions.KeepCut("")]


def test_a_peer_that_this_node_does_not_know_to_have_switched_off_stays_off_and_is_told() -> None:
    b = bereaved()
    b.take(actions.Note)
    for _second in range(60):
        b.pass_time(1)
        assert Ask.ON not in {order.ask for order in b.fence_answers(Power.OFF)}
        b.finish(actions.Start)
    [told] = [text for text in notes_that_alert(b) if "switch a on" in text]
    assert notes(b, "off-unasked") == [told]


def test_a_device_that_is_configured_no_more_leaves_the_work_to_the_first() -> None:
    b = bereaved()
    b.state, _todo = begin(b.config, 5 << 32, b.now, Memory(cut="gone"))
    assert b.state.exclusion.cut is not None
    assert b.state.exclusion.cut.levels[0] == 0


def test_a_goodbye_of_before_the_shot_is_no_word_of_a_node_that_was_on_after_it() -> None:
    """It begins a new life while it is shot at for its disk, and is off then (seed 60046)."""
    pair = Pair().running()
    goodbye = replace(said(pair.b), goodbye=True, sequence=said(pair.b).sequence + 1)
    pair.a.feed(events.Heard("lan", goodbye))
    Pair.see(pair.a, replace(ALONE, role="Primary", suspended=True))
    orders = [o for o in pair.a.take(actions.Fence) if isinstance(o, actions.Fence)]
    query = next(order for order in orders if order.ask is Ask.STATUS)
    shot = next(order for order in orders if order.ask is Ask.OFF)
    born = replace(goodbye, goodbye=False, incarnation=goodbye.incarnation + (1 << 32), echo=0)
    pair.a.feed(events.Heard("lan", born), 0.1)
    pair.a.feed(events.FenceDone(query.op, Power.OFF), 0.1)
    assert pair.a.state.peer.proof is Proof.GOODBYE
    assert pair.a.state.exclusion.cut is not None
    pair.a.feed(events.FenceDone(shot.op, Power.UNKNOWN), 0.1)
    assert pair.a.state.exclusion.cut is not None, "the shot may have hit all the same"


@pytest.mark.parametrize("words", [1, 60])
def test_late_words_of_a_life_that_began_before_the_shot_hit_do_not_end_the_cut(
    words: int,
) -> None:
    """They were sent before it was off, and wait in a buffer (seeds 60029 and 3873)."""
    b = bereaved()
    fenced(b)
    b.finish(actions.Start)
    said_before = b.state.peer.message
    assert said_before is not None
    born = replace(
        said_before, incarnation=said_before.incarnation + (1 << 32), sequence=1, heard=0
    )
    for number in range(words):
        late = replace(born, echo=b.state.incarnation, sequence=1 + number)
        b.feed(events.Heard("lan", late), 0.5)
    assert b.state.peer.life is Life.ALIVE
    assert b.state.exclusion.cut is not None
    asked = []
    for _second in range(60):
        b.pass_time(1)
        for order in b.take(actions.Fence):
            assert isinstance(order, actions.Fence)
            asked.append(order.ask)
            b.feed(events.FenceDone(order.op, Power.ON if order.ask is Ask.ON else Power.OFF))
    assert Ask.ON in asked
