# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the events come from: the worlds of the simulator, and journals that daemons wrote."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from failoverd.core.state import State
from failoverd.formats.codec import from_json
from failoverd.formats.strictjson import loads
from failoverd.journal.lines import Decoder
from failoverd.journal.replay import remembered
from tests.lockstep.shadow import Apart, Shadow
from tests.simulation import daemon
from tests.simulation.clock import Violation
from tests.simulation.world import World


def world(shadow: Shadow, seed: int) -> str:
    """Play one world with both cores; returns where they part, empty if they do not."""
    shadow.forget()
    vars(daemon).update(begin=shadow.begin, step=shadow.step, deadline=shadow.deadline)
    try:
        World(seed).run()
    except Violation as found:
        if isinstance(found.__cause__, Apart):
            return f"seed {seed}: {found.__cause__}"
    except Apart as apart:
        return f"seed {seed}: {apart}"
    return ""


def journals(shadow: Shadow, directory: Path) -> Iterator[str]:
    """Play each life whose beginning is in a directory of journals; yields where the cores part."""
    state: Any = None
    for path in sorted(directory.rglob("*.jsonl")):
        head, *lines = [loads(line) for line in _whole(path)] or [{}]
        if head.get("begin"):
            state = _begun(shadow, head["state"])
        elif state is None or head.get("state", {}).get("incarnation") != state.incarnation:
            state = None
            continue
        decoder = Decoder()
        try:
            for line in lines:
                if "t" in line:
                    now, event = decoder.input(line)
                    state, _actions = shadow.step(state, event, now)
        except Apart as apart:
            yield f"{path}: {apart}"
            state = None


def _whole(path: Path) -> list[bytes]:
    """The lines of a segment that were written to their end."""
    return [line for line in path.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]


def _begun(shadow: Shadow, said: dict[str, Any]) -> Any:
    """The head has the state after begin: what it was given stands in it."""
    shadow.forget()
    state = from_json(State, said)
    return shadow.begin(state.config, state.incarnation, state.started, remembered(state))[0]
