# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The last heartbeat of each node: what the node itself has said, and how long ago.

Both nodes build this part of the status from the same heartbeats, so both show the same. It is for
people alone: the report of a node that is gone stays here, with its age, and no decision reads it.
The next life of the daemon has it, too, from a file.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from failoverd.core.message import Message
from failoverd.core.modes import is_on
from failoverd.core.state import State
from failoverd.formats.strictjson import JsonError
from failoverd.journal.spool import Spool
from failoverd.system.files import read_json, write_whole

KEEP_S = 60.0
"""So often the report is written while it stays the same, for its time."""
SOON_S = 5.0
"""A changed report is written after so long at the earliest, except for the last one of a life."""
QUEUE_BYTES = 1 << 20
FORM = {
    "name": "str",
    "life": "str",
    "age_s": "float",
    "reach": "str",
    "standby": "bool",
    "goodbye": "bool",
    "hears": "list",
    "services": "list",
}
SERVICE = {"name": "str", "local": "str", "generation": "int", "able": "bool", "why": "str"}
"""Types of the fields that are kept."""


class Reports:
    """Remembers the other node's last heartbeat, also when the core has dropped it.

    path: where it outlives the daemon, None for nowhere. wall: unix time.
    """

    def __init__(self, path: Path | None = None, wall: Callable[[], float] = time.time) -> None:
        self._last: Message | None = None
        self._at = 0.0
        self._path, self._wall = path, wall
        self._spool: Spool | None = None
        self._kept: tuple[object, ...] = ()
        self._kept_at = float("-inf")
        self._former = _former(path)

    def look(self, state: State, now: float) -> None:
        """Take the newest heartbeat. It costs next to nothing: it is called with each beat.

        now: monotonic, in seconds.
        """
        message = state.peer.message
        if message is not None and message is not self._last:
            self._last, self._at = message, max((h.at for h in state.peer.heard), default=0.0)
        if self._path is None or self._last is None:
            return
        life = state.peer.life.value
        what = (life, self._last.services, self._last.goodbye, self._last.standby)
        passed = now - self._kept_at
        # Of a node that is silent the time of its last word does not change any more.
        last = self._kept[:1] != (life,) and life != "alive"
        if last or passed >= KEEP_S or (what != self._kept and passed >= SOON_S):
            self._keep(_node(state.config.peer, life, self._last, 0.0), now)
            self._kept, self._kept_at = what, now

    def _keep(self, report: dict[str, Any], now: float) -> None:
        """A thread writes it: the disk may hang. What cannot be written is lost with this life."""
        if self._spool is None:
            self._spool = Spool("reports", QUEUE_BYTES)
        at = self._wall() - max(0.0, now - self._at)
        text = json.dumps({"format": 1, "at": at, "report": report})
        assert self._path is not None
        self._spool.put(partial(write_whole, self._path, text), len(text))

    def close(self, wait_s: float = 1.0) -> None:
        """The daemon ends."""
        if self._spool is not None:
            self._spool.close(wait_s)

    def told(self, state: State, now: float) -> list[dict[str, Any]]:
        """Both nodes, by name. now: monotonic, in seconds."""
        self.look(state, now)
        config, last = state.config, self._last
        age = None if last is None else max(0.0, now - self._at)
        own_age = None if state.said is None else 0.0
        both = [
            _node(config.node, "alive", state.said, own_age),
            _node(config.peer, state.peer.life.value, last, age),
        ]
        at, former = self._former
        if last is None and former.get("name") == config.peer:
            age = round(max(0.0, self._wall() - at), 1)
            both[1] = {**former, "life": state.peer.life.value, "age_s": age}
        return sorted(both, key=lambda node: str(node["name"]))


def _former(path: Path | None) -> tuple[float, dict[str, Any]]:
    """When an earlier life heard the last heartbeat, and what it said; {} if nobody knows."""
    try:
        said = read_json(path) if path is not None else {}
        report = said["report"]
        # A file of another form, or a damaged one, is none.
        if _form(report) != FORM or not all(_form(one) == SERVICE for one in report["services"]):
            return 0.0, {}
        return float(said["at"]), report
    except (OSError, JsonError, LookupError, TypeError, ValueError, AttributeError):
        return 0.0, {}


def _form(value: Any) -> dict[str, str]:
    return {name: type(item).__name__ for name, item in value.items()}


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
