# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes entries of the history and delivers them, without blocking the event loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from failoverd.journal.chronicle import Chronicle
from failoverd.system.upkeep import Work

from . import channels
from .batch import Batch
from .channels import NotSent
from .compose import Message, compose
from .settings import Channel

GOOD_NEWS = frozenset(
    {
        "takeover",
        "running",
        "recovered",
        "moved",
        "peer-alive",
        "link-up",
        "fence-device-back",
        "ping-back",
        "disk-well",
        "file-system-answers",
    }
)
"""Sent although they are no alerts: people who were woken up want to know the end."""
OWN = frozenset({"notice-failed", "notice-lost"})
"""Never sent: a failing mail server must not get messages about itself."""
RETRY_S = 5.0
LONGEST_RETRY_S = 600.0
TRIES = 20

Send = Callable[[Channel, Message], Awaitable[None]]


class Outbox:
    """One task per channel, so that a dead channel delays no other."""

    def __init__(
        self,
        cluster: str,
        node: str,
        settings: Sequence[Channel],
        history: Chronicle,
        send: Send = channels.send,
    ) -> None:
        self._cluster = cluster
        self._node = node
        self._history = history
        self._send = send
        self._loop = asyncio.get_running_loop()
        self._channels = settings
        self._batches = {channel.name: Batch() for channel in settings}
        self._news = {channel.name: asyncio.Event() for channel in settings}
        self.retry_s = RETRY_S
        self.problems: dict[str, str] = {}
        """Why the last message could not be delivered, by channel."""

    def take(self, entry: Mapping[str, Any]) -> None:
        """Take an entry of the history. Any thread may call it; it never waits."""
        told = entry["level"] == "alert" or entry["code"] in GOOD_NEWS
        if told and entry["code"] not in OWN and self._batches:
            self._loop.call_soon_threadsafe(self._add, dict(entry))

    def _add(self, entry: Mapping[str, Any]) -> None:
        for name, batch in self._batches.items():
            batch.add(entry, self._loop.time())
            self._news[name].set()

    def tasks(self) -> Iterator[tuple[str, Work]]:
        """The long tasks: one delivery per channel."""
        for channel in self._channels:
            yield f"notification {channel.name}", partial(self._serve, channel)

    async def _serve(self, channel: Channel) -> None:
        batch, news = self._batches[channel.name], self._news[channel.name]
        while True:
            while batch.due is not None:
                await asyncio.sleep(max(0.0, batch.due - self._loop.time()))
                entries, dropped = batch.take(self._loop.time())
                await self._deliver(channel, compose(self._cluster, self._node, entries, dropped))
            await news.wait()
            news.clear()

    async def _deliver(self, channel: Channel, message: Message) -> None:
        wait_s = self.retry_s
        for attempt in range(TRIES):
            if attempt:
                await asyncio.sleep(wait_s)
                wait_s = min(LONGEST_RETRY_S, 2 * wait_s)
            reason = await self._try(channel, message)
            if not reason:
                self.problems.pop(channel.name, None)
                return
            if self.problems.get(channel.name) != reason:
                self.problems[channel.name] = reason
                self._history.add("notice-failed", f"notification {channel.name}: {reason}")
        text = f"notification {channel.name}: given up after {TRIES} tries: {message.subject}"
        self._history.add("notice-lost", text)

    async def _try(self, channel: Channel, message: Message) -> str:
        """Why it was not delivered, empty if it was."""
        try:
            await self._send(channel, message)
        except NotSent as error:
            return str(error) or "failed"
        except Exception as error:
            return type(error).__name__
        return ""

    async def test(self, name: str = "") -> dict[str, Any]:
        """Send a test message over one channel or all, once; the answer for failoverctl."""
        chosen = [channel for channel in self._channels if name in ("", channel.name)]
        if not chosen:
            known = ", ".join(self._batches) or "none"
            return {"ok": False, "text": f"there is no notification {name}; known: {known}"}
        text = "this is a test of the notifications; nothing is wrong"
        entry = {"time": time.time(), "level": "info", "code": "notify-test", "text": text}
        message = compose(self._cluster, self._node, [(entry, 1)])
        reasons = await asyncio.gather(*(self._try(channel, message) for channel in chosen))
        lines = [
            f"{channel.name}: {reason or 'delivered'}"
            for channel, reason in zip(chosen, reasons, strict=True)
        ]
        return {"ok": not any(reasons), "text": "\n".join(lines)}
