# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""F14, F15: who shoots first, where ping targets show what a node sees of the service network."""

from __future__ import annotations

from dataclasses import replace

import pytest

from failoverd.core import actions, events
from failoverd.core.actions import Ask
from failoverd.core.events import Verb
from failoverd.core.message import Reach
from failoverd.core.state import Life

from .pair import ALONE, GOOD, Half, Pair

SILENT = ""
ANSWERS = "192.168.1.10 answers from 02:00:00:00:00:01"


def bereaved(who: str) -> Half:
    """That half of a pair of which the other half is heard no more; a runs the service."""
    pair = Pair()
    for half in (pair.a, pair.b):
        half.config = replace(half.config, witness=True)
        half.state = replace(half.state, config=half.config)
    pair = pair.running()
    half = pair.a if who == "owner" else pair.b
    Pair.see(half, replace(ALONE, role="Primary") if who == "owner" else ALONE)
    return half


def granted(witness: bool) -> tuple[Half, Half]:
    """a has granted the service to b, b has begun to start it, and neither hears the other."""
    pair = Pair()
    for half in (pair.a, pair.b):
        half.config = replace(half.config, witness=witness)
        half.state = replace(half.state, config=half.config)
    pair = pair.running()
    pair.a.feed(events.Command(1, Verb.SWITCHOVER, "shop"))
    pair.a.finish(actions.Stop)
    for half in (pair.a, pair.b):
        Pair.see(half, GOOD)
    for _round in range(100):
        for source, target in ((pair.a, pair.b), (pair.b, pair.a)):
            source.feed(events.Tick(), 0.1)
            for send in source.take(actions.Send) if not pair.b.shop.held else ():
                assert isinstance(send, actions.Send)
                target.feed(events.Heard("lan", send.message))
        if pair.b.shop.held:
            break
    assert pair.a.shop.grant is not None
    assert pair.b.shop.held
    for half in (pair.a, pair.b):
        Pair.see(half, ALONE)
    return pair.a, pair.b


def shot_after(half: Half, *, address: str | None, targets: bool | None) -> float:
    """Seconds from the dead time to the shot. None: nobody answers what is asked.

    targets: whether all of them answer, or only some.
    """
    silent_at = None
    for _tenth in range(400):
        half.pass_time(0.1)
        if silent_at is None and half.state.peer.life is Life.SILENT:
            silent_at = half.now
        if targets is not None:
            half.feed(events.Reached(Reach.REACHED, half.now - 0.01, complete=targets))
        for probe in half.take(actions.ProbeAddresses):
            if address is not None and isinstance(probe, actions.ProbeAddresses):
                half.feed(events.AddressesProbed(probe.op, address))
        if any(isinstance(a, actions.Fence) and a.ask is Ask.OFF for a in half.todo):
            assert silent_at is not None
            return round(half.now - silent_at, 0)
    raise AssertionError("nobody was shot at")


@pytest.mark.parametrize(
    ("address", "targets", "head_starts"),
    [
        (SILENT, True, 1),
        (ANSWERS, True, 3),
        (None, True, 3),
        (SILENT, False, 3),
        (SILENT, None, 3),
    ],
)
def test_a_standby_that_sees_that_nobody_is_served_waits_less(
    address: str | None, targets: bool | None, head_starts: int
) -> None:
    b = bereaved("standby")
    delay = b.config.timing.fence_delay_s
    assert shot_after(b, address=address, targets=targets) == head_starts * delay


@pytest.mark.parametrize(("targets", "head_starts"), [(True, 0), (False, 0), (None, 2)])
def test_an_owner_that_has_lost_the_service_network_is_not_the_first(
    targets: bool | None, head_starts: int
) -> None:
    a = bereaved("owner")
    delay = a.config.timing.fence_delay_s
    assert shot_after(a, address=SILENT, targets=targets) == head_starts * delay


def test_who_has_stopped_a_service_for_a_move_and_lost_the_network_is_not_the_first() -> None:
    """Its peer has heard that the service runs, and that nobody answers: both would shoot."""
    a = bereaved("owner")
    Pair.see(a, ALONE)
    a.feed(events.Command(1, Verb.SWITCHOVER, "shop"))
    a.finish(actions.Stop)
    assert shot_after(a, address=None, targets=None) == 4 * a.config.timing.fence_delay_s


def test_who_has_stopped_a_service_does_not_shoot_together_with_a_standby_that_believes_it_up() -> (
    None
):
    """The standby has heard that the service runs, and sees that nobody is served."""
    a = bereaved("owner")
    Pair.see(a, ALONE)
    a.feed(events.Command(1, Verb.SWITCHOVER, "shop"))
    a.finish(actions.Stop)
    stopped = shot_after(a, address=SILENT, targets=True)
    believes = shot_after(bereaved("standby"), address=SILENT, targets=True)
    assert abs(stopped - believes) >= a.config.timing.fence_delay_s


def test_where_only_the_way_between_the_nodes_is_cut_the_owner_is_the_first() -> None:
    """F14 on real kernels: each reaches every target, and no address of the other answers."""
    owner = shot_after(bereaved("owner"), address=SILENT, targets=True)
    standby = shot_after(bereaved("standby"), address=SILENT, targets=True)
    assert standby - owner >= bereaved("owner").config.timing.fence_delay_s


@pytest.mark.parametrize("witness", [True, False])
def test_who_has_granted_a_service_is_later_than_the_peer_that_may_have_it(witness: bool) -> None:
    a, b = granted(witness)
    delay = a.config.timing.fence_delay_s
    received = shot_after(b, address=SILENT, targets=True)
    assert received == 0
    assert shot_after(a, address=None, targets=True) == delay


def test_without_ping_targets_the_role_alone_decides() -> None:
    b = Pair().running().b
    Pair.see(b, ALONE)
    assert shot_after(b, address=SILENT, targets=True) == b.config.timing.fence_delay_s
