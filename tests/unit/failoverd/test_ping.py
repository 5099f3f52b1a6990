# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ping targets: asked for real over a cable, believed only after a confirmation."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from itertools import groupby
from typing import Any

import pytest

from failoverd.config import parse
from failoverd.core.events import Event, Reached
from failoverd.core.message import Reach
from failoverd.formats.schema import ConfigError
from failoverd.monitors.confirm import Confirm
from failoverd.monitors.echo import HEAD, Echo, checksum
from failoverd.monitors.ping import Ping
from failoverd.monitors.settings import PingSettings, Target

FOUR, SIX, NOBODY = "10.9.0.2", "fd00::2", "10.9.0.77"


class Told:
    """A history that keeps what it is told."""

    def __init__(self) -> None:
        self.entries: list[tuple[str, bool]] = []

    def add(self, code: str, text: str, *, alert: bool = False, **more: Any) -> None:
        self.entries.append((code, alert))


class Bench:
    """A ping monitor on one side of the cable, worked round by round."""

    def __init__(self, cable: Any, *targets: tuple[str, int], **settings: Any) -> None:
        self.cable = cable
        self.events: list[Event] = []
        self.told = Told()
        chosen = PingSettings(tuple(Target(*t) for t in targets), deadline_s=0.2, **settings)
        self.severed = False
        self.ping = Ping(chosen, self.events.append, self.told, severed=lambda: self.severed)

    @property
    def said(self) -> list[Reach]:
        """The verdicts, each as long as it lasts once."""
        return [reach for reach, _again in groupby(event.reach for event in self.posted)]

    @property
    def posted(self) -> list[Reached]:
        return [event for event in self.events if isinstance(event, Reached)]

    def state(self, address: str) -> str:
        return str({t["address"]: t["state"] for t in self.ping.status()}[address])

    async def rounds(self, count: int) -> None:
        for _round in range(count):
            await self.ping.ask_once()


def play(bench: Bench, script: Callable[[Bench], Awaitable[None]]) -> None:
    async def main() -> None:
        with bench.cable.side(0):
            assert bench.ping.open(), bench.ping.problem
        try:
            await script(bench)
        finally:
            bench.ping.close()

    asyncio.run(main())


@pytest.mark.parametrize("address", [FOUR, SIX])
def test_a_target_that_answers_is_reached_at_once(cable: Any, address: str) -> None:
    async def script(bench: Bench) -> None:
        await bench.rounds(3)
        assert bench.said == [Reach.REACHED], "told once"
        [target] = bench.ping.status()
        assert (target["address"], target["state"]) == (address, "ok")
        assert 0 < target["rtt_ms"] < 1000

    play(Bench(cable, (address, 1)), script)


def test_f25_a_lease_hears_of_each_good_round_when_it_was_asked_and_of_no_other(cable: Any) -> None:
    async def script(bench: Bench) -> None:
        loop = asyncio.get_running_loop()
        times = [loop.time()]
        for _round in range(2):
            await bench.rounds(1)
            times.append(loop.time())
        cable.ip(1, "link", "set", "eth0", "down")
        await bench.rounds(2)
        first, second = (event.asked_at for event in bench.posted)
        assert times[0] <= first <= times[1] <= second <= times[2]

    play(Bench(cable, (FOUR, 1)), script)


@pytest.mark.parametrize(("targets", "complete"), [((FOUR, SIX), True), ((FOUR, NOBODY), False)])
def test_f14_it_is_told_whether_every_target_has_answered(
    cable: Any, targets: tuple[str, ...], complete: bool
) -> None:
    """Half of a service network that is cut in two may keep a target."""

    async def script(bench: Bench) -> None:
        await bench.rounds(3)
        assert {event.complete for event in bench.posted} == {complete}

    play(Bench(cable, *[(target, 1) for target in targets]), script)


@pytest.mark.parametrize("address", [FOUR, SIX])
def test_f22_a_dead_cable_is_told_once_after_its_confirmations(cable: Any, address: str) -> None:
    async def script(bench: Bench) -> None:
        await bench.rounds(1)
        cable.ip(1, "link", "set", "eth0", "down")
        await bench.rounds(2)
        assert bench.said == [Reach.REACHED], "one or two lost pings are nothing (F52)"
        await bench.rounds(3)
        assert bench.said == [Reach.REACHED, Reach.LOST]
        assert not bench.told.entries, "a single target is the core's to tell"

    play(Bench(cable, (address, 1)), script)


def test_f22_without_a_carrier_one_lost_round_is_enough(cable: Any) -> None:
    async def script(bench: Bench) -> None:
        await bench.rounds(2)
        bench.severed = True
        await bench.rounds(1)
        assert bench.said == [Reach.REACHED], "another way leads to the target"
        cable.ip(1, "link", "set", "eth0", "down")
        await bench.rounds(1)
        assert bench.said == [Reach.REACHED, Reach.LOST]

    play(Bench(cable, (FOUR, 1)), script)


def test_f52_pings_lost_now_and_then_are_never_told(cable: Any) -> None:
    async def script(bench: Bench) -> None:
        await bench.rounds(1)
        for _round in range(4):
            cable.ip(0, "route", "add", "blackhole", FOUR)
            await bench.rounds(2)
            cable.ip(0, "route", "del", "blackhole", FOUR)
            await bench.rounds(1)
        assert bench.said == [Reach.REACHED]

    play(Bench(cable, (FOUR, 1)), script)


def test_it_is_back_only_after_two_good_rounds(cable: Any) -> None:
    async def script(bench: Bench) -> None:
        cable.ip(0, "route", "add", "blackhole", FOUR)
        await bench.rounds(3)
        assert bench.said == [Reach.LOST], "nobody was ever reached"
        cable.ip(0, "route", "del", "blackhole", FOUR)
        await bench.rounds(1)
        assert bench.said == [Reach.LOST]
        await bench.rounds(1)
        assert bench.said == [Reach.LOST, Reach.REACHED]

    play(Bench(cable, (FOUR, 1)), script)


def test_one_of_several_targets_dead_moves_nothing_but_is_told(cable: Any) -> None:
    async def script(bench: Bench) -> None:
        await bench.rounds(5)
        assert bench.said == [Reach.REACHED]
        assert bench.told.entries == [("ping-lost", True)]
        assert (bench.state(NOBODY), bench.state(FOUR)) == ("lost", "ok")
        cable.ip(1, "address", "add", f"{NOBODY}/24", "dev", "eth0")
        cable.ip(0, "neighbour", "flush", "all")
        for _round in range(50):  # the kernel asks for the hardware address once a second
            await bench.rounds(1)
            if bench.state(NOBODY) == "ok":
                break
        assert bench.told.entries == [("ping-lost", True), ("ping-back", False)]

    play(Bench(cable, (FOUR, 1), (NOBODY, 1)), script)


@pytest.mark.parametrize(("needed", "expected"), [(1, Reach.REACHED), (2, Reach.LOST)])
def test_the_weights_of_those_who_answer_have_to_suffice(
    cable: Any, needed: int, expected: Reach
) -> None:
    async def script(bench: Bench) -> None:
        await bench.rounds(3)
        assert bench.said == [expected]

    play(Bench(cable, (FOUR, 1), (NOBODY, 5), needed=needed), script)


def test_answers_that_waited_while_the_daemon_did_not_run_count(cable: Any) -> None:
    """F26: the process slept through its deadline; the network was never gone."""

    async def script(bench: Bench) -> None:
        loop = asyncio.get_running_loop()
        for echo in bench.ping._echoes.values():
            loop.remove_reader(echo.socket.fileno())
        await bench.rounds(3)
        assert bench.said == [Reach.REACHED]

    play(Bench(cable, (FOUR, 1)), script)


def test_an_answer_of_another_round_or_of_a_stranger_is_none(cable: Any) -> None:
    async def script(bench: Bench) -> None:
        cable.ip(0, "link", "set", "eth0", "down")
        await bench.rounds(1)
        for address, sequence in ((FOUR, 0), (FOUR, 7), (NOBODY, 1)):
            bench.ping._answer(address, sequence)
        assert not bench.ping._targets[FOUR].answered
        bench.ping._answer(FOUR, 1)
        assert bench.ping._targets[FOUR].answered

    play(Bench(cable, (FOUR, 1)), script)


def test_forged_answers_do_not_pass_for_the_targets(cable: Any) -> None:
    """The kernel drops what has a foreign number; what has ours must carry our token, too."""
    with cable.side(0):
        got: list[tuple[str, int]] = []
        echo = Echo(4, lambda address, sequence: got.append((address, sequence)))
        liar = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    for ident in (echo._ident ^ 1, echo._ident):
        body = HEAD.pack(0, 0, 0, ident, 1) + bytes(8)
        liar.sendto(HEAD.pack(0, 0, checksum(body), ident, 1) + bytes(8), ("10.9.0.1", 0))
    [*_sum, ident, _sequence] = HEAD.unpack_from(echo.socket.recv(100, socket.MSG_PEEK), 20)
    assert ident == echo._ident, "the foreign one was dropped by the kernel"
    echo.read()
    assert got == []
    liar.close()
    echo.close()


def test_without_a_socket_nobody_counts_as_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_arguments: Any) -> Echo:
        raise PermissionError(1, "Operation not permitted")

    async def main() -> None:
        monkeypatch.setattr("failoverd.monitors.ping.Echo", refused)
        events: list[Event] = []
        ping = Ping(PingSettings((Target(FOUR),)), events.append, Told())
        assert not ping.open()
        assert "cannot be asked: Operation not permitted" in ping.problem
        assert not events

    asyncio.run(main())


def test_a_confirmation_starts_anew_after_each_contradiction() -> None:
    confirm = Confirm(3)
    seen = [confirm.see(good) for good in (True, False, False, True, False, False, False, True)]
    assert seen == [True, False, False, False, False, False, True, False]
    assert confirm.verdict is False
    assert confirm.see(True) and confirm.verdict is True


@pytest.mark.parametrize(
    ("targets", "monitors", "sentence"),
    [
        ([{"address": "gate"}], {}, "ping_targets[0].address: gate is not an IP address."),
        (
            [{"address": FOUR}, {"address": FOUR}],
            {},
            "ping_targets[1].address: 10.9.0.2 is used twice.",
        ),
        (
            [{"address": FOUR, "weight": 2}],
            {"ping": {"needed": 3}},
            "monitors.ping.needed: 3 is more than all ping targets weigh together (2); the service"
            " LAN would always count as lost.",
        ),
        (
            [],
            {"ping": {"deadline_s": 2}},
            "monitors.ping.deadline_s: 2 is longer than interval_s (1 s); the next round would"
            " begin before.",
        ),
        ([], {"pong": {}}, "monitors.pong: is not a known field."),
        ([], {"disk": {"tries": 3}}, "monitors.disk.tries: is not a known field."),
    ],
)
def test_wrong_settings_are_refused_by_a_sentence(
    cluster: dict[str, Any], texts: Any, targets: Any, monitors: Any, sentence: str
) -> None:
    cluster["ping_targets"], cluster["monitors"] = targets, monitors
    with pytest.raises(ConfigError) as caught:
        parse(texts())
    assert str(caught.value) == f"/etc/failoverd/cluster.json: {sentence}"


def test_f22_a_lost_round_is_followed_by_the_next_one_until_the_verdict(
    cable: Any, until: Any
) -> None:
    async def main() -> None:
        bench = Bench(cable, (FOUR, 1), interval_s=3600.0)
        with bench.cable.side(0):
            assert bench.ping.open(), bench.ping.problem
        run = asyncio.ensure_future(bench.ping.run())
        try:
            await until(lambda: bench.said == [Reach.REACHED])
            cable.ip(1, "link", "set", "eth0", "down")
            bench.ping.hurry()
            await until(lambda: bench.said == [Reach.REACHED, Reach.LOST])
        finally:
            run.cancel()
            await asyncio.gather(run, return_exceptions=True)

    asyncio.run(main())


def test_a_change_of_the_network_brings_the_next_round_forward(cable: Any, until: Any) -> None:
    async def main() -> None:
        bench = Bench(cable, (FOUR, 1), interval_s=3600.0)
        with bench.cable.side(0):
            assert bench.ping.open(), bench.ping.problem
        run = asyncio.ensure_future(bench.ping.run())
        try:
            await until(lambda: len(bench.posted) == 1)
            bench.ping.hurry()
            await until(lambda: len(bench.posted) == 2)
        finally:
            run.cancel()
            await asyncio.gather(run, return_exceptions=True)

    asyncio.run(main())
