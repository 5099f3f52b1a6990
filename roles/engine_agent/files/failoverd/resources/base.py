# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every resource type offers to the service that it belongs to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol, runtime_checkable

from .progress import Progress
from .settings import ResourceSettings


class State(Enum):
    """What a probe found of one resource on this node."""

    UP = "up"
    DOWN = "down"
    UNKNOWN = "unknown"


class ResourceError(Exception):
    """A start, stop or probe failed; str() says what, on what, and why."""


@dataclass(frozen=True)
class Situation:
    """What a starting resource may want to know."""

    peer_gone: bool = False
    """The peer is proven to be excluded."""


class Resource(Protocol):
    """One part of a service. All calls are idempotent and end by themselves or by cancellation."""

    settings: ResourceSettings

    async def prepare(self, situation: Situation) -> None:
        """Do at the begin of a start what needs no other resource; may raise ResourceError."""

    async def probe(self) -> State:
        """Look, without changing anything; raises ResourceError when it cannot tell."""

    async def start(self, situation: Situation) -> None:
        """Bring it up; raises ResourceError."""

    async def stop(self) -> None:
        """Bring it down; returning means provably down. Raises ResourceError."""

    def watch(self, failed: Callable[[str], None]) -> None:
        """From now on call failed(reason) when the running resource breaks by itself."""

    def close(self) -> None:
        """The daemon ends: leave the resource as it is, free what watches it."""


@runtime_checkable
class Hurried(Protocol):
    """A resource that need not be asked for long when it hangs."""

    def hurry(self) -> None:
        """It does not answer: the next stop ends it soon, in whatever way."""


@runtime_checkable
class Speaking(Protocol):
    """A resource whose application says why it does not start."""

    async def last_words(self) -> str:
        """The line that tells, empty if there is none. Raises ResourceError."""


@runtime_checkable
class Settling(Protocol):
    """A resource that may be on its way up, begun by an earlier life of the daemon (F31, F77)."""

    async def settle(self) -> None:
        """Wait until it is up or down. Raises ResourceError."""


@runtime_checkable
class Progressing(Protocol):
    """A resource that can tell whether its start gets on (F77)."""

    async def progress(self) -> Progress | None:
        """How far it is; None if it does not tell. Raises ResourceError."""
