# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two nodes that run the core, the messages between them, and what may happen next.

Each node has a clock of its own, and a clock moves only when its node is given a tick at its next
deadline. Nothing binds the clocks together, so every order of messages, timeouts and answers is one
of the interleavings, also those in which one node does not run for as long as one likes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from failoverd.core import actions, events
from failoverd.core.config import CoreConfig, Limits, ServiceConfig, Timing
from failoverd.core.message import Message
from failoverd.core.state import State
from failoverd.core.step import begin, deadline, step

from .canon import Tokens, fingerprint
from .volume import Violation, Volume

SHOP = "shop"
DOWN, HALF, UP = "down", "half", "up"
NAMES = ("a", "b")
FLIGHT = 2
"""Different messages in flight in one direction; the oldest is lost when there are more."""
MEMORY_S, STARTUP_S = 2.0, 2.0
TIMING = Timing(
    heartbeat_s=1.0,
    suspect_s=1.0,
    dead_s=MEMORY_S,
    fence_delay_s=1.0,
    fence_retry_s=1.0,
    query_s=1.0,
    startup_s=STARTUP_S,
    handler_s=4.0,
    move_s=8.0,
    failure_expiry_s=1e9,
    power_on_s=2.0,
)
"""Short and whole: what is explored is the order of things, not their duration."""

NEVER_S = 1e9
"""An order that is given up is as one that has failed, which is explored."""

DEFECTS = ("breach", "core-error", "safe-stop")
"""Notes of a core whose last line of defence had to act: nothing explored here may need it."""

Move = tuple[str, int, int]
"""What happens, on which node, and a detail of it."""


@dataclass(frozen=True)
class Pending:
    """Something the core has ordered and that has not ended."""

    what: str
    op: int = 0
    phase: str = ""
    excluded: bool = False
    request: int = 0
    """The handler's question that a start waits for."""


@dataclass(frozen=True)
class Budget:
    """Faults that may still happen on the way. What is not a fault costs nothing."""

    daemon: int = 0
    """Crashes of a daemon."""
    power: int = 0
    """Losses of a node's power."""
    returns: int = 0
    """Nodes that get their power back."""
    path: int = 0
    """Cuts of the replication path; it may be mended as often as it was cut."""
    fence: int = 0
    """Requests to a fence device that end in a timeout."""
    failures: int = 0
    """Starts and stops that fail."""
    pauses: int = 0
    """Pauses that a daemon notices."""

    @cached_property
    def tokens(self) -> Tokens:
        """What tells budgets apart."""
        tokens = Tokens(MEMORY_S, STARTUP_S, 0, 0.0)
        tokens.value(self)
        return tokens


@dataclass(frozen=True, eq=False)
class Flight:
    """A message on its way."""

    sender: int
    message: Message

    @cached_property
    def tokens(self) -> Tokens:
        """What tells messages apart."""
        tokens = Tokens(MEMORY_S, STARTUP_S, self.sender, 0.0)
        tokens.value(self.message)
        return tokens


@dataclass(frozen=True)
class Node:
    """One machine: what its daemon knows, and what is true there."""

    on: bool = True
    state: State | None = None
    now: float = 100.0
    life: int = 0
    truth: str = DOWN
    owned: bool = False
    generation: int = 0
    pending: tuple[Pending, ...] = ()
    request: int = 0
    """Handler of the kernel that waits for an answer, 0 for none."""
    requests: int = 0
    notices: bool = False
    """The kernel has news of the disk that the daemon has not taken in."""

    @cached_property
    def reactions(self) -> dict[object, Reaction]:
        """What it makes of events that were tried already."""
        return {}

    def tokens(self, index: int) -> Tokens:
        """What tells nodes apart; kept, because most moves touch one node only."""
        kept: Tokens | None = self.__dict__.get("_tokens")
        if kept is not None:
            return kept
        tokens = Tokens(MEMORY_S, STARTUP_S, index, self.now)
        flags = (self.on, self.life, self.truth, self.owned, self.notices, len(self.pending))
        tokens.out += flags
        tokens.number(tokens.requests, self.request)
        tokens.number("generation", self.generation)
        for pending in sorted(self.pending, key=lambda p: (p.what, p.op)):
            tokens.value(pending)
        tokens.value(self.state)
        self.__dict__["_tokens"] = tokens
        return tokens


@dataclass(frozen=True)
class Reaction:
    """What one node makes of an event: most worlds share their nodes, so it is kept."""

    node: Node
    flights: tuple[Flight, ...]
    answers: tuple[actions.AnswerHandler, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class World:
    """Everything there is at one moment."""

    nodes: tuple[Node, Node]
    wires: tuple[tuple[Flight, ...], tuple[Flight, ...]] = ((), ())
    """Messages in flight, by sender, oldest first."""
    volume: Volume | None = None
    budget: Budget = Budget()
    notes: tuple[str, ...] = ()
    """What the last move made the nodes say."""

    def key(self) -> int:
        """Equal for worlds that nothing can tell apart."""
        parts = [self.budget.tokens, self.nodes[0].tokens(0), self.nodes[1].tokens(1)]
        for wire in self.wires:
            parts += [flight.tokens for flight in wire]
            parts.append(BETWEEN)
        if self.volume is not None:
            parts.append(self.volume_tokens)
        return fingerprint(parts)

    @property
    def volume_tokens(self) -> Tokens:
        """What tells disks apart."""
        tokens = Tokens(MEMORY_S, STARTUP_S, 0, 0.0)
        tokens.value(self.volume)
        return tokens


BETWEEN = Tokens(MEMORY_S, STARTUP_S, 0, 0.0)
BETWEEN.out.append("|")


def config(node: int, *, replicated: bool, levels: tuple[str, ...]) -> CoreConfig:
    """The cluster as that node sees it; a is preferred."""
    limits = Limits(NEVER_S, NEVER_S, NEVER_S, NEVER_S)
    services = (ServiceConfig(SHOP, preferred="a", replicated=replicated, limits=limits),)
    return CoreConfig(
        "c",
        NAMES[node],
        NAMES[1 - node],
        ("lan",),
        services,
        levels,
        fence_limits_s=(NEVER_S,) * len(levels),
        timing=TIMING,
    )


class Explorer:
    """Finds what may happen in a world, and makes it happen."""

    def __init__(self, *, replicated: bool, levels: tuple[str, ...]) -> None:
        self.configs = [config(n, replicated=replicated, levels=levels) for n in (0, 1)]

    # -- what may happen --------------------------------------------------------------------

    def moves(self, world: World) -> list[Move]:
        """Everything that could be next."""
        found: list[Move] = []
        budget = world.budget
        for n, node in enumerate(world.nodes):
            if not node.on:
                if budget.returns:
                    found.append(("power returns", n, 0))
                continue
            if budget.power:
                found.append(("power lost", n, 0))
            if node.state is None:
                found.append(("daemon starts", n, 0))
                continue
            found.append(("tick", n, 0))
            found += [("hears", n, i) for i in range(len(world.wires[1 - n]))]
            for index, pending in enumerate(node.pending):
                found += [(what, n, index) for what in self._outcomes(world, pending)]
            if budget.daemon:
                found.append(("daemon crashes", n, 0))
            if budget.pauses:
                found.append(("pause", n, 0))
            if world.volume is not None:
                if node.notices:
                    found.append(("sees its disk", n, 0))
                if world.volume.copies[n].asks:
                    found.append(("kernel asks", n, 0))
        if world.volume is not None:
            found += self._disk_moves(world, world.volume)
        return found

    @staticmethod
    def _disk_moves(world: World, volume: Volume) -> list[Move]:
        found: list[Move] = []
        if volume.connected and not volume.possible:
            found.append(("kernels part", 0, 0))
        if not volume.connected and volume.possible:
            found.append(("kernels meet", 0, 0))
        if volume.connected and any(c.disk == "Inconsistent" for c in volume.copies):
            found.append(("resync ends", 0, 0))
        if volume.path and world.budget.path:
            found.append(("path cut", 0, 0))
        if not volume.path:
            found.append(("path mended", 0, 0))
        return found

    @staticmethod
    def _outcomes(world: World, pending: Pending) -> list[str]:
        budget = world.budget
        if pending.phase == "asking":
            return []
        if pending.what in ("start", "stop"):
            return ["done", "fails"] if budget.failures else ["done"]
        if pending.what in ("status", "off", "on") and pending.phase == "":
            return ["done", "times out"] if budget.fence else ["done"]
        return ["done"]

    # -- making it happen -------------------------------------------------------------------

    def apply(self, world: World, move: Move) -> World:
        """The world after a move; raises Violation."""
        what, n, detail = move
        scene = _Scene(self, world)
        scene.happen(what, n, detail)
        after = scene.world()
        active = [NAMES[i] for i, node in enumerate(after.nodes) if node.on and node.truth != DOWN]
        if len(active) > 1:
            raise Violation("S1: the service is active on a and b")
        return after

    def command(self, world: World, n: int, command: events.Command) -> World:
        """The world after an operator's command on that node."""
        scene = _Scene(self, world)
        scene.feed(n, command)
        return scene.world()


class _Scene:
    """One move in the making."""

    def __init__(self, explorer: Explorer, world: World) -> None:
        self._explorer = explorer
        self.nodes = list(world.nodes)
        self.wires = list(world.wires)
        self.volume = world.volume
        self.budget = world.budget
        self.notes: list[str] = []

    def world(self) -> World:
        """As it stands now."""
        volume = self.volume.written() if self.volume is not None else None
        return World(
            (self.nodes[0], self.nodes[1]),
            (self.wires[0], self.wires[1]),
            volume,
            self.budget,
            tuple(self.notes),
        )

    def happen(self, what: str, n: int, detail: int) -> None:
        """Dispatch."""
        if what == "tick":
            self._tick(n)
        elif what == "hears":
            wire = self.wires[1 - n]
            self.wires[1 - n] = wire[:detail] + wire[detail + 1 :]
            self.feed(n, events.Heard("lan", wire[detail].message), wire[detail])
        elif what in ("done", "fails", "times out"):
            self._outcome(what, n, detail)
        elif what in ("daemon crashes", "daemon starts", "pause"):
            self._daemon(what, n)
        elif what in ("power lost", "power returns"):
            self._power(what, n)
        else:
            self._disk(what, n)

    # -- the daemon -------------------------------------------------------------------------

    def feed(self, n: int, event: events.Event, kept: object = None) -> None:
        """One step of that node's core. kept: what the event is known by, if it may come again."""
        node = self.nodes[n]
        if node.state is None:
            return
        known = node.reactions.get(kept)
        if known is None:
            known = _react(n, node, *step(node.state, event, node.now))
            if kept is not None:
                node.reactions[kept] = known
        self._take(n, known)

    def _take(self, n: int, reaction: Reaction) -> None:
        self.nodes[n] = reaction.node
        for flight in reaction.flights:
            said = _said(flight.message)
            # A newer message that says the same takes the place of the older one.
            others = tuple(f for f in self.wires[n] if _said(f.message) != said)
            self.wires[n] = (*others, flight)[-FLIGHT:]
        self.notes += reaction.notes
        for answer in reaction.answers:
            self._handler_answer(n, answer)

    def change(self, n: int, **fields: Any) -> None:
        """Change fields of a node."""
        self.nodes[n] = replace(self.nodes[n], **fields)

    def _tick(self, n: int) -> None:
        node = self.nodes[n]
        known = node.reactions.get("tick")
        if known is None and node.state is not None:
            later = replace(node, now=max(deadline(node.state, node.now) or 0.0, node.now))
            known = _react(n, later, *step(node.state, events.Tick(), later.now))
            node.reactions["tick"] = known
        if known is not None:
            self._take(n, known)

    def _daemon(self, what: str, n: int) -> None:
        if what == "pause":
            self.budget = replace(self.budget, pauses=self.budget.pauses - 1)
            self.feed(n, events.Paused(1.0))
        elif what == "daemon crashes":
            self.budget = replace(self.budget, daemon=self.budget.daemon - 1)
            self.change(n, state=None, pending=(), request=0)
        else:
            self._begin(n)

    def _begin(self, n: int) -> None:
        node = self.nodes[n]
        life = node.life + 1
        fresh = replace(node, life=life, notices=self.volume is not None)
        self._take(n, _react(n, fresh, *begin(self._explorer.configs[n], life, node.now)))

    def _order(self, n: int, pending: Pending) -> None:
        self.change(n, pending=(*self.nodes[n].pending, pending))

    # -- what was ordered -------------------------------------------------------------------

    def _outcome(self, what: str, n: int, index: int) -> None:
        node = self.nodes[n]
        pending = node.pending[index]
        rest = node.pending[:index] + node.pending[index + 1 :]
        self.change(n, pending=rest)
        if what == "times out":
            self.budget = replace(self.budget, fence=self.budget.fence - 1)
            self.feed(n, events.FenceDone(pending.op, events.Power.UNKNOWN, "timed out"))
        elif what == "fails":
            self.budget = replace(self.budget, failures=self.budget.failures - 1)
            self.feed(n, events.OpDone(SHOP, pending.op, False, "failed"))
        elif pending.what == "start":
            self._start(n, pending)
        elif pending.what == "stop":
            self._closed(n)
            self.change(n, truth=DOWN)
            self.feed(n, events.OpDone(SHOP, pending.op, True))
        elif pending.what == "recover":
            self.feed(n, events.OpDone(SHOP, pending.op, True))
        elif pending.what == "probe":
            found = {DOWN: events.Found.STOPPED, HALF: events.Found.PARTIAL}
            seen = found.get(node.truth, events.Found.RUNNING)
            probed = events.Probed(SHOP, pending.op, seen, node.owned, "", node.generation)
            self.feed(n, probed)
        elif pending.what in ("status", "off", "on"):
            self._fence(n, pending)
        elif self.volume is not None:
            change = self.volume.outdate if pending.what == "outdate" else self.volume.thaw
            self._set_volume(change(n))
            self.change(n, notices=self.nodes[n].on)  # whoever ordered it looks again

    def _start(self, n: int, pending: Pending) -> None:
        """The disk is opened, then the rest is up. Without a disk it was half up at once."""
        if self.volume is not None and pending.phase != "opened":
            self.look(n)
            volume, refusal = self.volume.promote(n, pending.excluded)
            if refusal == "the other one is not excluded" and pending.phase == "":
                self._ask(n, pending)
            elif refusal:
                self.feed(n, events.OpDone(SHOP, pending.op, False, refusal))
            else:
                self._set_volume(volume)
                self.change(n, truth=HALF)
                self._order(n, replace(pending, phase="opened"))
            return
        self.change(n, truth=UP)
        self.feed(n, events.OpDone(SHOP, pending.op, True))

    def _fence(self, n: int, pending: Pending) -> None:
        """A device does what it is told and reads the power; the answer may arrive much later."""
        peer = 1 - n
        if pending.phase:
            self.feed(n, events.FenceDone(pending.op, events.Power(pending.phase)))
            return
        if pending.what == "off":
            self._cut_power(peer)
        if pending.what == "on" and not self.nodes[peer].on:
            self._boot(peer)
        self._order(n, replace(pending, phase="on" if self.nodes[peer].on else "off"))

    # -- power ------------------------------------------------------------------------------

    def _power(self, what: str, n: int) -> None:
        if what == "power lost":
            self.budget = replace(self.budget, power=self.budget.power - 1)
            self._cut_power(n)
        else:
            self.budget = replace(self.budget, returns=self.budget.returns - 1)
            self._boot(n)

    def _cut_power(self, n: int) -> None:
        if not self.nodes[n].on:
            return
        self.change(
            n, on=False, state=None, truth=DOWN, owned=False, pending=(), request=0, notices=False
        )
        if self.volume is not None:
            self._set_volume(self.volume.power_lost(n))

    def _boot(self, n: int) -> None:
        self.change(n, on=True)
        if self.volume is not None:
            self._set_volume(self.volume.attach(n))

    # -- the disk ---------------------------------------------------------------------------

    def look(self, n: int) -> None:
        """The daemon takes in what its kernel shows now."""
        if self.volume is not None and self.nodes[n].state is not None:
            self.change(n, notices=False)
            self.feed(n, events.DiskChanged(SHOP, self.volume.see(n)))

    def _set_volume(self, volume: Volume) -> None:
        before, self.volume = self.volume, volume
        for n in (0, 1):
            if before is None or before.see(n) != volume.see(n):
                self.change(n, notices=self.nodes[n].on)

    def _closed(self, n: int) -> None:
        if self.volume is not None:
            self._set_volume(self.volume.demote(n))

    def _disk(self, what: str, n: int) -> None:
        volume = self.volume
        if volume is None:
            return
        if what == "sees its disk":
            self.look(n)
        elif what == "kernel asks":
            self._set_volume(volume.change(n, asks=False))
            self.look(n)
            self._ask(n, None)
        elif what == "kernels part":
            self._set_volume(volume.lose())
        elif what == "kernels meet":
            self._set_volume(volume.meet())
        elif what == "resync ends":
            self._set_volume(volume.synced())
        else:
            cut = what == "path cut"
            if cut:
                self.budget = replace(self.budget, path=self.budget.path - 1)
            self._set_volume(replace(volume, path=not cut))

    def _ask(self, n: int, waiting: Pending | None) -> None:
        """A fence-peer handler asks: for the kernel, or for a start that waits with it."""
        number = self.nodes[n].requests + 1
        self.change(n, requests=number)
        if waiting is None:
            self.change(n, request=number)
        else:
            self._order(n, replace(waiting, phase="asking", request=number))
        self.feed(n, events.HandlerAsked(number, SHOP))

    def _handler_answer(self, n: int, action: actions.AnswerHandler) -> None:
        node, excluded = self.nodes[n], action.code in (4, 7)
        if action.request == node.request:
            self.change(n, request=0)
            if excluded and self.volume is not None:
                self._set_volume(self.volume.thaw(n))
            return
        for pending in node.pending:
            if pending.phase == "asking" and pending.request == action.request:
                rest = tuple(p for p in node.pending if p != pending)
                answered = replace(pending, phase="asked", excluded=excluded, request=0)
                self.change(n, pending=(*rest, answered))


def _react(n: int, node: Node, state: State, todo: tuple[actions.Action, ...]) -> Reaction:
    """The node after its core decided: what was ordered is pending, what was said is on its way."""
    pending = list(node.pending)
    truth, owned, generation = node.truth, node.owned, node.generation
    flights: list[Flight] = []
    answers: list[actions.AnswerHandler] = []
    notes: list[str] = []
    replicated = state.config.services[0].replicated
    for action in todo:
        if isinstance(action, actions.Send):
            flights.append(Flight(n, action.message))
        elif isinstance(action, actions.Note):
            if action.code in DEFECTS:
                raise Violation(f"{NAMES[n]} found a defect in itself: {action.text}")
            notes.append(f"{NAMES[n]}: {action.text}")
        elif isinstance(action, actions.Own):
            owned, generation = action.held, max(generation, action.generation)
        elif isinstance(action, actions.Start):
            # Without a disk to be opened first, something may be up as soon as it is ordered.
            truth = truth if replicated else HALF
            pending.append(Pending("start", action.op, excluded=action.peer_gone))
        elif isinstance(action, actions.Stop):
            truth = HALF if truth == UP else truth
            pending.append(Pending("stop", action.op))
        elif isinstance(action, actions.AnswerHandler):
            answers.append(action)
        else:
            order = _pending(action)
            if order is not None and order not in pending:
                pending.append(order)
    if any(isinstance(action, actions.Leave) for action in todo):
        left = replace(node, state=None, pending=(), request=0, owned=owned, generation=generation)
        return Reaction(left, tuple(flights), tuple(answers), tuple(notes))
    after = replace(
        node,
        state=state,
        pending=tuple(pending),
        truth=truth,
        owned=owned,
        generation=generation,
    )
    return Reaction(after, tuple(flights), tuple(answers), tuple(notes))


def _pending(action: actions.Action) -> Pending | None:
    if isinstance(action, actions.Probe):
        return Pending("probe", action.op)
    if isinstance(action, actions.Recover):
        return Pending("recover", action.op)
    if isinstance(action, actions.Fence):
        return Pending(action.ask.value, action.op)
    if isinstance(action, actions.Outdate):
        return Pending("outdate")
    return Pending("resume") if isinstance(action, actions.ResumeIO) else None


def _said(message: Message) -> tuple[object, ...]:
    return message.incarnation, message.echo, message.goodbye, message.services
