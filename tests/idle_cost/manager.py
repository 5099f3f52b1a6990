# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands in for systemd on a bus of its own: units that run as soon as they are started.

python -m tests.idle_cost.manager BUS_ADDRESS UNIT=MAIN_PID ...
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from dbus_fast import Message, MessageType, Variant
from dbus_fast.aio import MessageBus

BUS = "org.freedesktop.systemd1"
ROOT = "/org/freedesktop/systemd1"
JOB = f"{ROOT}/job/1"


class Manager:
    """Answers the calls that failoverd makes."""

    def __init__(self, bus: Any, units: dict[str, int]) -> None:
        self._bus = bus
        self._pids = units
        self._paths = {f"{ROOT}/unit/{number}": unit for number, unit in enumerate(units)}
        self._active = dict.fromkeys(units, "inactive")

    def answer(self, call: Any) -> Any:
        """The reply to a method call; None leaves it to the library."""
        if call.message_type is not MessageType.METHOD_CALL or not call.path.startswith(ROOT):
            return None
        if call.path in self._paths:
            return self._of_unit(call, self._paths[call.path])
        if call.member == "LoadUnit":
            paths = [path for path, unit in self._paths.items() if unit == call.body[0]]
            return Message.new_method_return(call, "o", paths)
        if call.member == "StartUnit":
            self._active[call.body[0]] = "active"
            asyncio.get_running_loop().call_soon(self._job_done, call.body[0])
            return Message.new_method_return(call, "o", [JOB])
        return Message.new_method_return(call)

    def _of_unit(self, call: Any, unit: str) -> Any:
        values = {
            "ActiveState": Variant("s", self._active[unit]),
            "LoadState": Variant("s", "loaded"),
            "FragmentPath": Variant("s", ""),
            "Job": Variant("(uo)", [0, "/"]),
            "MainPID": Variant("u", self._pids[unit]),
        }
        if call.member == "Get":
            return Message.new_method_return(call, "v", [values[call.body[1]]])
        return Message.new_method_return(call, "a{sv}", [values])

    def _job_done(self, unit: str) -> None:
        body = [1, JOB, unit, "done"]
        self._bus.send(Message.new_signal(ROOT, f"{BUS}.Manager", "JobRemoved", "uoss", body))


async def main(address: str, *units: str) -> None:
    """Serve until killed."""
    bus = await MessageBus(bus_address=address).connect()
    pairs = (unit.split("=") for unit in units)
    bus.add_message_handler(Manager(bus, {name: int(pid) for name, pid in pairs}).answer)
    await bus.request_name(BUS)
    print("ready", flush=True)
    await bus.wait_for_disconnect()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
