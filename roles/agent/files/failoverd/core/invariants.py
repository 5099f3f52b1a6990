# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must hold after every step, in production too. A breach ends in a safe stop."""

from __future__ import annotations

from .message import Local
from .state import Life, Right, Service, State

ACTIVE = (Local.STARTING, Local.RUNNING, Local.RECOVERING)


def breach(state: State, service: Service) -> str:
    """Why this service must not go on here, empty if all is well."""
    if service.local not in ACTIVE:
        return ""
    if service.right is Right.NONE:
        return "it is up without any right to it (S1)"
    if service.grant is not None:
        return "it is up although the peer was given leave to start it (S1)"
    message, life = state.peer.message, state.peer.life
    if message is None or life not in (Life.ALIVE, Life.SUSPECT):
        return ""
    for report in message.services:
        rival = report.name == service.name and report.local in ACTIVE
        if rival and not _outranks(state, service, report.generation):
            return "it is up on the peer too, under the newer generation (S1)"
    return ""


def _outranks(state: State, service: Service, theirs: int) -> bool:
    if service.generation != theirs:
        return service.generation > theirs
    return state.config.node < state.config.peer
