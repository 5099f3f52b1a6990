# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Collects what the judge needs, keeps the word for the peer, and answers failoverctl ready."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from failoverd.links.word import Word

from .clock import PeerClock
from .examiner import Examiner
from .judge import here, judge
from .times import Times
from .verdict import Level, Verdict, worst

TOLD = (Level.UNKNOWN, Level.OK, Level.WARNING, Level.CRITICAL)
"""In the order of their numbers in a word."""


class Readiness:
    """One for a life of the daemon."""

    def __init__(
        self,
        examiner: Examiner,
        times: Times,
        settings: int,
        check_s: float,
        heartbeat_s: float,
    ) -> None:
        """settings: checksum of the configuration. check_s: period of the questions to devices."""
        self._examiner = examiner
        self._times = times
        self._settings = settings
        self._check_s = check_s
        self._clock = PeerClock(2 * heartbeat_s)
        self._peer = Word()
        self._looked_ds = 0
        """When it looked last: the clock in the word, which must not change each time."""

    def looked(self) -> None:
        """A look has just ended."""
        self._looked_ds = int(time.time() * 10)

    def heard(self, word: Word) -> None:
        """The word of a fresh message of the peer."""
        if word is not self._peer:
            self._peer = word
            self._clock.heard(word, time.time())

    def facts(self, *, agreed: bool) -> dict[str, Any]:
        """What the judge needs besides the rest of the status. agreed: see lease.agreed."""
        levels = {
            name: TOLD[number].value for name, number in self._peer.levels if number < len(TOLD)
        }
        return {
            "examined": self._examiner.facts,
            "agreed": agreed,
            "settings": self._settings,
            "check_s": self._check_s,
            "peer": {"settings": self._peer.settings, "levels": levels, "text": self._peer.text},
            "clock_apart_s": self._clock.apart_s,
            "times": {
                "starts": dict(self._times.starts),
                "stops": dict(self._times.stops),
                "fences": dict(self._times.fences),
            },
        }

    def word(self, status: Mapping[str, Any]) -> Word:
        """What this node tells: of each service that it would take over, what it has found."""
        verdicts = [
            judge(status, service["name"])
            for service in status["services"]
            if here(status, service) and service["owner"]
        ]
        levels = tuple((v.service, TOLD.index(v.level)) for v in verdicts)
        heaviest = worst(v.level for v in verdicts)
        text = next((v.reason for v in verdicts if v.level is heaviest), "")
        return Word(self._settings, self._looked_ds, levels, text)

    async def answer(self, name: str, status: Callable[[], Mapping[str, Any]]) -> dict[str, Any]:
        """Look now, and judge the service of that name, or all of them."""
        await self._examiner.look()
        now = status()
        known = [service["name"] for service in now["services"] if not service["retired"]]
        if name and name not in known:
            return {"ok": False, "text": f"{name} is not a service; they are {', '.join(known)}"}
        verdicts = [judge(now, each) for each in known if not name or each == name]
        return {
            "ok": True,
            "format": 1,
            "cluster": now["cluster"],
            "node": now["node"],
            "level": worst(v.level for v in verdicts).value,
            "services": [
                {**as_json(verdict), "move_s": self._move_s(verdict.service)}
                for verdict in verdicts
            ],
        }

    def _move_s(self, service: str) -> float | None:
        """How long a planned move takes: the last stop and the last start here, None if unknown."""
        stop, start = self._times.stops.get(service), self._times.starts.get(service)
        return None if stop is None or start is None else round(stop[0] + start[0], 1)


def as_json(verdict: Verdict) -> dict[str, Any]:
    """For programs."""
    return {
        "name": verdict.service,
        "level": verdict.level.value,
        "reason": verdict.reason,
        "seconds": None if verdict.seconds is None else list(verdict.seconds),
        "items": [
            {"what": i.what, "level": i.level.value, "text": i.text, "remedy": i.remedy}
            for i in verdict.items
        ],
    }


def brief(status: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The verdict for failoverctl status, without its items."""
    try:
        verdict = as_json(judge(status, name))
    except Exception as error:  # people need the rest of the status all the more
        reason = f"it cannot be judged: {type(error).__name__}: {error}"
        return {"level": Level.UNKNOWN.value, "reason": reason, "seconds": None}
    return {key: verdict[key] for key in ("level", "reason", "seconds")}
