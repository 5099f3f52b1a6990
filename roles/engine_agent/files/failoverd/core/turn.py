# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One step in the making: the state so far, and the actions so far. Lives only inside step()."""

from __future__ import annotations

from typing import Any

from .actions import Action, Level, Note
from .change import changed
from .clock import Clock
from .message import ServiceReport
from .state import Exclusion, Life, Peer, Service, State


class Turn:
    """Collects the changes that the rules make during one step."""

    def __init__(self, state: State, clock: Clock) -> None:
        self.state = state
        self.clock = clock
        self.now = clock.now
        """To note down when something happens; it is compared with other times by passed()."""
        self.actions: list[Action] = []

    def passed(self, time: float) -> bool:
        """It is that time, or later; if not, the rules look again when it is."""
        return self.clock.passed(time)

    def do(self, action: Action) -> None:
        """Order an action."""
        self.actions.append(action)

    def note(self, code: str, text: str, service: str = "", *, alert: bool = False) -> None:
        """Write into the history."""
        self.do(Note(Level.ALERT if alert else Level.INFO, code, text, service))

    def number(self) -> int:
        """A number never used before in this life."""
        self.state = changed(self.state, counter=self.state.counter + 1)
        return self.state.counter

    def set(self, **changes: Any) -> None:
        """Change the state itself."""
        self.state = changed(self.state, **changes)

    def set_peer(self, **changes: Any) -> Peer:
        """Change what is known of the peer."""
        peer = changed(self.state.peer, **changes)
        self.state = changed(self.state, peer=peer)
        return peer

    def set_exclusion(self, **changes: Any) -> Exclusion:
        """Change the work of fencing."""
        exclusion = changed(self.state.exclusion, **changes)
        self.state = changed(self.state, exclusion=exclusion)
        return exclusion

    def set_service(self, name: str, **changes: Any) -> Service:
        """Change the service of that name as it is now; returns it as it is then."""
        service = self.service(name)
        if all(getattr(service, field) == value for field, value in changes.items()):
            return service
        new = changed(service, **changes)
        services = tuple(new if s.name == name else s for s in self.state.services)
        self.state = changed(self.state, services=services)
        return new

    def service(self, name: str) -> Service:
        """The service of that name as it is now; raises LookupError if there is none."""
        service = self.state.service(name)
        if service is None:
            raise LookupError(name)
        return service

    def report(self, name: str) -> ServiceReport | None:
        """What the peer last said of a service in its present life, None while it has none."""
        peer = self.state.peer
        if peer.message is None or peer.life in (Life.GONE, Life.UNSEEN):
            return None
        for report in peer.message.services:
            if report.name == name:
                return report
        return None
