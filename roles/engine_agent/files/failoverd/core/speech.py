# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What this node says of itself, and when: at every change at once, otherwise by the clock."""

from __future__ import annotations

from . import data, lease, liveness, placement
from .actions import Send
from .message import Local, Message, ServiceReport
from .state import Service
from .turn import Turn
from .words import shorten

WHY_LENGTH = 240
"""Longest reason that travels in a heartbeat. Where that is too long the links make it shorter."""


def speak(turn: Turn) -> None:
    """Send a heartbeat if one is due or something has changed that the peer must know."""
    state = turn.state
    echo, goodbye = state.peer.greeted, state.leaving < 0
    said = state.said
    services = tuple(_report(turn, service) for service in state.services)
    if said is not None and services == said.services:
        # The same tuple again: whoever compares two heartbeats sees it at once.
        services = said.services
    if not turn.passed(state.next_beat) and said is not None:
        modes = (said.maintenance, said.standby, said.peer_standby)
        told = (said.incarnation, said.echo, said.goodbye, said.services, said.reach, modes)
        own = state.modes
        mine = (own.maintenance, own.standby, own.peer_standby)
        if told == (state.incarnation, echo, goodbye, services, state.reach, mine):
            return
    message = Message(
        cluster=state.config.cluster,
        node=state.config.node,
        incarnation=state.incarnation,
        sequence=state.sequence + 1,
        echo=echo,
        hears=liveness.hears(state, turn.clock),
        services=services,
        goodbye=goodbye,
        reach=state.reach,
        maintenance=state.modes.maintenance,
        standby=state.modes.standby,
        peer_standby=state.modes.peer_standby,
        heard=liveness.answered(state),
        pact=state.config.pact,
    )
    turn.state = lease.asked(state, message.sequence, turn.now)
    next_beat = turn.now + state.config.timing.heartbeat_s
    turn.set(sequence=message.sequence, said=message, next_beat=next_beat)
    turn.passed(next_beat)
    turn.do(Send(message))


def _report(turn: Turn, service: Service) -> ServiceReport:
    why = placement.unable(turn, service)
    move = service.move
    pull = 1 if move is not None and move.to == turn.state.config.node and not service.held else 0
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
        split=data.diverged(service),
        clear=service.clear,
        cleared=service.cleared,
        cramped=bool(service.cramped) and service.local is Local.RUNNING,
        outdate=service.promise,
        outdated=service.outdated,
        score=placement.score(turn, service, why),
        linked=service.disk.connected and turn.state.config.lease is not None,
    )
