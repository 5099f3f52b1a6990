# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What this node says about itself. It speaks at once when something changes, else by the clock."""

from __future__ import annotations

from failoverd.core import placement
from failoverd.core.actions import Send
from failoverd.core.facts import answered, diverged, links_heard
from failoverd.core.message import Local, Message, ServiceReport
from failoverd.core.state import Service
from failoverd.core.words import shorten
from failoverd.core.workbench import Step

from . import contact

WHY_LENGTH = 240
"""Longest reason that travels in a heartbeat. Where that is too long the links make it shorter."""


def speak(step: Step) -> None:
    """Send a heartbeat if one is due or something has changed that the peer must know."""
    state, said = step.state, step.state.said
    echo, goodbye = step.peer.greeted, state.left
    services = tuple(_report(step, service) for service in step.services)
    if said is not None and services == said.services:
        # The same tuple again: whoever compares two heartbeats sees it at once.
        services = said.services
    if not step.passed(state.next_beat) and said is not None:
        modes = (said.maintenance, said.standby, said.peer_standby)
        told = (said.incarnation, said.echo, said.goodbye, said.services, said.reach, modes)
        mine = (state.modes.maintenance, state.modes.standby, state.modes.peer_standby)
        if told == (state.incarnation, echo, goodbye, services, state.reach, mine):
            return
    message = Message(
        cluster=step.config.cluster,
        node=step.node,
        incarnation=state.incarnation,
        sequence=state.sequence + 1,
        echo=echo,
        hears=links_heard(step),
        services=services,
        goodbye=goodbye,
        reach=state.reach,
        maintenance=state.modes.maintenance,
        standby=state.modes.standby,
        peer_standby=state.modes.peer_standby,
        heard=answered(step),
        pact=step.config.pact,
    )
    contact.asked(step, message.sequence)
    next_beat = step.now + step.timing.heartbeat_s
    step.set(sequence=message.sequence, said=message, next_beat=next_beat)
    step.passed(next_beat)
    step.do(Send(message))


def _report(step: Step, service: Service) -> ServiceReport:
    why = placement.unable(step, service)
    move = service.move
    pull = 1 if move is not None and move.to == step.node and not service.held else 0
    return ServiceReport(
        name=service.name,
        local=service.local,
        generation=service.generation,
        claim=service.claim,
        grant=service.grant,
        able=not why,
        why=shorten(why, WHY_LENGTH),
        pull=pull,
        doomed=service.doomed,
        split=diverged(service),
        clear=service.clear,
        cleared=service.cleared,
        cramped=bool(service.cramped) and service.local is Local.RUNNING,
        outdate=service.promise,
        outdated=service.outdated,
        score=placement.score(step, service, why),
        linked=service.disk.connected and step.config.lease is not None,
    )
