# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turns the modes on and off, by an operator's command or by the peer's heartbeat (F66)."""

from __future__ import annotations

from failoverd.core.actions import KeepModes, Reply
from failoverd.core.change import changed
from failoverd.core.events import Command, Verb
from failoverd.core.modes import Modes, is_on, turned
from failoverd.core.state import Life
from failoverd.core.workbench import Step

from . import lifecycle

TOO_OLD = "runs an older failoverd that does not know this mode: upgrade it first"


def by_heartbeat(step: Step) -> None:
    """The greater count is the newer word, wherever it was said."""
    peer, mine = step.peer, step.state.modes
    if peer.message is None or not peer.life.heard:
        return
    said = peer.message
    maintenance = max(mine.maintenance, said.maintenance or 0)
    standby = max(mine.standby, said.peer_standby or 0)
    peer_standby = max(mine.peer_standby, said.standby or 0)
    if (maintenance, standby, peer_standby) != (mine.maintenance, mine.standby, mine.peer_standby):
        heard = Modes(maintenance, standby, peer_standby)
        _take(step, heard, f"heard from {step.peer_name}")


def standby(step: Step, event: Command) -> str:
    """Set or end the standby mode of a node, this one by default. Returns a refusal or nothing."""
    state, on = step.state, event.verb is Verb.STANDBY
    node, peer = step.node, step.peer_name
    name, mine = event.argument or node, state.modes
    if name not in (node, peer):
        return f"no node {name!r}; there are {node} and {peer}"
    message = step.peer.message if step.peer.life is Life.ALIVE else None
    if on and name == peer and message is not None and message.standby is None:
        return f"{peer} {TOO_OLD}"
    if name == node:
        new = changed(mine, standby=turned(mine.standby, on))
    else:
        new = changed(mine, peer_standby=turned(mine.peer_standby, on))
    _take(step, new, f"asked by {event.who or '?'}")
    untold = "" if name == node or message is not None else "; it is told when it is heard again"
    text = "is in standby mode" if on else "is online"
    stays = "".join(f"; {s.name} stays: {s.cramped}" for s in step.services if s.cramped)
    step.do(Reply(event.request, True, f"{name} {text}{untold}{stays if on else ''}"))
    return ""


def maintenance(step: Step, event: Command) -> str:
    """Begin or end the maintenance of the cluster. Returns a refusal or nothing."""
    state, on = step.state, event.argument == "on"
    peer = step.peer_name
    if event.argument not in ("on", "off"):
        return f"maintenance is on or off, not {event.argument!r}"
    message = step.peer.message if step.peer.life is Life.ALIVE else None
    if on and message is not None and message.maintenance is None:
        return f"{peer} {TOO_OLD}"
    if on and state.leaving:
        return f"{step.node} is leaving"
    for service in step.services:
        report = step.report(service.name)
        there = report is not None and report.local.changing
        if on and (service.local.changing or service.move is not None or there):
            return f"{service.name} is being started, stopped or moved: ask again when it is done"
    new = changed(state.modes, maintenance=turned(state.modes.maintenance, on))
    _take(step, new, f"asked by {event.who or '?'}")
    text = f"maintenance mode is {event.argument}"
    if message is None and step.peer.life is not Life.GONE:
        text += f"; {peer} is {step.peer.life.value} and has not been told: it may still act"
    step.do(Reply(event.request, True, text))
    return ""


def _take(step: Step, new: Modes, why: str) -> None:
    old, config = step.state.modes, step.config
    if new == old:
        return
    step.set(modes=new)
    step.do(KeepModes(new))
    names = (
        ("maintenance mode", old.maintenance, new.maintenance),
        (f"standby mode of {config.node}", old.standby, new.standby),
        (f"standby mode of {config.peer}", old.peer_standby, new.peer_standby),
    )
    for name, before, after in names:
        if is_on(before) is not is_on(after):
            word = "on" if is_on(after) else "off"
            step.note("mode", f"{name} is {word}, {why}", alert=is_on(after))
    if is_on(new.maintenance) and step.state.handover:
        step.do(Reply(step.state.handover, False, "maintenance mode is on: nothing is moved"))
        step.set(handover=0)
    if is_on(old.maintenance) and not is_on(new.maintenance):
        for service in step.services:
            lifecycle.look_again(step, service)
