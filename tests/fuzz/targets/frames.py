# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Heartbeats: signed with the right key, because the peer may be broken, or not signed at all."""

from __future__ import annotations

import hmac
from dataclasses import replace
from random import Random

from failoverd.core import step as core
from failoverd.core.actions import Note
from failoverd.core.events import Heard
from failoverd.links.wire import HEADER_BYTES, OVERHEAD, Wire, WireError
from tests.fuzz.samples import KEY, heard, pair
from tests.fuzz.target import Target
from tests.unit.core.pair import DEFECTS

THERE = Wire((KEY,), "c", "b", "a", ["shop"])
HERE = Wire((KEY,), "c", "a", "b", ["shop"])
MINE = pair().a
BROKEN = {note for note in DEFECTS if note != "breach"}


def seal(rng: Random, body: bytes) -> bytes:
    """Mostly under the right signature."""
    if rng.random() < 0.1:
        return rng.choice(SEALED)[: rng.randrange(60)] + body
    head = SEALED[0][:HEADER_BYTES]
    return head + hmac.digest(KEY, head + body, "sha256") + body


def run(data: bytes) -> bool:
    """Only WireError. A message that is accepted can be heard by the core, and sent again."""
    try:
        message = HERE.decode(data)
    except WireError:
        return False
    _state, actions = core.step(MINE.state, Heard("lan", message), MINE.now + 0.2)
    broken = [a for a in actions if isinstance(a, Note) and a.code in BROKEN]
    assert not broken, f"a rule broke: {broken}"
    HERE.encode(message)
    return True


MESSAGE = heard()
MESSAGES = [
    MESSAGE,
    replace(MESSAGE, services=tuple(replace(r, why="it waits") for r in MESSAGE.services)),
    replace(MESSAGE, services=(), hears=()),
]
SEALED = [THERE.encode(message) for message in MESSAGES]
TARGET = Target("frames", [frame[OVERHEAD:] for frame in SEALED], run, seal)
