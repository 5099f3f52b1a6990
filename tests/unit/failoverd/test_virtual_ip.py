# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The address moves only to where nobody else has it, and everybody hears of it."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import socket
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest

from failoverd.resources import neighbour, virtual_ip
from failoverd.resources.base import ResourceError, Situation, State
from failoverd.resources.neighbour import Neighbours
from failoverd.resources.settings import ResourceSettings
from failoverd.resources.virtual_ip import VirtualIp, who_answers
from failoverd.system import netlink

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
            await until(lambda: ears.rivals(probing=False) == mac)
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


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_is_taken_while_the_other_node_asks_who_has_it(
    cable: Any, until: Any, address: str
) -> None:
    """The standby asks all the time, for its head start and its readiness; it does not want it."""

    async def main() -> None:
        with cable.side(1):
            curious = resource(address, [])
            own = netlink.hardware_address("eth0")
            other = Neighbours("eth0", own, curious.address)
        here = resource(address, [])
        with cable.side(0):
            asked = asyncio.create_task(here.prepare(Situation()))
            for _question in range(4):
                other.probe(taking=False)
                await asyncio.sleep(0.05)
            await asked
            asked = asyncio.create_task(here.prepare(Situation()))
            await asyncio.sleep(0.05)
            other.probe(taking=True)
            with pytest.raises(ResourceError, match=f"{own.hex(':')} answers to it already"):
                await asked
            await here.prepare(Situation())
            await here.start(Situation())
        for taking in (True, False):
            other.probe(taking=taking)
            # Who has it answers to every question.
            await until(lambda: other.rivals(probing=True))
        with cable.side(0):
            await here.stop()
        other.close()

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
            assert any(not rival.rivals(probing=False) for _round in range(1000))
            rival.announce()
            await until(lambda: alerts)
            assert own.hex(":") in alerts[0]
            await until(lambda: rival.rivals(probing=False))
            await here.stop()
        rival.close()

    asyncio.run(main())


def test_f57_after_a_conflict_it_is_announced_again_and_again(
    cable: Any, until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who misses the first announcement would go on talking to the rival."""

    async def main() -> None:
        with cable.side(1):
            own = netlink.hardware_address("eth0")
            rival = Neighbours("eth0", own, ipaddress.ip_address("10.9.0.10"))
        monkeypatch.setattr(virtual_ip, "ANNOUNCE_AT_S", (0.0,))
        with cable.side(0):
            here = resource("10.9.0.10/24", [])
            await here.prepare(Situation())
            await here.start(Situation())
            await until(lambda: rival.rivals(probing=False))
            await asyncio.sleep(0.05)
            rival.rivals(probing=False)
            monkeypatch.setattr(virtual_ip, "ANNOUNCE_AT_S", (0.0, 0.2, 0.4))
            rival.announce()
            for _announcement in range(3):
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


def _of(cable: Any, side: int) -> list[str]:
    """The IPv4 addresses of eth0 on one side."""
    done = subprocess.run(
        ["ip", "-n", cable.names[side], "-json", "-4", "address", "show", "dev", "eth0"],
        capture_output=True,
        check=True,
    )
    found = json.loads(done.stdout)[0]["addr_info"]
    return sorted(entry["local"] for entry in found)


def _way(cable: Any, side: int, address: str) -> str:
    """The interface that leads from one side to an address."""
    done = subprocess.run(
        ["ip", "-n", cable.names[side], "-json", "route", "get", address],
        capture_output=True,
        check=True,
    )
    return str(json.loads(done.stdout)[0]["dev"])


def _as_debian_does(cable: Any, side: int) -> None:
    """The kernel's default, whatever this machine says."""
    with cable.side(side):
        for name in ("all", "default", "eth0"):
            path = Path(f"/proc/sys/net/ipv4/conf/{name}/promote_secondaries")
            path.write_text("0")


@pytest.mark.finding("S28")
@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("own", [False, True])
def test_an_address_outlives_another_of_its_network(cable: Any, first: int, own: bool) -> None:
    """own: whether the node has an address in that network itself."""

    async def main() -> None:
        _as_debian_does(cable, 0)
        if own:
            cable.ip(0, "address", "add", "10.77.0.1/24", "dev", "eth0")
        with cable.side(0):
            both = [resource(f"10.77.0.{last}/24", []) for last in (10, 11)]
            for one in both:
                await one.prepare(Situation())
                await one.start(Situation())
            left = both[1 - first]
            await both[first].stop()
            assert await left.probe() is State.UP
            hosts = ["10.77.0.1"] * own + [str(left.settings.options.address.ip)]
            assert _of(cable, 0) == sorted(["10.9.0.1", *hosts])
            assert _way(cable, 0, "10.77.0.200") == "eth0", "the way to that network is there still"
            await left.stop()

    asyncio.run(main())


@pytest.mark.finding("S28")
def test_addresses_of_two_services_in_one_network_move_apart(cable: Any) -> None:
    """One service goes to the other node and comes back; the other never loses its address."""

    async def main() -> None:
        for side in (0, 1):
            _as_debian_does(cable, side)
        shop, mail = "10.77.0.10/24", "10.77.0.11/24"
        alerts: list[str] = []
        with cable.side(0):
            here = [resource(shop, alerts), resource(mail, alerts)]
            for one in here:
                await one.prepare(Situation())
                await one.start(Situation())
                one.watch(alerts.append)
            await here[0].stop()
        with cable.side(1):
            there = resource(shop, alerts)
            await there.prepare(Situation())
            await there.start(Situation())
        assert _of(cable, 0) == ["10.77.0.11", "10.9.0.1"]
        with cable.side(1):
            await there.stop()
        with cable.side(0):
            await here[0].prepare(Situation())
            await here[0].start(Situation())
            await asyncio.sleep(0.1)
            assert _of(cable, 0) == ["10.77.0.10", "10.77.0.11", "10.9.0.1"]
            # Somebody takes the one that is primary now away by hand.
            cable.ip(0, "address", "del", mail, "dev", "eth0")
            assert await here[0].probe() is State.UP
            for one in here:
                await one.stop()
        assert [text for text in alerts if text != "the address was removed"] == []
        assert len(alerts) <= 1

    asyncio.run(main())


@pytest.mark.finding("S28")
def test_an_address_that_was_there_before_the_daemon_is_kept_too(cable: Any) -> None:
    """Both were added by an earlier daemon, with the setting that loses one."""

    async def main() -> None:
        for last in (10, 11):
            cable.ip(0, "address", "add", f"10.77.0.{last}/24", "dev", "eth0")
        _as_debian_does(cable, 0)
        with cable.side(0):
            await resource("10.77.0.10/24", []).stop()
            assert _of(cable, 0) == ["10.77.0.11", "10.9.0.1"]

    asyncio.run(main())


@pytest.mark.finding("S3")
def test_f74_many_addresses_do_not_hold_up_the_loop(
    cable: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel waits for every processor to bind a socket that hears, and to close one."""
    heard, closed = [], []

    class Watched(socket.socket):
        def bind(self, address: Any) -> None:
            if self.family == socket.AF_PACKET:
                heard.append(self.proto)
            super().bind(address)

        def close(self) -> None:
            if self.family == socket.AF_PACKET:
                closed.append(threading.current_thread() is threading.main_thread())
            super().close()

    many = [resource(f"10.9.0.{n}/24", []) for n in range(100, 150)]

    async def main() -> None:
        with cable.side(0):
            monkeypatch.setattr(neighbour.socket, "socket", Watched)
            assert await who_answers(many) == ""
            assert heard == [0], "one socket asks for all of them"
            await asyncio.gather(*(one.prepare(Situation()) for one in many))
            monkeypatch.undo()

    asyncio.run(main())
    neighbour._CLOSER.submit(lambda: None).result(60)
    assert heard == [0] * 51
    assert closed == [False] * 51


@pytest.mark.finding("S3")
def test_of_many_addresses_those_that_answer_are_named(cable: Any) -> None:
    many = [resource(f"10.9.0.{n}/24", []) for n in range(100, 150)]

    async def main() -> None:
        cable.ip(1, "address", "add", "10.9.0.107/24", "dev", "eth0")
        cable.ip(1, "address", "add", "10.9.0.149/24", "dev", "eth0")
        cable.ip(0, "address", "add", "10.9.0.120/24", "dev", "eth0")
        with cable.side(1):
            mac = netlink.hardware_address("eth0").hex(":")
        with cable.side(0):
            assert await who_answers(many) == (
                f"10.9.0.107 on eth0: {mac} answers to it; 10.9.0.149 on eth0: {mac} answers to it"
            )
            absent = resource("10.9.0.30/24", [], "eth7")
            text = await who_answers([*many, absent])
        assert text.count("answers to it") == 2
        assert "10.9.0.30 on eth7: the interface is down or absent" in text

    asyncio.run(main())


@pytest.mark.finding("S28")
def test_an_address_on_an_interface_that_is_gone_is_stopped(cable: Any) -> None:
    """Where there is no interface there is no address: the stop of the others goes on."""

    async def main() -> None:
        with cable.side(0):
            for address in ADDRESSES:
                await resource(address, [], "eth7").stop()

    asyncio.run(main())


@pytest.mark.finding("S29")
@pytest.mark.parametrize(("given", "there"), [("10.9.0.10/24", "25"), ("fd00::10/64", "96")])
def test_an_address_with_another_prefix_is_removed_too(cable: Any, given: str, there: str) -> None:
    """It answers on the LAN all the same, and a stop that fails costs the node its life (F47)."""
    here = resource(given, [])
    cable.ip(0, "address", "add", f"{given.partition('/')[0]}/{there}", "dev", "eth0")
    with cable.side(0):
        asyncio.run(here.stop())
        assert asyncio.run(here.probe()) is State.DOWN
