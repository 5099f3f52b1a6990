# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Segments of a journal: replayed, and taken as the beginning of a question what would happen."""

from __future__ import annotations

import contextlib
import io
import tempfile
import zlib
from pathlib import Path

from failoverd.core import step as core
from failoverd.core.actions import Note
from failoverd.core.config import CoreConfig, ServiceConfig
from failoverd.core.events import Event, Found, Heard, Probed, Tick
from failoverd.core.message import Message
from failoverd.journal.lines import Encoder, head
from failoverd.journal.replayed import IDENTICAL, show
from failoverd.whatif import tell
from tests.fuzz.samples import heard
from tests.fuzz.target import Target

CONFIG = CoreConfig("c", "a", "b", ("lan",), (ServiceConfig("shop"),), ("bmc",))
PLACE = Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else None)) / "segment"


def run(data: bytes) -> bool:
    """Every way to read a segment says what is wrong with it in a sentence."""
    PLACE.write_bytes(data)
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        verdict = show([str(PLACE)], as_json=False)
        if zlib.crc32(data) % 16 == 0:
            # It plays two cores: much slower than all else.
            tell.show("", str(PLACE), "", 1.0, as_json=False)
    assert said.getvalue().replace("\n", "").isprintable(), "a terminal would obey this"
    return verdict == IDENTICAL


def _sample() -> bytes:
    state, actions = core.begin(CONFIG, 5 << 32, 100.0)
    encoder, now = Encoder(), 100.0
    lines = [head(state, now, 1.7e9, begin=True, lost=0), encoder.decisions(actions)]
    message: Message = heard()
    events: list[Event] = [Probed("shop", 1, Found.STOPPED, False), Heard("lan", message), Tick()]
    for event in events:
        now += 0.1
        lines.append(encoder.input(event, now))
        state, decided = core.step(state, event, now)
        assert not [a for a in decided if isinstance(a, Note) and a.code == "core-error"]
        lines.append(encoder.decisions(decided))
    return b"".join(lines)


TARGET = Target("journal", [_sample()], run)
