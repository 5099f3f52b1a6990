# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""failoverctl whatif: finds the first state, runs it forward, prints the story."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from failoverd.control.client import ask
from failoverd.core.config import Kind
from failoverd.core.state import State
from failoverd.formats.codec import CodecError, from_json
from failoverd.formats.strictjson import JsonError, loads
from failoverd.journal.lines import core_digest
from failoverd.journal.replay import Unreadable, replay
from failoverd.system.terminal import say

from .words import HELP, Misunderstood, Statement, parse
from .world import World

FORMAT = 1
OK, FAILED, USAGE = 0, 1, 2
QUIET_S = 120.0
"""Default length of the story after the last event."""


def live() -> dict[str, Any]:
    """The state of the daemon of this node, in the form for a file; raises NotRunning."""
    answer = ask({"op": "state"}, 10.0)
    return {name: answer.get(name) for name in ("format", "core", "now", "state")}


def load(path: Path) -> dict[str, Any]:
    """A saved state, or the last state of a segment of a journal; raises Unreadable, OSError."""
    try:
        saved = loads(path.read_bytes())
    except JsonError:
        saved = None
    if isinstance(saved, dict) and saved.get("format") == FORMAT and "state" in saved:
        return saved
    end = replay(path)
    if end.difference is not None:
        raise Unreadable(f"{path}: the journal does not replay: see failoverctl replay.")
    return {"state": end.ended, "now": float(end.head["t"]) + end.seconds, "core": core_digest()}


def begin(saved: dict[str, Any], origin: str) -> World:
    """An imagined cluster in that state; raises Unreadable."""
    state = saved["state"]
    try:
        if not isinstance(state, State):
            state = from_json(State, state)
        if any(kind is not Kind.STONITH for kind in state.config.kinds):
            # Without a model of probes and locks, services would stay down in the story.
            raise Unreadable(f"{origin}: whatif has no model of watchdog leases and SFEX locks.")
        return World(state, from_json(float, saved["now"]))
    except Unreadable:
        raise
    except Exception as error:
        # Each field may be valid although the core cannot be in that state.
        said = str(error) if isinstance(error, CodecError) else type(error).__name__
        other = f"it is of core {str(saved.get('core'))[:40]}, this is core {core_digest()}"
        raise Unreadable(f"{origin}: the state cannot be read: {said}; {other}.") from None


def show(text: str, origin: str, saveto: str, seconds: float, as_json: bool) -> int:
    """Answer one question. origin: a file, or empty for the live daemon. Raises NotRunning."""
    try:
        saved = load(Path(origin)) if origin else live()
        if saveto:
            Path(saveto).write_text(json.dumps(saved) + "\n", encoding="utf-8")
            say(f"{saveto}: saved")
            if not text:
                return OK
        world = begin(saved, origin or "the daemon")
        statements = parse(text, next(iter(world.nodes.values())).config)
    except Unreadable as error:
        say(str(error))
        return FAILED
    except BrokenPipeError:
        raise
    except OSError as error:
        say(f"{error.filename}: cannot be used: {error.strerror}.")
        return FAILED
    except Misunderstood as error:
        say(f"{error}\n\n{HELP}")
        return USAGE
    play(world, statements, seconds)
    if as_json:
        say(json.dumps(story(world)))
    else:
        say("\n".join(lines(world)))
    return OK


def play(world: World, statements: list[Statement], seconds: float = QUIET_S) -> World:
    """Carry out the statements, and let time pass afterwards."""
    for statement in statements:
        world.happen(statement)
    world.run(seconds)
    return world


def story(world: World) -> dict[str, Any]:
    """The whole story as one object."""
    return {
        "format": FORMAT,
        "assumptions": world.assumptions,
        "steps": [asdict(step) for step in world.story],
        "end": world.end(),
    }


def lines(world: World) -> Iterator[str]:
    """The text for people."""
    yield "Nothing is changed. Assumptions:"
    for assumption in world.assumptions:
        yield f"  - {assumption}"
    yield ""
    width = max(len(name) for name in (*world.nodes, "drbd"))
    for step in world.story:
        mark = "!" if step.alert else " "
        who = step.node or ("-" * width if step.code == "event" else "")
        yield f"{step.t:9.3f} s  {who:<{width}} {mark} {step.text}"
    yield ""
    end = world.end()
    yield f"After {end['seconds']:.0f} s:"
    for service in end["services"]:
        where = " and ".join(service["runs_on"])
        yield f"  {service['name']} runs {f'on {where}' if where else 'nowhere'}"
        for node, why in service["why"].items():
            yield f"    {node}: {why}"
    for name, word in end["nodes"].items():
        yield f"  {name} is {word}"
