# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The largest heartbeat, and the time that a serial line takes for it (F74)."""

from __future__ import annotations

from collections.abc import Sequence

from failoverd.core.message import Grant, Local, Message, Reach, ServiceReport

from . import payload
from .framing import BITS, line_bytes
from .wire import DATAGRAM_BYTES, MAX_BYTES, Wire

MOST_SERVICES = 64
"""So many fit with the longest names and six links."""
COUNTER = 2**35 - 1
"""Above every counter of one life: a hundred a second for ten years."""
GENERATION = 2**28 - 1
SCORE = 2**14 - 1
PACT = 2**32 - 1
LINE_SHARE, REASONS_SHARE = 0.5, 0.25
"""Shares of the dead time: how long a serial line may be busy with the longest heartbeat, and with
one that has reasons in words."""


def longest(cluster: str, node: str, links: Sequence[str], services: Sequence[str]) -> int:
    """Bytes of the longest frame without reasons: every link heard, every service busy."""
    echo = 2**64 - 1
    reports = tuple(
        ServiceReport(
            name,
            Local.BROKEN,
            GENERATION,
            grant=Grant(COUNTER, echo),
            able=True,
            pull=1,
            doomed=True,
            outdate=COUNTER,
            outdated=COUNTER,
            score=SCORE,
            linked=True,
            split=True,
            clear=COUNTER,
            cleared=COUNTER,
            cramped=True,
        )
        for name in services
    )
    message = Message(
        cluster, node, echo, COUNTER, echo, tuple(links), reports, False, Reach.REACHED,
        COUNTER, COUNTER, COUNTER, COUNTER, PACT,
    )  # fmt: skip
    return len(Wire((bytes(32),), cluster, node, "", services).encode(message))


def line_s(frame_bytes: int, baud: int) -> float:
    """Seconds that a serial line takes for a frame."""
    return line_bytes(frame_bytes) * BITS / baud


def room(bauds: Sequence[int], dead_s: float) -> int:
    """Length up to which reasons may fill a frame."""
    most = DATAGRAM_BYTES
    for baud in bauds:
        most = min(most, int(REASONS_SHARE * dead_s * baud / BITS * 3 / 4) - 8)
    return most


def problem(
    cluster: str,
    node: str,
    links: Sequence[str],
    services: Sequence[str],
    bauds: Sequence[int],
    dead_s: float,
) -> tuple[str, str]:
    """The field and the rule that heartbeats break; two empty texts if all fit."""
    alike = payload.same_key(services)
    if len(services) > MOST_SERVICES:
        return "services", f"holds {len(services)}; a heartbeat carries at most {MOST_SERVICES}"
    if alike is not None:
        return "services", f"{alike[0]} and {alike[1]} look alike in a heartbeat: rename one"
    size = longest(cluster, node, links, services)
    if size > MAX_BYTES:
        rule = f"have too long names: a heartbeat takes {size} bytes, and at most {MAX_BYTES} fit"
        return "links", rule
    for baud in bauds:
        busy_s = line_s(size, baud)
        if busy_s > LINE_SHARE * dead_s:
            return "links", (
                f"at {baud} baud the longest heartbeat of {len(services)} services takes"
                f" {busy_s:.2f} s, and half of dead_s ({dead_s:g} s) is the most:"
                " raise baud or dead_s"
            )
    return "", ""
