# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The interface of resources."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol, runtime_checkable

from .progress import Progress
from .settings import ResourceSettings


class State(Enum):
    """Result of a probe of one resource on this node."""

    UP = "up"
    DOWN = "down"
    UNKNOWN = "unknown"


class ResourceError(Exception):
    """A start, stop or probe failed; str() says what, on what, and why."""


@dataclass(frozen=True)
class Situation:
    """Facts for a resource that starts."""

    peer_gone: bool = False
    """The peer is proven to be excluded."""


@dataclass(frozen=True)
class Needs:
    """What a start of a resource finds on this node, or would miss."""

    programs: tuple[str, ...] = ()
    """Absolute paths of the programs that it runs."""
    module: str = ""
    """The part of the kernel that it uses."""
    wrong: str = ""
    """Why a start would fail, whatever else is there."""
    odd: str = ""
    """What does not keep it from starting, and has to be changed all the same."""


class Resource(Protocol):
    """One part of a service. All calls are idempotent and end by themselves or by cancellation."""

    settings: ResourceSettings

    async def prepare(self, situation: Situation) -> None:
        """Do early in a start everything that needs no other resource; may raise ResourceError."""

    async def probe(self) -> State:
        """Look without any change; raises ResourceError if the state cannot be told."""

    async def start(self, situation: Situation) -> None:
        """Bring it up; raises ResourceError."""

    async def stop(self) -> None:
        """Bring it down; on return it is provably down. Raises ResourceError."""

    def watch(self, failed: Callable[[str], None]) -> None:
        """From now on call failed(reason) if the running resource breaks by itself."""

    def close(self) -> None:
        """The daemon ends: leave the resource as it is, and stop watching it."""


@runtime_checkable
class Hurried(Protocol):
    """A resource that can be stopped quickly when it hangs."""

    def hurry(self) -> None:
        """It does not answer: the next stop ends it soon, by any means."""


@runtime_checkable
class Unburdening(Protocol):
    """A resource whose stop is shorter if something is done before, while it still serves."""

    async def unburden(self) -> None:
        """Do it, or do nothing if that fails. The server goes on with it if the caller gives up."""


@runtime_checkable
class Needing(Protocol):
    """A resource that can tell before its start what it needs on this node."""

    async def needs(self) -> Needs:
        """What it needs, without any change. Raises ResourceError if that cannot be told."""


@runtime_checkable
class Speaking(Protocol):
    """A resource whose application tells why it does not start."""

    async def last_words(self) -> str:
        """The line with the reason, empty if there is none. Raises ResourceError."""


@runtime_checkable
class Settling(Protocol):
    """A resource that an earlier life of the daemon may have begun to start (F31, F77)."""

    async def settle(self) -> None:
        """Wait until it is up or down. Raises ResourceError."""


@runtime_checkable
class Progressing(Protocol):
    """A resource that can tell whether its start makes progress (F77)."""

    async def progress(self) -> Progress | None:
        """The progress; None if it does not tell. Raises ResourceError."""
