# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What this node sees of the other one's services, and when it saw it last.

The history needs it: the account of availability is also asked for when the other node is gone.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from failoverd.core.message import Local, Message
from failoverd.core.state import State

from .chronicle import Chronicle


class Sightings:
    """Writes an entry for each change. Called at each beat, so it costs little without one."""

    def __init__(self, history: Chronicle, wall: Callable[[], float] = time.time) -> None:
        self._history = history
        self._wall = wall
        self._seen: Message | None = None
        self._told: dict[str, Local] = {}

    def look(self, state: State, now: float) -> None:
        """now: monotonic."""
        peer = state.peer
        if not peer.life.heard:
            if self._seen is not None:
                self._lost(state.config.peer, now - peer.last)
        elif peer.message is not None and peer.message is not self._seen:
            self._seen = peer.message
            for report in peer.message.services:
                if self._told.get(report.name) is not report.local:
                    self._tell(state.config.peer, report.name, report.local, now - peer.last)

    def _tell(self, node: str, service: str, local: Local, ago_s: float) -> None:
        self._told[service] = local
        text = f"{service} is {local.value} on {node}"
        data = {"node": node, "local": local.value, "heard": round(self._wall() - ago_s, 3)}
        self._history.add("seen", text, service=service, data=data)

    def _lost(self, node: str, ago_s: float) -> None:
        self._seen, self._told = None, {}
        data = {"node": node, "heard": round(self._wall() - ago_s, 3)}
        self._history.add("last-heard", f"{node} was heard last {ago_s:.1f} s ago", data=data)
