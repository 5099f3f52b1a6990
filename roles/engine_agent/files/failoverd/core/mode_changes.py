# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turns the modes on and off: by an operator's command here, by the peer's heartbeat (F66)."""

from __future__ import annotations

from . import lifecycle
from .actions import KeepModes, Reply
from .change import changed
from .events import Command, Verb
from .message import Local
from .modes import Modes, is_on, turned
from .state import Life
from .turn import Turn

PASSING = (Local.STARTING, Local.STOPPING, Local.RECOVERING)
TOO_OLD = "runs an older failoverd that does not know this mode: upgrade it first"


def by_heartbeat(turn: Turn) -> None:
    """The greater count is the newer word, wherever it was said."""
    peer, mine = turn.state.peer, turn.state.modes
    if peer.message is None or peer.life not in (Life.ALIVE, Life.SUSPECT):
        return
    said = peer.message
    maintenance = max(mine.maintenance, said.maintenance or 0)
    standby = max(mine.standby, said.peer_standby or 0)
    peer_standby = max(mine.peer_standby, said.standby or 0)
    if (maintenance, standby, peer_standby) != (mine.maintenance, mine.standby, mine.peer_standby):
        heard = Modes(maintenance, standby, peer_standby)
        _take(turn, heard, f"heard from {turn.state.config.peer}")


def standby(turn: Turn, event: Command) -> str:
    """Set or end the standby mode of a node, this one by default. Returns a refusal or nothing."""
    state, on = turn.state, event.verb is Verb.STANDBY
    node, peer = state.config.node, state.config.peer
    name, mine = event.argument or node, state.modes
    if name not in (node, peer):
        return f"no node {name!r}; there are {node} and {peer}"
    message = state.peer.message if state.peer.life is Life.ALIVE else None
    if on and name == peer and message is not None and message.standby is None:
        return f"{peer} {TOO_OLD}"
    if name == node:
        new = changed(mine, standby=turned(mine.standby, on))
    else:
        new = changed(mine, peer_standby=turned(mine.peer_standby, on))
    _take(turn, new, f"asked by {event.who or '?'}")
    untold = "" if name == node or message is not None else "; it is told when it is heard again"
    text = "is in standby mode" if on else "is online"
    stays = "".join(f"; {s.name} stays: {s.cramped}" for s in turn.state.services if s.cramped)
    turn.do(Reply(event.request, True, f"{name} {text}{untold}{stays if on else ''}"))
    return ""


def maintenance(turn: Turn, event: Command) -> str:
    """Begin or end the maintenance of the cluster. Returns a refusal or nothing."""
    state, on = turn.state, event.argument == "on"
    peer = state.config.peer
    if event.argument not in ("on", "off"):
        return f"maintenance is on or off, not {event.argument!r}"
    message = state.peer.message if state.peer.life is Life.ALIVE else None
    if on and message is not None and message.maintenance is None:
        return f"{peer} {TOO_OLD}"
    if on and state.leaving:
        return f"{state.config.node} is leaving"
    for service in state.services:
        report = turn.report(service.name)
        there = report is not None and report.local in PASSING
        if on and (service.local in PASSING or service.move is not None or there):
            return f"{service.name} is being started, stopped or moved: ask again when it is done"
    new = changed(state.modes, maintenance=turned(state.modes.maintenance, on))
    _take(turn, new, f"asked by {event.who or '?'}")
    text = f"maintenance mode is {event.argument}"
    if message is None and state.peer.life is not Life.GONE:
        text += f"; {peer} is {state.peer.life.value} and has not been told: it may still act"
    turn.do(Reply(event.request, True, text))
    return ""


def _take(turn: Turn, new: Modes, why: str) -> None:
    old, config = turn.state.modes, turn.state.config
    if new == old:
        return
    turn.set(modes=new)
    turn.do(KeepModes(new))
    names = (
        ("maintenance mode", old.maintenance, new.maintenance),
        (f"standby mode of {config.node}", old.standby, new.standby),
        (f"standby mode of {config.peer}", old.peer_standby, new.peer_standby),
    )
    for name, before, after in names:
        if is_on(before) is not is_on(after):
            word = "on" if is_on(after) else "off"
            turn.note("mode", f"{name} is {word}, {why}", alert=is_on(after))
    if is_on(new.maintenance) and turn.state.leaving > 0:
        turn.do(Reply(turn.state.leaving, False, "maintenance mode is on: nothing is moved"))
        turn.set(leaving=0)
    if is_on(old.maintenance) and not is_on(new.maintenance):
        for service in turn.state.services:
            lifecycle.look_again(turn, service)
