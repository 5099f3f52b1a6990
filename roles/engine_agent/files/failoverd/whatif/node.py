# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One node of the imagined cluster: the real core in a modelled shell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from failoverd.core import actions, events
from failoverd.core import step as core
from failoverd.core.config import CoreConfig
from failoverd.core.memory import Memory
from failoverd.core.message import Message, Reach
from failoverd.core.modes import Modes
from failoverd.core.state import State

from .mirror import Mirror

PROBE_S, START_S, STOP_S, RECOVER_S = 0.2, 4.0, 3.0, 3.0
BOOT_S, RESTART_S = 40.0, 2.0
ASK_S, OFF_S, ON_S, TIMEOUT_S = 1.0, 4.0, 2.0, 20.0
DISK_S = 0.2
FIRST_REQUEST = 10**9
"""Larger than the number of any request that waits in the state."""


class World(Protocol):
    """The part of the world that a node needs."""

    now: float
    nodes: dict[str, Node]
    mirrors: dict[str, Mirror]
    unfenceable: set[str]

    def tell(self, node: str, text: str, *, code: str = "", alert: bool = False) -> None:
        """Add a line to the story."""

    def after(self, seconds: float, what: Callable[[], None]) -> None:
        """Let something happen later."""

    def poke(self) -> None:
        """The paths between the nodes may have changed."""

    def kernels_look(self) -> None:
        """The kernels notice at once that their peer is gone."""

    def disks_changed(self) -> None:
        """The nodes look at their replicated disks."""

    def send(self, sender: str, message: Message) -> None:
        """Carry a heartbeat to the other node."""

    def fence(self, sender: str, action: actions.Fence) -> tuple[float, Callable[[], None]]:
        """The time until the fence device answers, and what happens then."""


class Node:
    """The state of the core, the truth on the node, and the effects of actions."""

    def __init__(self, world: World, config: CoreConfig) -> None:
        self.world, self.config = world, config
        self.name, self.peer = config.node, config.peer
        self.on = True
        self.frozen_at: float | None = None
        self.life = 0
        self.incarnation = 0
        self.modes = Modes()
        self.cut = ""
        """The fence device that this node used on its peer."""
        self.split: set[str] = set()
        """Services whose copies have diverged."""
        self.state: State | None = None
        self.up: set[str] = set()
        """Services of which a part is up here."""
        self.owned: dict[str, int] = {}
        self.failing: set[tuple[str, str]] = set()
        """("start" or "stop", service) that will fail."""
        self._request = FIRST_REQUEST
        self._commands: dict[int, str] = {}
        self._handlers: dict[int, str] = {}
        self._asked: tuple[object, ...] = ()
        self._tick = 0

    @property
    def alive(self) -> bool:
        """The kernel runs."""
        return self.on and self.frozen_at is None

    # -- events into the core ---------------------------------------------------------------

    def feed(self, event: events.Event) -> None:
        """Run one step of the core, and its actions."""
        if self.state is None or not self.alive:
            return
        self.state, todo = core.step(self.state, event, self.world.now)
        for action in todo:
            self.carry_out(action)
        self.schedule()

    def schedule(self) -> None:
        """Wait for the next deadline of the core."""
        if self.state is None or not self.alive:
            return
        self._tick += 1
        tick = self._tick
        wait = max(0.001, core.deadline(self.state, self.world.now) - self.world.now)
        self._after(wait, lambda: self.feed(events.Tick()) if tick == self._tick else None)

    def receive(self, link: str, message: Message) -> None:
        """A heartbeat arrives."""
        self.feed(events.Heard(link, message))

    def command(self, verb: events.Verb, argument: str, to: str = "") -> None:
        """An operator's command."""
        self._request += 1
        self._commands[self._request] = f"{verb.value} {argument}".strip()
        self.feed(events.Command(self._request, verb, argument, "whatif", to))

    def ask_handler(self, service: str) -> None:
        """DRBD's fence-peer handler asks whether the peer is excluded."""
        self._request += 1
        self._handlers[self._request] = service
        self.feed(events.HandlerAsked(self._request, service))

    # -- life and death ---------------------------------------------------------------------

    def power_off(self) -> None:
        """The power is lost."""
        if not self.on:
            return
        self.on, self.state, self.frozen_at, self.cut = False, None, None, ""
        self.life += 1
        self.up.clear()
        self.owned.clear()
        self._handlers.clear()
        for mirror in self.world.mirrors.values():
            mirror.power_lost(self.name)
        self.world.poke()

    def power_on(self) -> None:
        """The power is back, and it boots."""
        if self.on:
            return
        self.on = True
        self.world.tell(self.name, f"boots, which takes {BOOT_S:g} s")
        self._after(BOOT_S, self.begin)

    def kill_daemon(self) -> None:
        """Only the daemon dies: kernel and services run on, and systemd restarts it."""
        if self.state is None or not self.alive:
            return
        self.state = None
        self.life += 1
        self._handlers.clear()
        self._after(RESTART_S, self.begin)

    def freeze(self) -> None:
        """Nothing runs, but the power is on."""
        if self.alive:
            self.frozen_at = self.world.now
            self.world.poke()

    def thaw(self) -> None:
        """It runs again, and its daemon notices the gap (F26)."""
        if not self.on or self.frozen_at is None:
            return
        gap, self.frozen_at = self.world.now - self.frozen_at, None
        self.world.tell(self.name, "runs again")
        self.world.poke()
        self.feed(events.Paused(gap))

    def begin(self) -> None:
        """The daemon starts."""
        self.world.poke()
        self.incarnation = ((self.incarnation >> 32) + 1) << 32
        memory = Memory(self.modes, frozenset(self.split), frozenset(self.owned), self.cut)
        self.state, todo = core.begin(self.config, self.incarnation, self.world.now, memory)
        self.world.tell(self.name, "its daemon starts")
        for action in todo:
            self.carry_out(action)
        for service in self.world.mirrors:
            self.see(service)
        self.schedule()

    def see(self, service: str) -> None:
        """The kernel reports the replicated disk."""
        self.feed(events.DiskChanged(service, self.world.mirrors[service].see(self.name)))

    # -- actions out of the core ------------------------------------------------------------

    def _after(self, seconds: float, what: Callable[[], None]) -> None:
        """Do it later in this life of the daemon; wait while the node is frozen."""
        life = self.life

        def run() -> None:
            if life != self.life or not self.on:
                return
            if self.frozen_at is not None:
                self.world.after(1.0, run)
                return
            what()

        self.world.after(seconds, run)

    def carry_out(self, action: actions.Action) -> None:
        """Carry out an action of the core."""
        if isinstance(action, actions.Send):
            self.world.send(self.name, action.message)
        elif isinstance(action, actions.Note):
            mark = action.level is actions.Level.ALERT
            self.world.tell(self.name, action.text, code=action.code, alert=mark)
        elif isinstance(action, actions.Own):
            self.owned.pop(action.service, None)
            if action.held:
                self.owned[action.service] = action.generation
        elif isinstance(action, actions.KeepModes):
            self.modes = action.modes
        elif isinstance(action, actions.KeepCut):
            self.cut = action.level
        elif isinstance(action, actions.KeepSplit):
            (self.split.add if action.split else self.split.discard)(action.service)
        elif isinstance(action, actions.Probe):
            self._after(PROBE_S, lambda: self.probe(action))
        elif isinstance(action, actions.ProbeAddresses):
            asked_at = self.world.now
            self._after(PROBE_S, lambda: self._look_around(action, asked_at))
        elif isinstance(action, actions.Start | actions.Stop | actions.Recover):
            self._operate(action)
        elif isinstance(action, actions.Fence):
            self._fence(action)
        elif isinstance(action, actions.AnswerHandler):
            self._answer_handler(action)
        elif isinstance(action, actions.Outdate):
            self._after(DISK_S, lambda: self._outdate(action.service))
        elif isinstance(action, actions.ResumeIO):
            self._after(DISK_S, lambda: self._thaw_disk(action.service))
        elif isinstance(action, actions.DropPeer):
            self._after(DISK_S, self.world.kernels_look)
        elif isinstance(action, actions.Reply):
            asked = self._commands.pop(action.request, "a command asked before")
            said = "answers" if action.ok else "refuses"
            self.world.tell(self.name, f"{said} {asked!r}: {action.text}", alert=not action.ok)
        elif isinstance(action, actions.Leave):
            self.world.tell(self.name, "has left the cluster")

    def probe(self, action: actions.Probe) -> None:
        """Probe the truth."""
        found = events.Found.RUNNING if action.service in self.up else events.Found.STOPPED
        mine = action.service in self.owned
        generation = self.owned.get(action.service, 0)
        self.feed(events.Probed(action.service, action.op, found, mine, "", generation))

    def _look_around(self, action: actions.ProbeAddresses, asked_at: float) -> None:
        """The service network works: its ping targets answer, and who serves does, too."""
        peer = self.world.nodes[self.config.peer]
        answered = f"{peer.name} answers" if peer.alive and peer.up else ""
        self.feed(events.Reached(Reach.REACHED, asked_at, complete=True))
        self.feed(events.AddressesProbed(action.op, answered))

    def _operate(self, action: actions.Start | actions.Stop | actions.Recover) -> None:
        service = action.service
        if isinstance(action, actions.Start):
            self.world.tell(self.name, f"orders: start {service}")
            self._after(START_S, lambda: self._started(action))
            return
        if isinstance(action, actions.Recover):
            self.world.tell(self.name, f"orders: restart {action.resource} of {service}")
            self._after(RECOVER_S, lambda: self._done(service, action.op, ""))
            return
        self.world.tell(self.name, f"orders: stop {service}")
        self._after(STOP_S, lambda: self._stopped(service, action.op))

    def _started(self, action: actions.Start) -> None:
        service, mirror = action.service, self.world.mirrors.get(action.service)
        refusal = mirror.promote(self.name, action.peer_gone) if mirror is not None else ""
        if ("start", service) in self.failing:
            refusal = refusal or "the start fails, as requested"
        if not refusal:
            self.up.add(service)
        self.world.disks_changed()
        self._done(service, action.op, refusal)

    def _stopped(self, service: str, op: int) -> None:
        if ("stop", service) in self.failing:
            self._done(service, op, "the stop fails, as requested")
            return
        self.up.discard(service)
        if service in self.world.mirrors:
            side = self.world.mirrors[service].sides[self.name]
            side.role, side.suspended = "Secondary", False
        self.world.disks_changed()
        self._done(service, op, "")

    def _done(self, service: str, op: int, reason: str) -> None:
        self.feed(events.OpDone(service, op, not reason, reason))

    def _fence(self, action: actions.Fence) -> None:
        levels = self.config.levels
        device = levels[action.level] if action.level < len(levels) else str(action.level)
        asked = {
            actions.Ask.STATUS: f"asks {device} whether {self.peer} is off",
            actions.Ask.OFF: f"orders {device} to switch {self.peer} off",
            actions.Ask.ON: f"orders {device} to switch {self.peer} on",
        }[action.ask]
        # A question that repeats with the same answer is shown once.
        now = (action.level, action.ask, self.world.nodes[self.peer].on, *self.world.unfenceable)
        if now != self._asked or action.ask is not actions.Ask.STATUS:
            self.world.tell(self.name, asked)
        self._asked = now
        self._after(*self.world.fence(self.name, action))

    def _answer_handler(self, action: actions.AnswerHandler) -> None:
        service = self._handlers.pop(action.request, "")
        if service and action.code in (4, 7) and not self.world.mirrors[service].connected:
            self._thaw_disk(service)

    def _thaw_disk(self, service: str) -> None:
        mirror = self.world.mirrors[service]
        if mirror.sides[self.name].suspended and not mirror.connected:
            mirror.thaw(self.name)
            self.see(service)

    def _outdate(self, service: str) -> None:
        self.world.mirrors[service].outdate(self.name)
        self.see(service)
