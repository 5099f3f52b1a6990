# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pulled cable: seen at once, told when it lasts. Nothing is polled."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from failoverd.monitors.carrier import Carrier
from failoverd.system import netlink


class Told:
    """A history that keeps what it is told."""

    def __init__(self) -> None:
        self.codes: list[str] = []

    def add(self, code: str, text: str, **more: Any) -> None:
        assert "eth0" in text
        self.codes.append(code)


class Bench:
    """The monitor on one side of a cable."""

    def __init__(self, cable: Any, until: Any, settle_s: float) -> None:
        self.cable, self.until = cable, until
        self.told = Told()
        self.pokes = 0
        self.carrier = Carrier(["eth0"], self.told, self.poke, settle_s)

    def poke(self) -> None:
        self.pokes += 1

    def pull(self) -> None:
        """At the other end."""
        self.cable.ip(1, "link", "set", "eth0", "down")

    def plug(self) -> None:
        self.cable.ip(1, "link", "set", "eth0", "up")

    @property
    def there(self) -> bool:
        return self.carrier.interfaces["eth0"]


Script = Callable[[Bench], Awaitable[None]]


def play(cable: Any, until: Any, script: Script, settle_s: float = 0.02) -> None:
    async def main() -> None:
        # The kernel takes its time to see a new cable.
        await until(lambda: netlink.carrier("eth0"))
        bench = Bench(cable, until, settle_s)
        watch = asyncio.ensure_future(bench.carrier.run())
        try:
            # It watches once it has begun to; a change before that is found by its first look.
            await asyncio.sleep(0)
            await script(bench)
        finally:
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)

    with cable.side(0):
        asyncio.run(main())


def test_a_pulled_cable_is_told_once_and_so_is_its_return(cable: Any, until: Any) -> None:
    async def script(bench: Bench) -> None:
        assert bench.there
        bench.pull()
        await bench.until(lambda: bench.told.codes == ["carrier-lost"])
        assert not bench.there
        bench.plug()
        await bench.until(lambda: bench.told.codes == ["carrier-lost", "carrier-back"])
        assert bench.there

    play(cable, until, script)


def test_the_ping_targets_are_asked_at_each_change_at_once(cable: Any, until: Any) -> None:
    async def script(bench: Bench) -> None:
        bench.pull()
        await bench.until(lambda: bench.pokes == 1)
        assert bench.told.codes == [], "it has not lasted yet"
        bench.plug()
        await bench.until(lambda: bench.pokes == 2)

    play(cable, until, script, settle_s=60.0)


def test_a_link_that_flaps_fills_no_history(
    cable: Any, until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def script(bench: Bench) -> None:
        for turn in range(1, 6):
            bench.pull()
            await bench.until(lambda now=2 * turn - 1: bench.pokes == now)
            bench.plug()
            await bench.until(lambda now=2 * turn: bench.pokes == now)
        tellings: list[None] = []
        tell = bench.carrier._tell
        monkeypatch.setattr(bench.carrier, "_tell", lambda: tellings.append(tell()))
        loop = asyncio.get_running_loop()
        monkeypatch.setattr(loop, "time", lambda real=loop.time: real() + 600.0)
        await bench.until(lambda: tellings)
        assert bench.told.codes == []

    play(cable, until, script, settle_s=600.0)


def test_clients_are_cut_off_when_no_interface_to_them_has_a_carrier(cable: Any) -> None:
    with cable.side(0):
        carrier = Carrier(["eth0", "eth9"], Told(), lambda: None)
    assert carrier.dead(["eth9"])
    assert not carrier.dead(["eth9", "eth0"])
    assert not carrier.dead([]), "none is known"


def test_an_interface_that_is_not_there_has_no_carrier(cable: Any) -> None:
    with cable.side(0):
        told = Told()

        async def main() -> None:
            assert Carrier(["eth9"], told, lambda: None).interfaces == {"eth9": False}

        asyncio.run(main())
