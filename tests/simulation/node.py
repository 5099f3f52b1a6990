# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated node: power, kernel, and a daemon that is the real core in a modelled shell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from failoverd.core import actions, events
from failoverd.core.config import CoreConfig
from failoverd.core.machine import begin, deadline, step
from failoverd.core.message import Message
from failoverd.core.state import State

if TYPE_CHECKING:
    from .world import World

DOWN, HALF, UP = "down", "half", "up"


@dataclass
class Persistent:
    """What survives a power cut on this node's own disk."""

    counter: int = 0
    owned: dict[str, tuple[int, int]] = field(default_factory=dict)
    """service -> (boot, generation) while held."""


class Node:
    """One of the two machines."""

    def __init__(self, world: World, config: CoreConfig) -> None:
        self.world, self.clock, self.config = world, world.clock, config
        self.name, self.peer = config.node, config.peer
        self.on = False
        self.frozen_since: float | None = None
        self.boot = 0
        self.life = 0
        self.state: State | None = None
        self.disk = Persistent()
        self.truth = {service.name: DOWN for service in config.services}
        self.offset = self.clock.between(0, 1e6)
        self.drift = self.clock.between(0.995, 1.005)
        self.lag = 0.0
        self._queue: list[events.Event] = []
        self._tick = 0
        self._requests = 0
        self._handlers: dict[int, Callable[[int], None]] = {}
        self._kernel_waits: set[str] = set()
        self.replies: list[tuple[int, bool, str]] = []
        self.reboot_after_leave = False
        self.fail_start = 0.0
        self.fail_stop = 0.0

    # -- power and life ---------------------------------------------------------------------

    def power_on(self) -> None:
        """Power returns: the node boots and starts its daemon."""
        if self.on:
            return
        self.on, self.boot = True, self.boot + 1
        boot = self.boot
        self.clock.after(self.clock.between(4, 15), lambda: self._booted(boot))

    def power_off(self) -> None:
        """Not one more instruction."""
        if not self.on:
            return
        self.on, self.state, self.frozen_since = False, None, None
        self.life += 1
        self._queue.clear()
        self._handlers.clear()
        self._kernel_waits.clear()
        for name in self.truth:
            self.truth[name] = DOWN
            self.world.volumes[name].power_lost(self.name)

    def kill_daemon(self) -> None:
        """kill -9: services and kernel go on; systemd starts the daemon anew."""
        if not self.on or self.state is None or self.frozen_since is not None:
            return
        self.state = None
        self.life += 1
        life = self.life
        self._handlers.clear()
        self.clock.after(self.clock.between(0.8, 4), lambda: self._start_daemon(life))

    def freeze(self) -> None:
        """Nothing on this node runs, but it is not off."""
        if self.on and self.frozen_since is None:
            self.frozen_since = self.clock.now
            self.world.kernels_changed()

    def thaw(self) -> None:
        """It goes on as if nothing had happened; the daemon notices its own gap (F26)."""
        if not self.on or self.frozen_since is None:
            return
        gap, self.frozen_since = self.clock.now - self.frozen_since, None
        self.world.kernels_changed()
        queued, self._queue = self._queue, []
        if self.state is not None and gap > self.config.timing.dead_s / 2:
            queued = [e for e in queued if not isinstance(e, events.Heard)]
            self.deliver(events.Paused(gap))
        for event in queued:
            self.deliver(event)
        self.deliver(events.Tick())

    def _booted(self, boot: int) -> None:
        if not self.on or boot != self.boot:
            return
        if self.frozen_since is not None:
            self.clock.after(1.0, lambda: self._booted(boot))
            return
        for volume in self.world.volumes.values():
            volume.attach(self.name)
        self._start_daemon(self.life)

    def _start_daemon(self, life: int) -> None:
        if not self.on or life != self.life or self.state is not None:
            return
        if self.frozen_since is not None:
            self.clock.after(0.5, lambda: self._start_daemon(life))
            return
        self.life += 1
        self.disk.counter += 1
        incarnation = (self.disk.counter << 32) | self.clock.random.getrandbits(32)
        self.clock.tell(f"{self.name}: daemon starts")
        self.state, todo = begin(self.config, incarnation, self.mono())
        self._carry_out(todo)
        for name in self.truth:
            self.disk_changed(name)
            if name in self._kernel_waits:
                self._ask(name)
        self._schedule()

    # -- events into the core ---------------------------------------------------------------

    def mono(self) -> float:
        """This node's monotonic clock."""
        return self.offset + self.drift * self.clock.now

    def deliver(self, event: events.Event) -> None:
        """Hand one event to the daemon, if there is one that runs."""
        if not self.on or self.state is None:
            return
        if self.frozen_since is not None:
            if len(self._queue) < 500:
                self._queue.append(event)
            return
        self.state, todo = step(self.state, event, self.mono())
        self.world.steps += 1
        self._carry_out(todo)
        self._schedule()

    def receive(self, link: str, message: Message) -> None:
        """A datagram arrives."""
        self.deliver(events.Heard(link, message))

    def command(self, verb: events.Verb, argument: str = "", to: str = "") -> None:
        """An operator types."""
        self._requests += 1
        self.deliver(events.Command(self._requests, verb, argument, "operator", to))

    def disk_changed(self, service: str) -> None:
        """The daemon reads /proc/drbd a little later."""
        life = self.life

        def look() -> None:
            if life == self.life:
                disk = self.world.volumes[service].see(self.name)
                self.deliver(events.DiskChanged(service, disk))

        self.clock.after(self.clock.between(0, 0.2), look)

    def kernel_asks(self, service: str) -> None:
        """DRBD runs the fence-peer handler, which waits for the daemon, also across a restart."""
        self._kernel_waits.add(service)
        if self.state is not None:
            self._ask(service)
        started = self.clock.now

        def give_up() -> None:
            if service in self._kernel_waits and self.clock.now - started >= 90:
                self._kernel_waits.discard(service)
                self.world.volumes[service].handler_answer(self.name, 1)

        self.clock.after(90.0, give_up)

    def _ask(self, service: str) -> None:
        def answered(code: int) -> None:
            self._kernel_waits.discard(service)
            self.world.volumes[service].handler_answer(self.name, code)

        self._requests += 1
        self._handlers[self._requests] = answered
        # The shell reads the disk's state afresh before it passes the question on (F37).
        self.deliver(events.DiskChanged(service, self.world.volumes[service].see(self.name)))
        self.deliver(events.HandlerAsked(self._requests, service))

    def _schedule(self) -> None:
        if self.state is None:
            return
        due = deadline(self.state, self.mono())
        if due is None:
            return
        self._tick += 1
        tick = self._tick
        wait = max(0.0, (due - self.mono()) / self.drift) + self.clock.between(0, 0.005)
        self.clock.after(wait + self.lag, lambda: self._tock(tick))

    def _tock(self, tick: int) -> None:
        if tick == self._tick:
            self.deliver(events.Tick())

    # -- actions out of the core ------------------------------------------------------------

    def _carry_out(self, todo: tuple[actions.Action, ...]) -> None:
        for action in todo:
            self._act(action)

    def _act(self, action: actions.Action) -> None:
        world = self.world
        if isinstance(action, actions.Send):
            world.network.send(self.name, action.message, world.nodes[self.peer].receive)
        elif isinstance(action, actions.Note):
            self.clock.tell(f"{self.name}: {action.text}")
            world.notes[action.code] = world.notes.get(action.code, 0) + 1
        elif isinstance(action, actions.Probe):
            self._later(0.05, 0.5, lambda: self._probe(action))
        elif isinstance(action, actions.Start):
            world.critical(self)
            self._later(0.05, 0.5, lambda: self._start(action, 0))
        elif isinstance(action, actions.Stop):
            world.critical(self)
            self._half(action.service)
            self._later(0.3, 3.0, lambda: self._stop(action))
        elif isinstance(action, actions.Recover):
            self._later(0.3, 2.0, lambda: self._done(action.service, action.op, True, ""))
        elif isinstance(action, actions.Fence):
            self._fence(action)
        elif isinstance(action, actions.AnswerHandler):
            answer = self._handlers.pop(action.request, None)
            if answer is not None:
                answer(action.code)
        elif isinstance(action, actions.Outdate):
            self._later(0.02, 0.3, lambda: world.volumes[action.service].outdate(self.name))
        elif isinstance(action, actions.ResumeIO):
            self._later(0.02, 0.1, lambda: world.volumes[action.service].resume(self.name))
        elif isinstance(action, actions.Own):
            self._own(action)
        elif isinstance(action, actions.Reply):
            self.replies.append((action.request, action.ok, action.text))
        elif isinstance(action, actions.Leave):
            self._leave()

    def _later(self, low: float, high: float, what: Callable[[], None]) -> None:
        """Something this life of the daemon does; waits while the node is frozen."""
        life = self.life

        def run() -> None:
            if life != self.life or not self.on:
                return
            if self.frozen_since is not None:
                self.clock.after(0.25, run)
                return
            what()

        self.clock.after(self.clock.between(low, high), run)

    def _own(self, action: actions.Own) -> None:
        if action.held:
            self.disk.owned[action.service] = (self.boot, action.generation)
        else:
            self.disk.owned.pop(action.service, None)

    def _probe(self, action: actions.Probe) -> None:
        found = {DOWN: events.Found.STOPPED, HALF: events.Found.PARTIAL, UP: events.Found.RUNNING}
        boot, generation = self.disk.owned.get(action.service, (0, 0))
        self.deliver(
            events.Probed(
                action.service,
                action.op,
                found[self.truth[action.service]],
                mine=boot == self.boot,
                generation=generation,
            )
        )

    def _start(self, action: actions.Start, tries: int, code: int | None = None) -> None:
        volume = self.world.volumes[action.service]
        disk = volume.see(self.name)
        if code is None and action.peer_gone:
            code = 7
        if code is None and not disk.connected and disk.peer_disk != "Outdated":

            def answered(code: int) -> None:
                self._later(0.0, 0.05, lambda: self._start(action, tries, code))

            self._requests += 1
            self._handlers[self._requests] = answered
            self.deliver(events.HandlerAsked(self._requests, action.service))
            return
        refusal = volume.promote(self.name, lambda: 1 if code is None else code)
        if refusal:
            if tries < 10:
                self._later(0.3, 0.6, lambda: self._start(action, tries + 1))
            else:
                self._done(action.service, action.op, False, refusal)
            return
        self._half(action.service)
        self.world.promoted(self.name, action.service)
        if self.clock.chance(self.fail_start):
            self._later(0.5, 3, lambda: self._done(action.service, action.op, False, "injected"))
            return
        self._later(0.5, 4.0, lambda: self._up(action))

    def _up(self, action: actions.Start) -> None:
        self.truth[action.service] = UP
        self._done(action.service, action.op, True, "")

    def _half(self, service: str) -> None:
        if self.truth[service] != DOWN or self.world.volumes[service].sides[self.name].role == (
            "Primary"
        ):
            self.truth[service] = HALF

    def _stop(self, action: actions.Stop) -> None:
        if self.clock.chance(self.fail_stop):
            self._done(action.service, action.op, False, "injected")
            return
        self.world.volumes[action.service].demote(self.name)
        self.truth[action.service] = DOWN
        self._done(action.service, action.op, True, "")

    def _done(self, service: str, op: int, ok: bool, reason: str) -> None:
        self.deliver(events.OpDone(service, op, ok, reason))

    def _fence(self, action: actions.Fence) -> None:
        self.world.critical(self)
        life = self.life
        self.world.asked[action.ask.value] = self.world.asked.get(action.ask.value, 0) + 1

        def answer(power: events.Power, detail: str) -> None:
            if life == self.life:
                self.deliver(events.FenceDone(action.op, power, detail))

        self.world.fencing.use(
            self.peer, action.ask, lambda: self.world.reaches_device(self.name), answer
        )

    def _leave(self) -> None:
        for volume in self.world.volumes.values():
            volume.detach(self.name)
        self._later(0.5, 2.0, self._shut_down)

    def _shut_down(self) -> None:
        self.power_off()
        if self.reboot_after_leave:
            self.clock.after(1.0, self.power_on)
