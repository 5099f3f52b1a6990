# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Watches the carriers of interfaces: the kernel reports a pulled cable at once (rtnetlink).

It decides nothing: a link with a carrier may lead nowhere, and a flapping link is no reason to move
a service (F20). After a change the ping targets are asked at once (F22), and the message tells
which cable to check. A round of pings that is lost while no cable leads to clients is not repeated.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable

from failoverd.journal.chronicle import Chronicle
from failoverd.system import netlink

SETTLE_S = 2.0
"""Shorter changes are not reported, so that a flapping link does not fill the history (F20)."""


class Carrier:
    """The interfaces that heartbeats and addresses of services use."""

    def __init__(
        self,
        interfaces: Iterable[str],
        history: Chronicle,
        changed: Callable[[], None],
        settle_s: float = SETTLE_S,
    ) -> None:
        self.interfaces = {name: netlink.carrier(name) for name in sorted(set(interfaces))}
        self._told = dict.fromkeys(self.interfaces, True)
        self._history = history
        self._changed = changed
        self._settle_s = settle_s
        self._woken = asyncio.Event()

    async def run(self) -> None:
        """Watch for ever."""
        loop = asyncio.get_running_loop()
        kernel = netlink.interfaces()

        def read() -> None:
            with contextlib.suppress(OSError):
                for _round in range(64):
                    kernel.recv(65536)
            self.look()

        loop.add_reader(kernel.fileno(), read)
        try:
            # Changes from before the subscription.
            self.look()
            while True:
                await self._woken.wait()
                self._woken.clear()
                await asyncio.sleep(self._settle_s)
                self._tell()
        finally:
            loop.remove_reader(kernel.fileno())
            kernel.close()

    def dead(self, interfaces: Iterable[str]) -> bool:
        """None of these interfaces has a carrier; False if there is none of them."""
        carriers = [self.interfaces[name] for name in interfaces]
        return bool(carriers) and not any(carriers)

    def look(self) -> None:
        """Compare with the last state. If the kernel cannot be asked, nothing has changed (F75)."""
        try:
            found = {name: netlink.carrier(name) for name in self.interfaces}
        except OSError:
            return
        if found != self.interfaces:
            self.interfaces = found
            self._changed()
        if found != self._told:
            self._woken.set()

    def _tell(self) -> None:
        """Report changes that have lasted."""
        for name, there in self.interfaces.items():
            if there is self._told[name]:
                continue
            self._told[name] = there
            if there:
                self._history.add("carrier-back", f"{name} has a carrier again")
            else:
                text = f"{name} has no carrier: check cable and switch port, or it was set down"
                self._history.add("carrier-lost", text, alert=True)
