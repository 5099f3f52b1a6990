# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An application: a systemd unit, never a child of the daemon."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from failoverd.schema import Section

from .base import ResourceError, Situation, State
from .settings import ResourceSettings
from .systemd import Systemd, SystemdError

START_TIMEOUT_S = 90.0
STOP_TIMEOUT_S = 60.0
UP_STATES = ("active", "reloading")
DOWN_STATES = ("inactive", "failed")


@dataclass(frozen=True)
class Options:
    """The unit's full name."""

    unit: str


def parse(entry: Section, node: str, nodes: tuple[str, ...]) -> Options:
    """Read the unit's name."""
    unit = entry.text("unit")
    if "." not in unit or "/" in unit:
        raise entry.fail("unit", f"must be a unit's full name such as {unit}.service")
    return Options(unit)


def build(settings: ResourceSettings, host: Any) -> Unit:
    """Make the resource; host.systemd is the connection that all units share."""
    return Unit(settings, host.systemd)


class Unit:
    """Started and stopped by D-Bus; its failure is told by signal (F50)."""

    def __init__(self, settings: ResourceSettings, systemd: Systemd) -> None:
        self.settings = settings
        self._unit: str = settings.options.unit
        self._systemd = systemd
        self._failed: Callable[[str], None] | None = None
        self._subscribed = False
        self._subscriber: asyncio.Task[None] | None = None

    def __str__(self) -> str:
        return self._unit

    async def prepare(self, situation: Situation) -> None:
        """Have the bus connected and the unit loaded by the time it is needed."""
        properties = await self._ask(self._systemd.properties(self._unit))
        if properties["LoadState"] != "loaded":
            raise ResourceError(f"{self}: the unit is {properties['LoadState']}")
        if properties["ActiveState"] == "failed":
            # A start limit reached long ago must not stand in the way of a takeover.
            with contextlib.suppress(SystemdError):
                await self._systemd.call("ResetFailedUnit", "s", self._unit)

    async def _ask(self, call: Any) -> Any:
        try:
            return await call
        except SystemdError as error:
            raise ResourceError(f"{self}: {error}") from None

    async def probe(self) -> State:
        """Between up and down counts as unknown."""
        state = await self._ask(self._systemd.state(self._unit))
        if state in UP_STATES:
            return State.UP
        return State.DOWN if state in DOWN_STATES else State.UNKNOWN

    async def start(self, situation: Situation) -> None:
        """Start and wait until systemd calls it active."""
        self._failed = None
        result = await self._ask(self._systemd.job("StartUnit", self._unit))
        properties = await self._ask(self._systemd.properties(self._unit))
        if properties["ActiveState"] not in UP_STATES:
            raise ResourceError(
                f"{self}: the start ended as {result}, the unit is {properties['ActiveState']};"
                f" see journalctl -u {self._unit}"
            )

    async def stop(self) -> None:
        """Stop and wait until nothing of it is left."""
        self._failed = None
        properties = await self._ask(self._systemd.properties(self._unit))
        if properties["ActiveState"] in DOWN_STATES and properties["Job"][0] == 0:
            return
        result = await self._ask(self._systemd.job("StopUnit", self._unit))
        state = await self._ask(self._systemd.state(self._unit))
        if state not in DOWN_STATES:
            raise ResourceError(f"{self}: the stop ended as {result}, the unit is {state}")

    def watch(self, failed: Callable[[str], None]) -> None:
        """Tell at once when systemd reports the unit as down or failed."""
        self._failed = failed
        if not self._subscribed and self._subscriber is None:
            self._subscriber = asyncio.get_running_loop().create_task(self._subscribe())

    async def _subscribe(self) -> None:
        """The bus may be away for a moment; without it there is no news to miss for long."""
        while not self._subscribed:
            try:
                await self._systemd.watch(self._unit, self._changed)
                self._subscribed = True
                state = await self._systemd.state(self._unit)
                self._changed({"ActiveState": state})
            except SystemdError:
                await asyncio.sleep(1.0)

    def _changed(self, properties: dict[str, Any]) -> None:
        state = properties.get("ActiveState")
        if state in DOWN_STATES and self._failed is not None:
            failed, self._failed = self._failed, None
            failed(f"is {state}")

    def close(self) -> None:
        """Stop listening; the unit runs on."""
        if self._subscriber is not None:
            self._subscriber.cancel()
