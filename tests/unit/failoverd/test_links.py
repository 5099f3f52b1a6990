# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Heartbeats pass over a LAN and a serial line, by the right path only, and under rubbish."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import pty
import socket
import tracemalloc
from typing import Any

import pytest

from failoverd.core.message import Message
from failoverd.links import serial as serial_module
from failoverd.links.framing import pack
from failoverd.links.serial import SerialLink
from failoverd.links.settings import SerialSettings, UdpSettings
from failoverd.links.udp import UdpLink
from failoverd.links.wire import MAX_BYTES, Frame, Wire, WireError

HEAD = b"\x01abcd"
ONE = UdpSettings("lan", "eth0", "10.9.0.1", "10.9.0.2", 7410)
TWO = UdpSettings("lan", "eth0", "10.9.0.2", "10.9.0.1", 7410)


def one_form(frame: bytes) -> Frame:
    """A frame that has no brief form."""
    return Frame(frame, frame, b"")


def udp(settings: UdpSettings, received: list[bytes]) -> UdpLink:
    return UdpLink(settings, (HEAD,), lambda name, frame: received.append(frame), lambda: True)


def test_a_frame_crosses_the_lan(cable: Any, until: Any) -> None:
    async def main() -> None:
        got: list[bytes] = []
        one, two = udp(ONE, []), udp(TWO, got)
        with cable.side(0):
            one.open()
        with cable.side(1):
            two.open()
        assert (one.problem, two.problem) == ("", "")
        one.send(one_form(HEAD + b"hello"))
        await until(lambda: got)
        assert got == [HEAD + b"hello"]
        one.close()
        two.close()

    asyncio.run(main())


def test_rubbish_and_strangers_do_not_reach_the_daemon(cable: Any, until: Any) -> None:
    async def main() -> None:
        got: list[bytes] = []
        one, two = udp(ONE, []), udp(TWO, got)
        with cable.side(0):
            cable.ip(0, "address", "add", "10.9.0.66/24", "dev", "eth0")
            one.open()
            stranger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            stranger.bind(("10.9.0.66", 7410))
        with cable.side(1):
            two.open()
        stranger.sendto(HEAD + b"stranger", ("10.9.0.2", 7410))
        for number in range(5000):
            one.send(one_form(b"rubbish %d" % number))
        one.send(one_form(HEAD + b"hello"))
        await until(lambda: got)
        assert got == [HEAD + b"hello"]
        stranger.close()
        one.close()
        two.close()

    asyncio.run(main())


def test_f70_heartbeats_pass_a_flood_that_has_the_right_beginning(cable: Any) -> None:
    """An attacker who has seen a frame knows its first bytes; the kernel cannot tell his apart."""

    async def main() -> None:
        wire = Wire((bytes(32),), "shop", "node2", "node1", ())
        ours = Wire((bytes(32),), "shop", "node1", "node2", ())
        heard: list[int] = []

        def receive(_link: str, frame: bytes) -> None:
            with contextlib.suppress(WireError):
                heard.append(wire.decode(frame).sequence)

        one = UdpLink(ONE, ours.heads, receive, lambda: True)
        two = UdpLink(TWO, wire.heads, receive, lambda: True)
        with cable.side(0):
            one.open()
        with cable.side(1):
            two.open()
        grown = []
        for sequence in range(1, 61):
            if sequence == 11:
                tracemalloc.start()
            for number in range(150):
                one.send(one_form(wire.heads[0] + b"%08d" % number + bytes(60 + number % 40)))
            one.send(one_form(ours.encode(Message("shop", "node1", 1, sequence, 0, (), ()))))
            for _round in range(10):
                await asyncio.sleep(0)
            if sequence > 11:
                grown.append(tracemalloc.get_traced_memory()[0])
        tracemalloc.stop()
        assert heard == list(range(1, 61))
        assert wire.refused == {"wrong key": 60 * 150}
        assert grown[-1] - grown[0] < 20_000, "one entry per kind of rubbish, not per datagram"
        one.close()
        two.close()

    asyncio.run(main())


def test_an_interface_that_comes_late_is_taken_up(cable: Any, until: Any) -> None:
    async def main() -> None:
        late = UdpSettings("lan", "eth9", "10.9.0.1", "10.9.0.2", 7410)
        link = udp(late, [])
        with cable.side(0):
            link.open()
            assert "eth9" in link.problem
            link.send(one_form(HEAD + b"dropped"))
            cable.ip(0, "link", "set", "eth0", "down")
            cable.ip(0, "link", "set", "eth0", "name", "eth9")
            cable.ip(0, "link", "set", "eth9", "up")
            await until(lambda: not link.problem)
            link.close()

    asyncio.run(main())


def test_what_waited_during_a_sleep_is_thrown_away(cable: Any) -> None:
    async def main() -> None:
        got: list[bytes] = []
        one, two = udp(ONE, []), udp(TWO, got)
        with cable.side(0):
            one.open()
        with cable.side(1):
            two.open()
        for _round in range(50):
            one.send(one_form(HEAD + b"old"))
        two.discard()
        await asyncio.sleep(0.05)
        assert got == []
        one.close()
        two.close()

    asyncio.run(main())


def line() -> tuple[int, str]:
    """A pseudo terminal: our end, and the device for the daemon."""
    end, device = pty.openpty()
    name = os.ttyname(device)
    os.close(device)
    return end, name


def serial(device: str, received: list[bytes], whole_s: float = 0.0) -> SerialLink:
    settings = SerialSettings("serial", device, 115200)
    return SerialLink(settings, lambda name, frame: received.append(frame), lambda: True, whole_s)


def test_a_frame_that_comes_a_few_bytes_at_a_time_wakes_nobody_for_each(
    until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        monkeypatch.setattr(serial_module, "PAUSE_S", 0.2)
        master, device = line()
        got: list[bytes] = []
        link = serial(device, got)
        woken: list[int] = []

        def awake() -> bool:
            woken.append(len(got))
            return True

        link._awake = awake
        link.open()
        frame = pack(bytes(range(100)))
        os.write(master, frame)
        await until(lambda: len(got) == 1)
        woken.clear()
        for start in range(0, len(frame), 10):
            os.write(master, frame[start : start + 10])
            for _round in range(10):
                await asyncio.sleep(0)
        await until(lambda: len(got) == 2)
        assert got == [bytes(range(100))] * 2
        assert len(woken) < len(frame) / 10 / 2, "it was woken up for each"
        # A frame of which the end is lost holds up nothing for long.
        os.write(master, frame[:30])
        await asyncio.sleep(0)
        os.write(master, b"\n" + frame)
        await until(lambda: len(got) == 3)
        link.close()
        os.close(master)

    asyncio.run(main())


def test_frames_cross_a_serial_line_both_ways_and_survive_noise(until: Any) -> None:
    async def main() -> None:
        got: list[bytes] = []
        end, device = line()
        link = serial(device, got)
        link.open()
        assert link.problem == ""
        os.write(end, b"login: \x00\xff~~" + pack(b"\x00\x11hello\n\xff"))
        await until(lambda: got)
        assert got == [b"\x00\x11hello\n\xff"]
        link.send(one_form(b"answer"))
        assert os.read(end, 100) == pack(b"answer")
        link.close()
        os.close(end)

    asyncio.run(main())


def test_a_line_that_does_not_drain_costs_nothing() -> None:
    async def main() -> None:
        end, device = line()
        link = serial(device, [])
        link.open()
        for _round in range(2000):
            link.send(one_form(b"x" * 300))
        assert link.problem == ""
        link.close()
        os.close(end)

    asyncio.run(main())


def test_a_line_that_was_stuck_for_long_is_used_again(
    monkeypatch: pytest.MonkeyPatch, until: Any
) -> None:
    async def main() -> None:
        monkeypatch.setattr(serial_module, "STUCK_S", 0.1)
        waiting = [500]

        def queue(fd: int, request: int, buffer: Any) -> int:
            buffer[0] = waiting[0]
            return 0

        monkeypatch.setattr(fcntl, "ioctl", queue)
        end, device = line()
        os.set_blocking(end, False)
        link = serial(device, [])
        link.open()
        link.send(one_form(b"lost"))
        await asyncio.sleep(0.2)
        link.send(one_form(b"new"))
        assert os.read(end, 100) == pack(b"new")
        link.close()
        os.close(end)

    asyncio.run(main())


def test_a_device_that_is_absent_is_tried_again(tmp_path: Any, until: Any) -> None:
    async def main() -> None:
        device = tmp_path / "ttyS9"
        link = serial(str(device), [])
        link.open()
        assert "No such file" in link.problem
        end, name = line()
        device.symlink_to(name)
        await until(lambda: not link.problem)
        link.close()
        os.close(end)

    asyncio.run(main())


@pytest.mark.finding("S3")
def test_f74_the_longest_heartbeat_crosses_the_lan_and_a_serial_line(
    cable: Any, until: Any
) -> None:
    async def main() -> None:
        frame = HEAD + bytes(range(256)) * 10
        frame += bytes(MAX_BYTES - len(frame))
        got: list[bytes] = []
        one, two = udp(ONE, []), udp(TWO, got)
        with cable.side(0):
            one.open()
        with cable.side(1):
            two.open()
        end, device = line()
        cord = serial(device, got)
        cord.open()
        one.send(one_form(frame))
        await until(lambda: len(got) == 1)
        stream = pack(frame)
        for start in range(0, len(stream), 512):
            os.write(end, stream[start : start + 512])
            await asyncio.sleep(0)
        await until(lambda: len(got) == 2)
        assert got == [frame] * 2
        for link in (one, two, cord):
            link.close()
        os.close(end)

    asyncio.run(main())


@pytest.mark.finding("S3")
def test_f74_a_serial_line_says_what_repeats_itself_in_brief(until: Any) -> None:
    async def main() -> None:
        end, device = line()
        link = serial(device, [], whole_s=1000.0)
        link.open()

        def sent(whole: bytes, mark: bytes) -> bytes:
            link._free_at = 0.0
            link.send(Frame(whole, b"brief", mark))
            return os.read(end, 1000)

        assert sent(b"one", b"m") == pack(b"one")
        assert sent(b"one", b"m") == pack(b"brief")
        assert sent(b"two", b"n") == pack(b"two"), "what is new is said whole at once"
        assert sent(b"two", b"n") == pack(b"brief")
        link._whole_s = 0.0
        assert sent(b"two", b"n") == pack(b"two"), "and again after a while, for who lost it"
        link.close()
        os.close(end)

    asyncio.run(main())


@pytest.mark.finding("S3")
def test_f74_a_line_that_takes_everything_at_once_is_not_filled_faster_than_it_is_read() -> None:
    async def main() -> None:
        end, device = line()
        os.set_blocking(end, False)
        link = serial(device, [], whole_s=0.75)
        link.open()
        loop = asyncio.get_running_loop()
        begun, taken = loop.time(), 0
        for number in range(400):
            link.send(Frame(bytes(700), b"brief", b"%d" % number))
            with contextlib.suppress(BlockingIOError):
                taken += len(os.read(end, 65536))
            await asyncio.sleep(0.002)
        most = 0.25 * 115200 / 10 * (loop.time() - begun) + len(pack(bytes(700)))
        assert 0 < taken <= most
        link.close()
        os.close(end)

    asyncio.run(main())
