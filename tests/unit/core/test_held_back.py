# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""F81: what was held back on its way is no sign of life; what is merely slow is one (F18, F21)."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest

from failoverd.core import actions, events
from failoverd.core.message import Message, Reach
from failoverd.core.state import Life

from .pair import ALONE, Half, Pair, notes

pytestmark = pytest.mark.finding("S16")

BEAT_S, DEAD_S, STEP_S = 0.2, 3.0, 0.05
HELD = 11
"""The last that still count as copies of what came over another link."""
Delay = Callable[[str, float], float | None]
"""Seconds on the way of what a sends over a link at a time; None: it is lost."""


class Road:
    """a and b, and the links between them with whatever they do to messages."""

    def __init__(self, delay: Delay = lambda _link, _now: 0.001) -> None:
        pair = Pair().running()
        self.a, self.b, self.delay = pair.a, pair.b, delay
        self.a.now = self.b.now = max(self.a.now, self.b.now)
        for half in (self.a, self.b):
            half.feed(events.Tick())
        self.under_way: list[tuple[float, int, Half, str, Message]] = []
        self.sent: list[Message] = []
        """By a."""
        self.lives: list[Life] = []
        """What b took a for after each step."""
        self.late_until = 0.0
        """So long the daemon of a does not run."""
        self.back: Delay = lambda _link, _now: 0.001
        self.change: Callable[[Message], Message] = lambda message: message

    @property
    def now(self) -> float:
        return self.b.now

    def run(self, seconds: float, dead: bool = False) -> None:
        """dead: a does nothing any more."""
        for _round in range(round(seconds / STEP_S)):
            for half in (self.a, self.b):
                half.now += STEP_S
            runs = not dead and self.now >= self.late_until
            if runs and self.a.state.next_beat <= self.now:
                self.a.feed(events.Tick())
            self.b.feed(events.Tick())
            self._send(self.a, self.b, self.delay)
            self._send(self.b, self.a, self.back)
            for entry in sorted(self.under_way, key=lambda entry: entry[:2]):
                at, _number, half, link, message = entry
                if at <= self.now and (half is self.b or runs):
                    self.under_way.remove(entry)
                    half.feed(events.Heard(link, message))
            self.lives.append(self.b.state.peer.life)

    def _send(self, source: Half, target: Half, delay: Delay) -> None:
        for send in source.take(actions.Send):
            assert isinstance(send, actions.Send)
            message = self.change(send.message) if source is self.a else send.message
            if source is self.a:
                self.sent.append(message)
            for link in ("lan", "cross"):
                wait = delay(link, self.now)
                if wait is not None:
                    number = len(self.sent) + message.sequence
                    self.under_way.append((self.now + wait, number, target, link, message))

    def released(self, every_s: float, burst: int = 1) -> float:
        """The last messages of a come now, one by one; returns the time to silence."""
        self.under_way.clear()
        began, held = self.now, self.sent[-HELD:]
        for number, message in enumerate(held):
            at = self.now + every_s * (number // burst + 1) + BEAT_S * (number % burst)
            self.under_way.append((at, number, self.b, "cross", message))
        while self.b.state.peer.life is not Life.SILENT:
            assert self.now < began + 60.0, "it is taken for alive all the time"
            self.run(STEP_S, dead=True)
        return self.now - began


@pytest.mark.parametrize("every_s", [0.25, 1.0, 2.0, 2.9])
@pytest.mark.parametrize("burst", [1, 2, 5])
def test_the_last_messages_released_one_by_one_delay_silence_by_a_heartbeat(
    every_s: float, burst: int
) -> None:
    road = Road(lambda link, _now: 0.001 if link == "lan" else None)
    road.run(10.0)
    assert road.released(every_s, burst) <= DEAD_S + BEAT_S + 2 * STEP_S


def test_f63_those_of_an_older_version_delay_it_no_longer() -> None:
    road = Road(lambda link, _now: 0.001 if link == "lan" else None)
    road.change = lambda message: replace(message, heard=0)
    road.run(10.0)
    assert road.released(2.9) <= DEAD_S + BEAT_S + 2 * STEP_S


@pytest.mark.parametrize("every_s", [0.25, 1.0, 2.9])
def test_messages_that_nobody_has_seen_yet_are_no_better(every_s: float) -> None:
    """Every link holds back what was sent in the last two seconds of a life."""
    road = Road()
    road.run(10.0)
    road.delay = lambda _link, _now: None
    road.run(2.0)
    assert road.released(every_s) <= DEAD_S + BEAT_S + 2 * STEP_S


def test_a_late_word_of_before_the_silence_does_not_end_it() -> None:
    road = Road(lambda link, _now: 0.001 if link == "lan" else None)
    road.run(10.0)
    road.delay = lambda _link, _now: None
    road.run(1.0)
    held = road.sent[-1]
    road.run(DEAD_S, dead=True)
    assert road.b.state.peer.life is Life.SILENT
    road.b.feed(events.Heard("cross", held))
    assert road.b.state.peer.life is Life.SILENT


def test_silence_ends_with_the_first_words_after_it() -> None:
    road = Road()
    road.run(10.0)
    road.delay = road.back = lambda _link, _now: None
    road.run(20.0)
    assert road.b.state.peer.life is Life.SILENT
    road.delay = road.back = lambda _link, _now: 0.001
    road.run(3 * BEAT_S)
    assert road.b.state.peer.life is Life.ALIVE


def jitter(_link: str, _now: float) -> float:
    return random.Random(str(_now) + _link).uniform(0.0, 1.5)


def lossy(link: str, now: float) -> float | None:
    return None if random.Random(f"{now}{link}").random() < 0.6 else jitter(link, now)


def only_the_slow_one_is_left(link: str, now: float) -> float | None:
    return 1.5 if link == "cross" else 0.001 if now < 150.0 else None


@pytest.mark.parametrize("delay", [jitter, lossy, only_the_slow_one_is_left])
def test_links_that_are_slow_or_lossy_are_no_reason_to_fence(delay: Delay) -> None:
    road = Road(delay)
    road.run(120.0)
    assert Life.SILENT not in road.lives
    assert not notes(road.b, "fence")


def test_an_owner_that_is_held_up_again_and_again_is_no_reason_to_fence() -> None:
    road = Road()
    for _round in range(30):
        road.late_until = road.now + 1.4
        road.run(3.0)
    assert Life.SILENT not in road.lives


@pytest.mark.parametrize("deaf", [False, True], ids=["both ways", "one way"])
@pytest.mark.parametrize("older", [False, True], ids=["same version", "older version"])
def test_a_node_whose_heartbeats_all_come_a_little_late_goes_on(deaf: bool, older: bool) -> None:
    road = Road()
    road.run(2.0)
    if older:
        road.change = lambda message: replace(message, heard=0)
    if deaf:
        road.back = lambda _link, _now: None
    for _round in range(300):
        road.late_until = road.now + 1.5 * BEAT_S
        road.run(2 * BEAT_S)
    assert Life.SILENT not in road.lives


def test_a_node_with_a_longer_heartbeat_goes_on() -> None:
    """The configuration was changed on one node so far (F63)."""
    road = Road()
    timing = replace(road.a.config.timing, heartbeat_s=1.0)
    config = replace(road.a.config, timing=timing)
    road.a.state = replace(road.a.state, config=config)
    road.run(60.0)
    assert len(road.sent) < 70
    assert Life.SILENT not in road.lives


def test_a_burst_of_news_does_not_lengthen_a_life_afterwards() -> None:
    road = Road(lambda link, _now: 0.001 if link == "lan" else None)
    road.run(5.0)
    for reach in (Reach.LOST, Reach.REACHED) * 8:
        road.a.feed(events.Reached(reach))
        road.run(STEP_S)
    road.run(2.0)
    numbers = [message.sequence for message in road.sent]
    assert all(later == number + 1 for number, later in pairwise(numbers))
    assert road.released(2.0) <= DEAD_S + BEAT_S + 2 * STEP_S
    Pair.see(road.b, ALONE)
