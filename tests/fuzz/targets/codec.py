# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain values that become the core's dataclasses, as in a journal or a saved state."""

from __future__ import annotations

import json
from dataclasses import replace

from failoverd.core.config import Timing
from failoverd.core.events import Event, Heard
from failoverd.core.modes import Modes
from failoverd.core.state import State
from failoverd.formats.codec import CodecError, from_json, to_json
from failoverd.formats.strictjson import JsonError, loads
from tests.fuzz.samples import heard, pair
from tests.fuzz.target import Target

KINDS = (State, Event, Modes, Timing)


def run(data: bytes) -> bool:
    """What is accepted can be written again, and read again as the same."""
    try:
        value = loads(data)
    except JsonError:
        return False
    accepted = False
    for kind in KINDS:
        try:
            built = from_json(kind, value)
        except CodecError as error:
            assert len(str(error)) < 400, "a message that is too long"
            continue
        text = json.dumps(to_json(built, tagged=kind is Event)).encode()
        assert from_json(kind, loads(text)) == built
        accepted = True
    return accepted


def _samples() -> list[bytes]:
    state = pair().a.state
    values = [
        to_json(state),
        to_json(replace(state.config.timing, dead_s=4.0)),
        to_json(Modes(1, 2, 3)),
        to_json(Heard("lan", heard()), tagged=True),
    ]
    return [json.dumps(value).encode() for value in values]


TARGET = Target("codec", _samples(), run)
