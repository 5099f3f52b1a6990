# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The daemon of a simulated node: the real core in a modelled shell."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from failoverd.core import events, lives
from failoverd.core.config import CoreConfig
from failoverd.core.memory import Memory
from failoverd.core.message import Message, Reach
from failoverd.core.modes import Modes
from failoverd.core.state import Proof, State
from failoverd.core.step import begin, deadline, step

from .clock import Violation
from .drbd import Volume
from .locks import Locks
from .orders import Orders
from .systemd import KEEPS, End
from .watchdog import Lan

if TYPE_CHECKING:
    from .node import Node

QUEUE = 400
"""Events that wait in sockets and pipes while the process does not run; more are lost."""
PATROL_S = 8.0
"""How often the monitors look at what no event tells."""


class Daemon:
    """One process after the other; what it remembers across them is on the node's own disk."""

    def __init__(self, node: Node, config: CoreConfig) -> None:
        self.node, self.world, self.clock, self.config = node, node.world, node.clock, config
        self.state: State | None = None
        self.life = 0
        self.incarnation = 0
        self.born = 0.0
        """When this life began, in the world's time."""
        self.stalled_since: float | None = None
        self.lag = 0.0
        self.shutdown = False
        """The handover that is asked belongs to a reboot of the host (F61)."""
        self.why_not = ""
        """Why this node may not own services: its watchdog is missing (F29)."""
        self.defect = False
        """Its core was made to break down (S3)."""
        self.modes = Modes()
        """As the core ordered to remember them over boots."""
        self.split: set[str] = set()
        """The services that the core ordered to remember as diverged, over boots (F39)."""
        self.cut = ""
        """The device that the core ordered to remember in this boot (F10)."""
        self.forgot = float("-inf")
        """When its directory was last emptied, in the world's time."""
        self.confirmed = float("-inf")
        """When an operator last said that the peer is off, in the world's time."""
        self.awake_since = 0.0
        """Since when it has run without a pause, in the world's time."""
        self.surrendered = False
        """It does not pet its watchdog any more in this life (F64, F65)."""
        self.locks: Locks | None = None
        self.service_lan = Lan(self)
        self._orders = Orders(self)
        self._counter = 0
        self.full = False
        """Its directory takes nothing: the count of its lives stays as it is (F73)."""
        self.spoken_to = float("-inf")
        """When a datagram of the peer last came, in the world's time."""
        self._queue: list[events.Event] = []
        self._requests = 0
        self._handlers: dict[int, Callable[[int], None]] = {}
        self._wake = 0.0
        """When the next wake-up stands in the queue, 0 if none does."""

    @property
    def held_up(self) -> bool:
        """The process does not run now: it or its whole node is paused."""
        return self.stalled_since is not None or self.node.frozen_since is not None

    # -- life -------------------------------------------------------------------------------

    def begin(self) -> None:
        """A new process: after a boot, a crash, an upgrade or a handover."""
        node = self.node
        if not node.on or self.state is not None:
            return
        if node.frozen_since is not None:
            self.clock.after(0.3, self.begin)
            return
        self.end()
        count = self._counter + 1
        if not self.full:
            self._counter = count
        self.born, self.defect = self.clock.now, False
        self.awake_since, self.surrendered = self.clock.now, False
        self.live(lives.number(count, self.clock.random.getrandbits(32)))
        self.clock.tell(f"{node.name}: daemon starts its life {count}")
        held = node.services.held
        now = node.mono()
        memory = Memory(self.modes, frozenset(self.split), held, self.cut)
        self.state, todo = begin(self.config, self.incarnation, now, memory)
        if self.world.setting.shared:
            self.locks = Locks(self)
        self._orders.carry_out(todo)
        if node.watchdog_absent:
            self.look_around()
        self.later(1.0, 5.0, self.disks_tried)
        for volume in self.world.volumes.values():
            node.disk_changed(volume)
            if volume.name in node.handlers:
                self.ask_for_kernel(volume)
        node.finish_drops()
        self.later(0.1, 1.0, self._patrol)
        if self.config.lease is not None or self.config.witness:
            self.later(0.1, 1.0, self.service_lan.ping)
        self._schedule()

    def live(self, incarnation: int) -> None:
        """This life goes by that number from now on."""
        self.incarnation = incarnation
        self.node.lives[incarnation] = self.node.boot

    def keep_life(self, incarnation: int) -> None:
        """The core has taken a greater number (F73)."""
        self.live(incarnation)
        if not self.full:
            self._counter = lives.count(incarnation)

    def lose_state(self) -> None:
        """F73: its directory is emptied, as on a node that was replaced."""
        self._counter, self.modes, self.cut = 0, Modes(), ""
        self.split.clear()
        self.forgot = self.clock.now
        self.node.services.forget()

    def configure(self, config: CoreConfig) -> None:
        """F80: it has this configuration from its next life on, which begins now if it can."""
        self.config = config
        if self.state is not None and self.state.config != config:
            self.kill(0.1)

    def end(self) -> None:
        """kill -9: services and kernel go on."""
        self.state, self.stalled_since = None, None
        if self.locks is not None:
            self.locks.close()
            self.locks = None
        self.life += 1
        self._wake = 0.0
        self._queue.clear()
        self._handlers.clear()

    def kill(self, after_s: float, how: End = End.BY_ITSELF) -> None:
        """F31, F72: its unit ends, and begins anew."""
        if self.node.runs and self.state is not None:
            self.end()
            if how not in KEEPS[self.world.setting.preserve]:
                self.node.marks.clear()
            self.world.moment(f"unit ends: {how.value}", self.node)
            self.node.later(after_s, after_s, self.begin)

    def stall(self) -> None:
        """F25: the process alone is stopped; kernel and services go on."""
        if self.node.runs and self.state is not None and self.stalled_since is None:
            self.stalled_since = self.node.mono()

    def go_on(self) -> None:
        """It runs again."""
        if self.stalled_since is not None:
            since, self.stalled_since = self.stalled_since, None
            if self.node.frozen_since is None:
                self._catch_up(self.node.mono() - since)

    def resume(self) -> None:
        """The node runs again after a pause: by its own clock the daemon may find a gap (F26)."""
        if self.stalled_since is None and self.state is not None:
            self._catch_up(self.node.mono() - self._seen)

    def _catch_up(self, gap_s: float) -> None:
        queued, self._queue = self._queue, []
        self.awake_since = self.clock.now
        if self.locks is not None:
            self.locks.loop.catch_up()
        if gap_s > self.config.timing.dead_s / 2:
            queued = [event for event in queued if not isinstance(event, events.Heard)]
            self.deliver(events.Paused(gap_s))
        for event in queued:
            self.deliver(event)
        self.deliver(events.Tick())

    # -- events into the core ---------------------------------------------------------------

    def deliver(self, event: events.Event) -> None:
        """Hand one event to the core, if there is one that runs."""
        before = self.state
        if before is None:
            return
        node = self.node
        if self.stalled_since is not None or node.frozen_since is not None:
            if len(self._queue) < QUEUE:
                self._queue.append(event)
            return
        now = self._seen = node.mono()
        if isinstance(event, events.OpDone):
            self.world.contract.witness.ended(node, before, event)
        try:
            after, todo = step(before, event, now)
        except Exception as error:
            raise Violation("CRASH", f"{type(event).__name__}: {error!r}") from error
        self.state = after
        if after.peer.proof is Proof.OPERATOR is not before.peer.proof:
            self.confirmed = self.clock.now
        self.world.contract.stepped(node, before, after, now)
        if isinstance(event, events.Tick):
            self.world.contract.ticked(node, before, after, now)
        if todo:
            self._orders.carry_out(todo)
        self._schedule()

    def receive(self, link: str, message: Message, sent: float) -> None:
        """A datagram arrives. sent: when it was signed, in the world's time."""
        self.spoken_to = self.clock.now
        if self.state is not None and message.incarnation <= self.state.peer.dead:
            self.world.moments["dead words"] += 1
        if self.lag:
            self.later(0.0, self.lag, partial(self._hear, link, message, sent))
        else:
            self._hear(link, message, sent)

    def _hear(self, link: str, message: Message, sent: float) -> None:
        before = self.state
        if before is not None:
            self.deliver(events.Heard(link, message))
            if self.state is not before and self.state is not None:
                self.world.contract.witness.hears(self.node, message, sent, before, self.state)

    def command(self, verb: events.Verb, argument: str = "", to: str = "") -> None:
        """An operator types."""
        self._requests += 1
        if verb in (events.Verb.CLEAR, events.Verb.CLOSE_STORAGE):
            self.world.contract.witness.cleared()
        self.deliver(events.Command(self._requests, verb, argument, "operator", to))

    def ask_for_kernel(self, volume: Volume) -> None:
        """The kernel's handler passes its question on."""
        losses = self.node.handlers[volume.name]
        self.ask(volume, partial(self.node.handler_said, volume, losses))

    def ask(self, volume: Volume, answered: Callable[[int], None]) -> None:
        """May this node go on without its peer? The disk is read afresh before that (F37)."""
        if self.state is None:
            return
        self._requests += 1
        self._handlers[self._requests] = answered
        self.deliver(events.DiskChanged(volume.name, volume.see(self.node.name)))
        self.deliver(events.HandlerAsked(self._requests, volume.name))

    def lock_lost(self, service: str, why: str) -> None:
        """F64, F65: this node takes itself out. A kernel that refuses leaves it to the watchdog."""
        node, told = self.node, "stolen" if "was taken" in why or "was found" in why else "too old"
        self.clock.tell(f"{node.name}: {why}: it resets itself")
        taken_up = self.locks is not None and self.locks.locks[service].unsure
        if told == "stolen" and taken_up and not node.services.active(service):
            raise Violation("F64", f"{node.name} resets itself, and nothing of {service} is up")
        self.world.moment(f"lock {told}", node)
        self.surrendered = True
        if node.stubborn:
            self.deliver(events.LockLost(service, why))
        else:
            node.reset()

    def look_around(self) -> None:
        """What the monitors of this node say."""
        self.deliver(events.Reached(Reach.LOST if self.node.lan_lost else Reach.REACHED))
        missing = "the watchdog is missing" if self.node.watchdog_absent else ""
        self.deliver(events.Eligible(self.why_not or missing))
        for level in range(self.world.fencing.levels):
            ok = self.world.fencing.answers(self.node.name, self.node.peer, level)
            self.deliver(events.DeviceChecked(level, ok))

    def disks_tried(self) -> None:
        """F44: what the reads of the backing devices have come to; told when it changes."""
        for service in self.state.services if self.state is not None else ():
            volume = self.world.volumes[service.name]
            why = "" if volume.answers(self.node.name) else "has not answered a read for 5 s"
            if why != service.sick:
                self.deliver(events.DiskTried(service.name, why))

    def _patrol(self) -> None:
        self.look_around()
        self.later(PATROL_S, PATROL_S, self._patrol)

    def handlers_gone(self) -> None:
        """The processes that waited for an answer have ended (F36)."""
        waiting, self._handlers = self._handlers, {}
        for request, answered in waiting.items():
            self.deliver(events.HandlerGone(request))
            answered(0)

    def later(self, low: float, high: float, what: Callable[[], None]) -> None:
        """Something this life of the daemon does; waits while it does not run."""
        life = self.life

        def run() -> None:
            if life != self.life:
                return
            if self.held_up:
                self.clock.after(0.2, run)
                return
            what()

        self.clock.after(self.clock.between(low, high), run)

    def answer(self, request: int, code: int) -> None:
        """The core has an answer for a handler."""
        answered = self._handlers.pop(request, None)
        if answered is not None:
            answered(code)

    def _schedule(self) -> None:
        state = self.state
        if state is None:
            return
        now = self.node.mono()
        due = deadline(state, now)
        at = self.clock.now + (due - now) * 1.002 + self.lag
        if self._wake and self._wake <= at + 0.002:
            return
        self._wake = at = at + 0.004 * self.clock.draw()
        self.clock.after(at - self.clock.now, partial(self._tick, self.life, at))

    def _tick(self, life: int, at: float) -> None:
        if life != self.life or at != self._wake:
            return
        self._wake = 0.0
        state = self.state
        if state is None:
            return
        due = deadline(state, self.node.mono())
        if due > self.node.mono() and not self.held_up:
            self._schedule()
        else:
            self.deliver(events.Tick())
