# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A virtual address, which moves with its service."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from failoverd.formats.schema import Section
from failoverd.system import netlink
from failoverd.system.netlink import Interface

from .base import ResourceError, Situation, State
from .neighbour import Address, Neighbours
from .part import Part
from .settings import ResourceSettings

PART = Part.ADDRESS
START_TIMEOUT_S = 20.0
STOP_TIMEOUT_S = 10.0
PROBES = 3
PROBE_PAUSE_S = 0.12
ANNOUNCE_AT_S = (0.0, 0.2, 1.0, 2.0, 5.0, 10.0)
DEFEND_PAUSE_S = 1.0


@dataclass(frozen=True)
class Options:
    """The address and its interface on this node."""

    address: Interface
    interface: str


def parse(entry: Section, node: str, nodes: tuple[str, ...]) -> Options:
    """Read address and interface."""
    text = entry.text("address")
    try:
        if "/" not in text:
            raise ValueError
        address = ipaddress.ip_interface(text)
    except ValueError:
        raise entry.fail("address", f"must be an address with its prefix length, not {text}") from (
            None
        )
    return Options(address, entry.per_node("interface", nodes)[node])


def build(settings: ResourceSettings, host: Any) -> VirtualIp:
    """Make the resource; host.alert reports a rival to people."""
    return VirtualIp(settings, host.alert)


async def who_answers(resources: Iterable[object]) -> str:
    """Who answers to one of the addresses that are not up here, or why that is unknown.

    Empty if all of them are silent. The addresses of one interface share one socket, because a
    lease asks for all addresses each second.
    """
    addresses = [resource for resource in resources if isinstance(resource, VirtualIp)]
    if not addresses:
        return "there is no address to ask for"
    told, absent = [], defaultdict(list)
    for address in addresses:
        try:
            if await address.probe() is State.DOWN:
                absent[address.interface, address.address.version].append(address)
        except ResourceError as error:
            told.append(str(error))

    async def ask(interface: str, group: list[VirtualIp]) -> list[str]:
        try:
            rivals = await _rivals(interface, *(one.address for one in group), taking=False)
        except ResourceError as error:
            return [str(error)]
        named = [(one, rivals.get(one.address, "")) for one in group]
        return [f"{one}: {rival} answers to it" for one, rival in named if rival]

    asked = [ask(interface, group) for (interface, _version), group in absent.items()]
    for answers in await asyncio.gather(*asked):
        told += answers
    return "; ".join(told)


async def _rivals(interface: str, *addresses: Address, taking: bool) -> dict[Address, str]:
    """The MACs of hosts that answer to the addresses on the LAN. taking: see Neighbours.probe.

    Raises ResourceError if the LAN cannot be asked, which is no silence (F56).
    """
    what = ", ".join(map(str, addresses[:3])) + (", ..." if len(addresses) > 3 else "")
    try:
        if not netlink.carrier(interface):
            raise ResourceError(f"{what} on {interface}: the interface is down or absent")
        own, found = netlink.hardware_address(interface), {}
        with contextlib.closing(Neighbours(interface, own, *addresses)) as neighbours:
            for _round in range(PROBES):
                neighbours.probe(taking=taking)
                await asyncio.sleep(PROBE_PAUSE_S)
                found.update(neighbours.claims(probing=True))
                if len(found) == len(addresses):
                    break
    except OSError as error:
        raise ResourceError(f"{what} on {interface}: cannot be probed: {error.strerror}") from None
    return found


async def claimants(addresses: Iterable[VirtualIp]) -> dict[str, tuple[list[str], str]]:
    """For each address the MACs of all other hosts that answer to it, or why that is unknown.

    It does not matter whether the address is up here.
    """
    groups, result = defaultdict(list), {}
    for one in addresses:
        groups[one.interface, one.address.version].append(one.address)
    for (interface, _version), group in groups.items():
        try:
            found, why = await _claimants(interface, group), ""
        except ResourceError as error:
            found, why = {}, str(error)
        result.update({str(one): (found.get(one, []), why) for one in group})
    return result


async def _claimants(interface: str, addresses: list[Address]) -> dict[Address, list[str]]:
    macs: dict[Address, list[str]] = {}
    try:
        if not netlink.carrier(interface):
            raise ResourceError(f"{interface} is down or absent")
        own = netlink.hardware_address(interface)
        with contextlib.closing(Neighbours(interface, own, *addresses)) as neighbours:
            for _round in range(PROBES):
                neighbours.probe(taking=False)
                await asyncio.sleep(PROBE_PAUSE_S)
                for address, found in neighbours.claimants(probing=False).items():
                    known = macs.setdefault(address, [])
                    known += [mac for mac in found if mac not in known]
    except OSError as error:
        raise ResourceError(f"{interface} cannot be asked: {error.strerror}") from None
    return macs


class VirtualIp:
    """Probes it before the start (F56), announces it repeatedly, defends it while held (F57)."""

    def __init__(self, settings: ResourceSettings, alert: Callable[[str, str], None]) -> None:
        self.settings = settings
        self._options: Options = settings.options
        self._alert = alert
        self._probed = False
        self._announcer: asyncio.Task[None] | None = None
        self._guard: Neighbours | None = None
        self._monitor: socket.socket | None = None
        self._defended_at = 0.0

    @property
    def interface(self) -> str:
        """Its interface."""
        return self._options.interface

    @property
    def address(self) -> Address:
        """The address without its network."""
        return self._options.address.ip

    def __str__(self) -> str:
        return f"{self._options.address.ip} on {self._options.interface}"

    async def prepare(self, situation: Situation) -> None:
        """Ask the LAN whether another host has the address. Without proof of silence: no start."""
        self._probed = False
        if await self.probe() is State.UP:
            self._probed = True
            return
        rival = await self._rival()
        if rival:
            raise ResourceError(f"{self}: {rival} answers to it already")
        self._probed = True

    async def _rival(self) -> str:
        """The MAC of the host that answers to the address or takes it now, empty if none does.

        Raises ResourceError if the LAN cannot be asked, which is no silence (F56).
        """
        found = await _rivals(self.interface, self.address, taking=True)
        return found.get(self.address, "")

    def _open(self) -> Neighbours:
        interface = self._options.interface
        own = netlink.hardware_address(interface)
        return Neighbours(interface, own, self._options.address.ip)

    async def probe(self) -> State:
        """Ask the kernel."""
        try:
            found = netlink.holders(self._options.address)
        except OSError as error:
            raise ResourceError(f"{self}: cannot ask the kernel: {error.strerror}") from None
        return State.UP if found else State.DOWN

    async def start(self, situation: Situation) -> None:
        """Add and announce."""
        if not self._probed:
            raise ResourceError(f"{self}: was not probed")
        try:
            netlink.add(self._options.interface, self._options.address)
        except OSError as error:
            raise ResourceError(f"{self}: cannot be added: {error.strerror}") from None
        self._hold()

    def _hold(self) -> None:
        self._release()
        loop = asyncio.get_running_loop()
        with contextlib.suppress(OSError):
            self._guard = self._open()
            loop.add_reader(self._guard.socket.fileno(), self._defend)
            self._announce_anew(self._guard)

    def _announce_anew(self, guard: Neighbours) -> None:
        """At once, and again later for those that miss it now."""
        if self._announcer is not None:
            self._announcer.cancel()
        self._announcer = asyncio.get_running_loop().create_task(self._announce(guard))

    async def _announce(self, guard: Neighbours) -> None:
        begun = 0.0
        for at in ANNOUNCE_AT_S:
            await asyncio.sleep(at - begun)
            begun = at
            with contextlib.suppress(OSError):
                guard.announce()

    def _defend(self) -> None:
        """F57: another host claims the address: announce it anew, and report it to people."""
        guard = self._guard
        if guard is None:
            return
        try:
            rival = guard.rivals(probing=False)
        except OSError:
            return
        now = asyncio.get_running_loop().time()
        if rival and now - self._defended_at >= DEFEND_PAUSE_S:
            self._defended_at = now
            self._announce_anew(guard)
            self._alert("address-conflict", f"{self}: {rival} claims it too")

    async def stop(self) -> None:
        """Remove it; a missing address is no error."""
        self._release()
        self._probed = False
        try:
            # People or an earlier configuration may have added it with another prefix.
            for interface, address in netlink.holders(self._options.address):
                with contextlib.suppress(FileNotFoundError):
                    netlink.remove(interface, address)
            left = netlink.holders(self._options.address)
        except OSError as error:
            raise ResourceError(f"{self}: cannot be removed: {error.strerror}") from None
        if left:
            raise ResourceError(f"{self}: is still there")

    def watch(self, failed: Callable[[str], None]) -> None:
        """Report if somebody removes the address by hand."""
        loop = asyncio.get_running_loop()
        if self._guard is None:
            self._hold()
        if self._monitor is None:
            self._monitor = netlink.monitor(self._options.address.version)
        monitor = self._monitor

        def changed() -> None:
            with contextlib.suppress(OSError):
                for _round in range(64):
                    monitor.recv(65536)
            with contextlib.suppress(OSError):
                if not netlink.holders(self._options.address):
                    failed("the address was removed")

        loop.add_reader(monitor.fileno(), changed)

    def _release(self) -> None:
        loop = asyncio.get_running_loop()
        if self._announcer is not None:
            self._announcer.cancel()
            self._announcer = None
        if self._guard is not None:
            loop.remove_reader(self._guard.socket.fileno())
            self._guard.close()
            self._guard = None
        if self._monitor is not None:
            loop.remove_reader(self._monitor.fileno())
            self._monitor.close()
            self._monitor = None

    def close(self) -> None:
        """Leave the address, stop announcing it."""
        self._release()
