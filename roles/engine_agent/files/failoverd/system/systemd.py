# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""systemd over D-Bus: signals tell the results of jobs and the states of units."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

BUS = "org.freedesktop.systemd1"
MANAGER = "/org/freedesktop/systemd1"
MANAGER_IF = f"{BUS}.Manager"
UNIT_IF = f"{BUS}.Unit"
SERVICE_IF = f"{BUS}.Service"
PROPERTIES_IF = "org.freedesktop.DBus.Properties"
REMEMBERED = 256
LOOK_S = 2.0
"""A missed signal must not block a takeover: the state is also read this often."""
ERROR, SIGNAL = 3, 4
STARTS = ("ExecStartPre", "ExecStart", "ExecStartPost")
ACTIVE, SETTLED = "active", ("active", "inactive", "failed", "reloading")


class SystemdError(Exception):
    """A call failed; str() is the error text of systemd."""


class Systemd:
    """One connection for all units. It is made again after a restart of the bus."""

    def __init__(self) -> None:
        self._bus: Any = None
        self._connecting = asyncio.Lock()
        self._results: OrderedDict[str, str] = OrderedDict()
        self._changed = asyncio.Event()
        self._watched: dict[str, Callable[[dict[str, Any]], None]] = {}
        self._rules: set[str] = set()

    async def warm(self) -> None:
        """Connect before the connection is needed."""
        with contextlib.suppress(SystemdError):
            await self._connect()

    async def _connect(self) -> Any:
        async with self._connecting:
            if self._bus is not None and self._bus.connected:
                return self._bus
            # Loading the library takes long on a small machine, so another thread does it.
            try:
                library = await asyncio.to_thread(importlib.import_module, "dbus_fast")
                aio = await asyncio.to_thread(importlib.import_module, "dbus_fast.aio")
                bus = await aio.MessageBus(bus_type=library.BusType.SYSTEM).connect()
            except Exception as error:
                raise SystemdError(f"the system bus cannot be reached: {error}") from None
            bus.add_message_handler(self._signal)
            self._bus = bus
            await self._add_match(f"type='signal',sender='{BUS}',path='{MANAGER}'")
            for path in self._rules:
                await self._add_match(_rule(path))
            await self._raw(MANAGER, MANAGER_IF, "Subscribe")
            return bus

    async def _raw(
        self, path: str, interface: str, member: str, signature: str = "", *body: Any
    ) -> list[Any]:
        from dbus_fast import Message

        message = Message(
            destination=BUS,
            path=path,
            interface=interface,
            member=member,
            signature=signature,
            body=list(body),
        )
        return await self._send(message)

    async def _send(self, message: Any) -> list[Any]:
        try:
            reply = await self._bus.call(message)
        except Exception as error:
            raise SystemdError(f"the system bus failed: {error}") from None
        if reply is None:
            raise SystemdError("the system bus failed")
        if reply.message_type.value == ERROR:
            raise SystemdError(str(reply.body[0]) if reply.body else str(reply.error_name))
        return list(reply.body)

    async def _add_match(self, rule: str) -> None:
        from dbus_fast import Message

        await self._send(
            Message(
                destination="org.freedesktop.DBus",
                path="/org/freedesktop/DBus",
                interface="org.freedesktop.DBus",
                member="AddMatch",
                signature="s",
                body=[rule],
            )
        )

    def _signal(self, message: Any) -> None:
        if message.message_type.value != SIGNAL:
            return
        if message.member == "JobRemoved" and message.interface == MANAGER_IF:
            _number, job, _unit, result = message.body
            self._results[job] = result
            while len(self._results) > REMEMBERED:
                self._results.popitem(last=False)
            self._changed.set()
            self._changed = asyncio.Event()
        elif message.member == "PropertiesChanged" and message.path in self._watched:
            values = {name: variant.value for name, variant in message.body[1].items()}
            self._watched[message.path](values)

    async def call(self, member: str, signature: str, *body: Any) -> list[Any]:
        """Call a method of the manager; raises SystemdError."""
        await self._connect()
        return await self._raw(MANAGER, MANAGER_IF, member, signature, *body)

    async def properties(self, unit: str) -> dict[str, Any]:
        """The properties of the unit; an unknown unit has LoadState not-found."""
        path = (await self.call("LoadUnit", "s", unit))[0]
        reply = await self._raw(path, PROPERTIES_IF, "GetAll", "s", UNIT_IF)
        return {name: variant.value for name, variant in reply[0].items()}

    async def state(self, unit: str) -> str:
        """ActiveState: active, inactive, failed, activating, deactivating, reloading."""
        path = str((await self.call("LoadUnit", "s", unit))[0])
        reply = await self._raw(path, PROPERTIES_IF, "Get", "ss", UNIT_IF, "ActiveState")
        return str(reply[0].value)

    async def main_pid(self, unit: str) -> int:
        """The main process of a service, 0 if it has none."""
        path = str((await self.call("LoadUnit", "s", unit))[0])
        reply = await self._raw(path, PROPERTIES_IF, "Get", "ss", SERVICE_IF, "MainPID")
        return int(reply[0].value)

    async def told(self, unit: str) -> str:
        """The status text of a service (sd_notify, STATUS=), empty if there is none."""
        path = str((await self.call("LoadUnit", "s", unit))[0])
        reply = await self._raw(path, PROPERTIES_IF, "Get", "ss", SERVICE_IF, "StatusText")
        return str(reply[0].value)

    async def programs(self, unit: str) -> list[str]:
        """Paths of the programs that a start of a service runs; empty for another kind of unit.

        A unit with a root directory of its own has its programs there, so it tells none.
        """
        path = str((await self.call("LoadUnit", "s", unit))[0])
        if not unit.endswith(".service"):
            return []
        reply = await self._raw(path, PROPERTIES_IF, "GetAll", "s", SERVICE_IF)
        told = {name: variant.value for name, variant in reply[0].items()}
        if told.get("RootDirectory") or told.get("RootImage"):
            return []
        lines = [line for name in STARTS for line in told.get(name, [])]
        # Each line: path, arguments, whether a failure is ignored, and times.
        return [str(line[0]) for line in lines if not line[2]]

    async def pids(self, unit: str) -> list[int]:
        """The processes of a unit."""
        reply = await self.call("GetUnitProcesses", "s", unit)
        return [int(pid) for _group, pid, _command in reply[0]]

    async def job(self, member: str, unit: str) -> str:
        """Call StartUnit or StopUnit, and wait for its result: done, failed, timeout, ..."""
        mode = await self._mode(member)
        return await self.finished(str((await self.call(member, "ss", unit, mode))[0]), unit)

    async def finished(self, path: str, unit: str) -> str:
        """Wait for the end of a job of a unit; returns its result."""
        while path not in self._results:
            changed = self._changed
            with contextlib.suppress(TimeoutError):
                # wait_for() of Python 3.11 forgets a cancellation that comes with the event.
                async with asyncio.timeout(LOOK_S):
                    await changed.wait()
                continue
            if path in self._results:
                break
            properties = await self.properties(unit)
            if properties["Job"][0] == 0 and properties["ActiveState"] in SETTLED:
                return "done"
        return self._results[path]

    async def _mode(self, member: str) -> str:
        """How the job is queued.

        While the host shuts down, systemd has queued its own stop of the unit. That stop waits for
        the handover, and the handover waits for this stop, which must not queue behind (F61).
        """
        if member != "StopUnit":
            return "replace"
        await self._connect()
        reply = await self._raw(MANAGER, PROPERTIES_IF, "Get", "ss", MANAGER_IF, "SystemState")
        return "ignore-dependencies" if reply[0].value == "stopping" else "replace"

    async def watch(self, unit: str, changed: Callable[[dict[str, Any]], None]) -> None:
        """Call changed(properties) whenever the unit's state changes."""
        path = str((await self.call("LoadUnit", "s", unit))[0])
        self._watched[path] = changed
        if path not in self._rules:
            self._rules.add(path)
            await self._add_match(_rule(path))

    def close(self) -> None:
        """Close the connection."""
        if self._bus is not None:
            self._bus.disconnect()
            self._bus = None


def _rule(path: str) -> str:
    return (
        f"type='signal',sender='{BUS}',path='{path}',"
        f"interface='{PROPERTIES_IF}',member='PropertiesChanged'"
    )
