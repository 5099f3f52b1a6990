# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drops messages that the core would ignore, so they reach neither core nor journal (F82)."""

from __future__ import annotations

from collections import Counter

from failoverd.core.message import REORDER, Message

BURST, PER_HEARTBEAT = 200, 10
"""Messages that a link may bring at once, and in the time of one heartbeat. Fifty services that
start together make some hundred messages."""
EARLIER, UNANSWERED = "of an earlier life", "not an answer to this life"
TOLD, RARELY = (EARLIER, UNANSWERED), 4
"""The core sees them so many times in a dead time, because it reports them to people."""


class Sieve:
    """Counts what it drops. Only signed messages come here; any of them may be a replay.

    It drops a message whose number was heard over the same link before, which is older than REORDER
    heartbeats, of an earlier life, or which does not answer this life. The core would ignore all of
    them, so dropping them changes no decision.
    """

    def __init__(self, heartbeat_s: float, dead_s: float) -> None:
        self.dropped: Counter[str] = Counter()
        self._pause_s = dead_s / RARELY
        self._rate = PER_HEARTBEAT / heartbeat_s
        self._life = 0
        self._newest = 0
        self._heard: dict[str, int] = {}
        """The last number of that life by link."""
        self._shown: dict[str, float] = {}
        """When the core last saw a useless message, by link."""
        self._left: dict[str, tuple[float, float]] = {}
        """How many messages a link may still bring, and the time of that count."""

    def passes(self, link: str, message: Message, own: int, now: float) -> bool:
        """Whether the core is to see the message. own: the incarnation of this node."""
        if message.incarnation > self._life:
            self._life, self._newest = message.incarnation, 0
            self._heard.clear()
            if message.echo != own:
                return self._within(link, now)
        if message.echo > own:
            return self._within(link, now)  # it makes this node take a greater number (F73)
        why = self._useless(link, message, own)
        if why:
            self.dropped[why] += 1
            return why in TOLD and self.rarely(link, now)
        if not self._within(link, now):
            return False
        self._heard[link] = message.sequence
        self._newest = max(self._newest, message.sequence)
        return True

    def _useless(self, link: str, message: Message, own: int) -> str:
        if message.incarnation < self._life:
            return EARLIER
        if message.echo != own:
            return UNANSWERED
        if message.sequence <= self._heard.get(link, 0):
            return "heard before"
        return "too late" if message.sequence + REORDER < self._newest else ""

    def rarely(self, link: str, now: float) -> bool:
        """Whether the core is to see a message that it does not believe."""
        shown = self._shown.get(link)
        if shown is not None and now < shown + self._pause_s:
            return False
        self._shown[link] = now
        return True

    def _within(self, link: str, now: float) -> bool:
        left, at = self._left.get(link, (float(BURST), now))
        left = min(BURST, left + (now - at) * self._rate)
        passes = left >= 1.0
        self._left[link] = (left - 1.0 if passes else left, now)
        if not passes:
            self.dropped["too many"] += 1
        return passes
