# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deliberate bugs in the core, put in for a while: the search has to find what each one breaks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest

from failoverd.core import guard, placement
from failoverd.core.events import FenceDone, Found, Power
from failoverd.core.rules import fence, lifecycle, peer, replica
from failoverd.core.state import Life, Proof
from tests.unit.core.swap import swap


@dataclass(frozen=True)
class Bug:
    """What is wrong, where it is looked for, and what it does to the core."""

    name: str
    scenario: str
    where: Any
    function: str
    wrong: Callable[[Callable[..., Any]], Callable[..., Any]]

    @contextmanager
    def inside(self) -> Iterator[None]:
        """The core has the bug while this lasts; its last line of defence is switched off too."""
        right = getattr(self.where, self.function)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(guard, "breach", lambda view, service: "")
            patch.setattr(guard, "check", lambda *arguments: None)
            swap(patch, self.where, self.function, self.wrong(right))
            yield


def _unknown_is_stopped(right: Callable[..., Any]) -> Callable[..., Any]:
    def probed(turn: Any, service: Any, event: Any) -> None:
        right(turn, service, replace(event, found=Found.STOPPED))

    return probed


def _silence_is_proof(right: Callable[..., Any]) -> Callable[..., Any]:
    def watch(turn: Any) -> None:
        right(turn)
        if turn.state.peer.life is Life.SILENT:
            peer.prove_gone(turn, Proof.FENCED, turn.state.peer.greeted)

    return watch


def _timeout_is_success(right: Callable[..., Any]) -> Callable[..., Any]:
    def done(turn: Any, event: FenceDone) -> None:
        fenced = replace(event, power=Power.OFF) if event.power is Power.UNKNOWN else event
        right(turn, fenced)

    return done


def _disk_is_always_good(right: Callable[..., Any]) -> Callable[..., Any]:
    return lambda service: ""


def _always_seven(right: Callable[..., Any]) -> Callable[..., Any]:
    return lambda turn, service, waiting: replica.PEER_FENCED


def _stop_fails_unnoticed(right: Callable[..., Any]) -> Callable[..., Any]:
    def op_done(turn: Any, service: Any, event: Any) -> None:
        right(turn, service, replace(event, ok=True))

    return op_done


BUGS = (
    Bug(
        "what runs is taken for stopped",
        "the owner's daemon is back",
        lifecycle,
        "probed",
        _unknown_is_stopped,
    ),
    Bug(
        "a stop that failed is taken for done",
        "switchover, a start or stop fails",
        lifecycle,
        "op_done",
        _stop_fails_unnoticed,
    ),
    Bug("silence is proof", "the path is cut", peer, "watch", _silence_is_proof),
    Bug("a timeout is a fence", "the standby shoots", fence, "done", _timeout_is_success),
    Bug(
        "any disk is good",
        "the old owner is back, the new one may die",
        placement,
        "lacking",
        _disk_is_always_good,
    ),
    Bug("the handler always says 7", "the kernels have parted", replica, "_verdict", _always_seven),
)
