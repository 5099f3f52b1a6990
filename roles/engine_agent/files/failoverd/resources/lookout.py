# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks early at what a silent peer has left, so that a takeover need not wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from failoverd.core.state import Life, State
from failoverd.system.pacing import Rest

from .filesystem import Filesystem
from .service import Service

LOOK_EVERY_S = 1.0


async def watch(
    services: Mapping[str, Service], state: Callable[[], State], rest: Rest = asyncio.sleep
) -> None:
    """Look at the file systems of the services that are not here, for ever."""
    while True:
        await rest(LOOK_EVERY_S)
        if state().peer.life not in (Life.SUSPECT, Life.SILENT):
            continue
        away = [services[s.name] for s in state().services if not s.held and s.name in services]
        for service in away:
            for resource in service.resources.values():
                if isinstance(resource, Filesystem):
                    await resource.observe()
