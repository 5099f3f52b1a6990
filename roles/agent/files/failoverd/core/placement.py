# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a stopped service belongs, and why a node may not have it."""

from __future__ import annotations

from . import data
from .config import ServiceConfig
from .message import Local, ServiceReport
from .state import Service, State
from .turn import Turn


def config_of(state: State, name: str) -> ServiceConfig:
    """The configuration of a service of this state."""
    return next(c for c in state.config.services if c.name == name)


def unable(turn: Turn, service: Service) -> str:
    """Why this node could not start the service, whatever the peer does; empty if it could."""
    state, node = turn.state, turn.state.config.node
    if state.leaving:
        return f"{node} is leaving"
    if service.local in (Local.UNKNOWN, Local.BROKEN):
        return f"on {node} it is {service.local.value}"
    if service.move is not None and service.move.to != node:
        return f"it is being moved to {service.move.to}"
    if failed(turn, service):
        return f"it failed on {node}: {service.failure}"
    return data.lacking(service, config_of(state, service.name).replicated)


def failed(turn: Turn, service: Service) -> bool:
    """F48: it failed here and that is not forgotten yet."""
    expiry = turn.state.config.timing.failure_expiry_s
    return service.failed_at is not None and turn.now < service.failed_at + expiry


def first_choice(state: State, service: str) -> str:
    """The node that has precedence when both could: the same answer on both nodes."""
    preferred = config_of(state, service).preferred
    return preferred or min(state.config.node, state.config.peer)


def chosen_here(turn: Turn, service: Service, report: ServiceReport) -> bool:
    """Both are alive and it is stopped on both: is it this node's turn?"""
    if unable(turn, service):
        return False
    return not report.able or first_choice(turn.state, service.name) == turn.state.config.node
