# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The address moves only to where nobody else has it, and everybody hears of it."""

from __future__ import annotations

import asyncio
import ipaddress
from typing import Any

import pytest

from failoverd.resources import netlink, virtual_ip
from failoverd.resources.base import ResourceError, Situation, State
from failoverd.resources.neighbour import Neighbours
from failoverd.resources.settings import ResourceSettings
from failoverd.resources.virtual_ip import VirtualIp, who_answers

ADDRESSES = ["10.9.0.10/24", "fd00::10/64"]


def resource(address: str, alerts: list[str], interface: str = "eth0") -> VirtualIp:
    options = virtual_ip.Options(ipaddress.ip_interface(address), interface)
    settings = ResourceSettings("address", "virtual_ip", (), 20.0, 10.0, options)
    return VirtualIp(settings, lambda code, text: alerts.append(text))


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_silent_address_is_taken_announced_and_given_back(
    cable: Any, until: Any, address: str
) -> None:
    async def main() -> None:
        here = resource(address, [])
        with cable.side(1):
            own = netlink.hardware_address("eth0")
            ears = Neighbours("eth0", own, ipaddress.ip_interface(address).ip)
        with cable.side(0):
            assert await here.probe() is State.DOWN
            await here.prepare(Situation())
            await here.start(Situation())
            assert await here.probe() is State.UP
            mac = netlink.hardware_address("eth0").hex(":")
            await until(lambda: ears.rivals(probing=False, limit=1) == mac)
            await here.start(Situation())
            await here.stop()
            assert await here.probe() is State.DOWN
            await here.stop()
        ears.close()

    asyncio.run(main())


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_that_answers_is_refused_with_the_mac(cable: Any, address: str) -> None:
    async def main() -> None:
        cable.ip(1, "address", "add", address, "dev", "eth0", "nodad")
        with cable.side(1):
            rival = netlink.hardware_address("eth0").hex(":")
        with cable.side(0):
            here = resource(address, [])
            with pytest.raises(ResourceError, match=rival):
                await here.prepare(Situation())
            with pytest.raises(ResourceError, match="was not probed"):
                await here.start(Situation())
            assert await here.probe() is State.DOWN

    asyncio.run(main())


def test_what_cannot_be_probed_is_not_taken(cable: Any) -> None:
    async def main() -> None:
        with cable.side(0):
            with pytest.raises(ResourceError, match="down or absent"):
                await resource("10.9.0.10/24", [], "eth7").prepare(Situation())
            cable.ip(0, "link", "set", "eth0", "down")
            with pytest.raises(ResourceError, match="down or absent"):
                await resource("10.9.0.10/24", []).prepare(Situation())

    asyncio.run(main())


def test_a_rival_is_answered_and_reported(cable: Any, until: Any) -> None:
    async def main() -> None:
        alerts: list[str] = []
        with cable.side(1):
            own = netlink.hardware_address("eth0")
            rival = Neighbours("eth0", own, ipaddress.ip_address("10.9.0.10"))
        with cable.side(0):
            here = resource("10.9.0.10/24", alerts)
            await here.prepare(Situation())
            await here.start(Situation())
            await asyncio.sleep(0.05)
            while rival.rivals(probing=False):
                pass
            rival.announce()
            await until(lambda: alerts)
            assert own.hex(":") in alerts[0]
            await until(lambda: rival.rivals(probing=False))
            await here.stop()
        rival.close()

    asyncio.run(main())


def test_an_address_removed_by_hand_is_noticed(cable: Any, until: Any) -> None:
    async def main() -> None:
        with cable.side(0):
            here = resource("10.9.0.10/24", [])
            failures: list[str] = []
            await here.prepare(Situation())
            await here.start(Situation())
            here.watch(failures.append)
            cable.ip(0, "address", "del", "10.9.0.10/24", "dev", "eth0")
            await until(lambda: failures)
            assert failures == ["the address was removed"]
            here.close()

    asyncio.run(main())


@pytest.mark.parametrize("address", ADDRESSES)
def test_only_addresses_that_were_asked_and_kept_silent_are_silent(
    cable: Any, address: str
) -> None:
    async def main() -> None:
        with cable.side(0):
            silent, absent = resource(address, []), resource(address, [], "eth7")
            assert await who_answers([silent]) == ""
            assert "down or absent" in await who_answers([silent, absent])
            cable.ip(1, "address", "add", address, "dev", "eth0", "nodad")
            assert "answers to it" in await who_answers([silent])
            await asyncio.sleep(0)
            cable.ip(1, "address", "del", address, "dev", "eth0")
            # Its own address is no answer of somebody else.
            await silent.prepare(Situation())
            await silent.start(Situation())
            assert await who_answers([silent]) == ""
            await silent.stop()

    asyncio.run(main())
