# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The last heartbeat of each node: what the node itself has said, and how long ago.

Both nodes build this part of the status from the same heartbeats, so both show the same. It is for
people alone: the report of a node that is gone stays here, with its age, and no decision reads it.
"""

from __future__ import annotations

from typing import Any

from failoverd.core.message import Message
from failoverd.core.modes import is_on
from failoverd.core.state import State


class Reports:
    """Remembers the other node's last heartbeat, also when the core has dropped it."""

    def __init__(self) -> None:
        self._last: Message | None = None
        self._at = 0.0

    def look(self, state: State) -> None:
        """Take the newest heartbeat. It costs next to nothing: it is called with each beat."""
        message = state.peer.message
        if message is not None and message is not self._last:
            self._last, self._at = message, max((h.at for h in state.peer.heard), default=0.0)

    def told(self, state: State, now: float) -> list[dict[str, Any]]:
        """Both nodes, by name. now: monotonic, in seconds."""
        self.look(state)
        config, last = state.config, self._last
        age = None if last is None else max(0.0, now - self._at)
        own_age = None if state.said is None else 0.0
        both = [
            _node(config.node, "alive", state.said, own_age),
            _node(config.peer, state.peer.life.value, last, age),
        ]
        return sorted(both, key=lambda node: str(node["name"]))


def _node(name: str, life: str, said: Message | None, age: float | None) -> dict[str, Any]:
    return {
        "name": name,
        "life": life,
        "age_s": None if age is None else round(age, 1),
        "reach": said.reach.value if said is not None else "unknown",
        "standby": said is not None and is_on(said.standby or 0),
        "goodbye": said.goodbye if said is not None else False,
        "hears": list(said.hears) if said is not None else [],
        "services": [
            {
                "name": report.name,
                "local": report.local.value,
                "generation": report.generation,
                "able": report.able,
                "why": report.why,
            }
            for report in (said.services if said is not None else ())
        ],
    }
