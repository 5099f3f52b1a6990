# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rule works with: a view of the state at the present, and one step in the making."""

from __future__ import annotations

from typing import Any

from .actions import Action, Level, Note
from .change import changed
from .clock import Clock
from .config import CoreConfig, ServiceConfig, Timing
from .message import ServiceReport
from .modes import is_on
from .state import Exclusion, Life, Peer, Service, State, Watch


class View:
    """A state and the present. Facts are functions of it."""

    def __init__(self, state: State, clock: Clock) -> None:
        self.state = state
        self.clock = clock
        self.passed = clock.passed
        """It is that time, or later; if not, the rules look again when it is."""
        self.beyond = clock.beyond

    @property
    def config(self) -> CoreConfig:
        """The configuration of the cluster."""
        return self.state.config

    @property
    def timing(self) -> Timing:
        """The durations of the failure detector and of fencing."""
        return self.state.config.timing

    @property
    def node(self) -> str:
        """The name of this node."""
        return self.state.config.node

    @property
    def peer_name(self) -> str:
        """The name of the other node."""
        return self.state.config.peer

    @property
    def peer(self) -> Peer:
        """What is known of the other node."""
        return self.state.peer

    @property
    def exclusion(self) -> Exclusion:
        """The work of fencing the other node."""
        return self.state.exclusion

    @property
    def services(self) -> tuple[Service, ...]:
        """The services as they are on this node now."""
        return self.state.services

    @property
    def maintenance(self) -> bool:
        """F66: nothing is started, stopped, moved or fenced."""
        return is_on(self.state.modes.maintenance)

    def service(self, name: str) -> Service:
        """The service of that name as it is now; raises LookupError if there is none."""
        service = self.state.service(name)
        if service is None:
            raise LookupError(name)
        return service

    def settings(self, service: Service) -> ServiceConfig:
        """The configuration of a service."""
        for config in self.state.config.services:
            if config.name == service.name:
                return config
        raise LookupError(service.name)

    def last_word(self, name: str) -> ServiceReport | None:
        """What the peer last said of a service, whatever became of the peer since."""
        message = self.state.peer.message
        return None if message is None else message.report(name)

    def report(self, name: str) -> ServiceReport | None:
        """What the peer last said of a service in its present life, None while it has none."""
        return None if self.peer.life in (Life.GONE, Life.UNSEEN) else self.last_word(name)


class Step(View):
    """Collects the changes and the orders of the rules. Lives only inside one step."""

    def __init__(self, state: State, clock: Clock) -> None:
        super().__init__(state, clock)
        self.now = clock.now
        """To note down when something happens; compare it with other times by passed() only."""
        self.actions: list[Action] = []

    def do(self, action: Action) -> None:
        """Order an action."""
        self.actions.append(action)

    def note(self, code: str, text: str, service: str = "", *, alert: bool = False) -> None:
        """Write into the history."""
        self.do(Note(Level.ALERT if alert else Level.INFO, code, text, service))

    def result(self) -> tuple[State, tuple[Action, ...]]:
        """The end of the step: the next one is due at the first time that a rule waits for."""
        self.set(wake=self.clock.ahead)
        return self.state, tuple(self.actions)

    def number(self) -> int:
        """A number never used before in this life."""
        self.set(counter=self.state.counter + 1)
        return self.state.counter

    def set(self, **changes: Any) -> None:
        """Change the state itself."""
        state = self.state
        if any(getattr(state, field) is not value for field, value in changes.items()):
            self.state = changed(state, **changes)

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

    def set_watch(self, **changes: Any) -> Watch:
        """Change the watch over the lease."""
        watch = changed(self.state.watch, **changes)
        self.state = changed(self.state, watch=watch)
        return watch

    def set_service(self, name: str, **changes: Any) -> Service:
        """Change the service of that name as it is now; returns it as it is then."""
        service = self.service(name)
        if all(getattr(service, field) == value for field, value in changes.items()):
            return service
        new = changed(service, **changes)
        self.set(services=tuple(new if s.name == name else s for s in self.services))
        return new
