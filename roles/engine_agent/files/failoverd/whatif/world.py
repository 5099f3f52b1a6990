# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The imagined cluster: two nodes, the paths between them, and simulated time."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from failoverd.core import actions, events
from failoverd.core import step as core
from failoverd.core.config import CoreConfig
from failoverd.core.memory import Memory
from failoverd.core.message import Local, Message
from failoverd.core.modes import Modes
from failoverd.core.state import Life, Proof, State

from . import node as durations
from .mirror import Mirror
from .node import Node
from .words import Statement

PATH_S = 0.001
LOST_S, FOUND_S, RESYNC_S = 1.5, 2.0, 10.0


@dataclass(frozen=True)
class Step:
    """One line of the story."""

    t: float
    """Seconds from the beginning."""
    node: str
    text: str
    code: str = ""
    """The stable code of a decision, "event" for a statement, else empty."""
    alert: bool = False


class World:
    """Runs both cores forward. Deterministic: the same state and events tell the same story."""

    def __init__(self, state: State, now: float) -> None:
        self.now = self._began = now
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0
        self.story: list[Step] = []
        self.assumptions: list[str] = []
        self.cut: set[str] = set()
        self.replication_cut = False
        self.unfenceable: set[str] = set()
        self._poke = 0
        own, other = state.config, _swapped(state.config)
        self.nodes = {own.node: Node(self, own), other.node: Node(self, other)}
        self.mirrors = {
            service.name: Mirror(own.node, own.peer, service.disk)
            for service, config in zip(state.services, own.services, strict=True)
            if config.replicated
        }
        self._assume()
        self._imagine_peer(state)
        self._take_up(state)
        self.story.clear()
        for node in self.nodes.values():
            node.schedule()

    # -- the beginning ----------------------------------------------------------------------

    def _assume(self) -> None:
        at = durations
        self.assumptions += [
            f"A start takes {at.START_S:g} s, a stop {at.STOP_S:g} s, a recovery"
            f" {at.RECOVER_S:g} s, and each succeeds unless the question says otherwise.",
            f"A fence device answers within {at.ASK_S:g} s and switches off within {at.OFF_S:g} s;"
            f" one that fails times out after {at.TIMEOUT_S:g} s."
            " It is reached even when all links fail.",
            f"A node boots in {at.BOOT_S:g} s, a killed daemon is back after {at.RESTART_S:g} s.",
            f"DRBD notices a lost peer after {LOST_S:g} s and resynchronises in {RESYNC_S:g} s."
            ' A failing link cuts only the heartbeat on it; say "replication fails" for DRBD\'s.',
        ]

    def _take_up(self, state: State) -> None:
        """The node whose state is known, with its work under way."""
        node = self.nodes[state.config.node]
        node.state, node.incarnation, node.modes = state, state.incarnation, state.modes
        todo: list[actions.Action] = []
        for service in state.services:
            name, op, local = service.name, service.op, service.local
            if service.split:
                node.split.add(name)
            if service.held:
                node.owned[name] = service.generation
            if service.held and local is not Local.STARTING:
                node.up.add(name)
            if op and local is Local.STARTING:
                gone = state.peer.life is Life.GONE
                todo.append(actions.Start(name, op, service.generation, gone))
            elif op and local is Local.STOPPING:
                todo.append(actions.Stop(name, op))
            elif op and local is Local.RECOVERING:
                todo.append(actions.Recover(name, op, "a part"))
            elif op:
                todo.append(actions.Probe(name, op))
        work = state.exclusion
        for op, level, ask in (
            *((each.op, each.level, actions.Ask.STATUS) for each in work.questions),
            *((each.op, each.level, actions.Ask.OFF) for each in work.shots),
            (work.on_op, work.cut.levels[0] if work.cut else 0, actions.Ask.ON),
        ):
            if op:
                todo.append(actions.Fence(op, level, ask))
        for action in todo:
            node.carry_out(action)
        for mirror in self.mirrors.values():
            if not mirror.connected and all(n.on for n in self.nodes.values()):
                self.replication_cut = True
                self.assumptions.append("DRBD is not connected now; it stays so.")
                break
        for name in self.mirrors:
            self.after(RESYNC_S, partial(self._synced, name))

    def _imagine_peer(self, state: State) -> None:
        """The other node by its last report."""
        peer, modes = self.nodes[state.config.peer], state.modes
        peer.modes = Modes(modes.maintenance, modes.peer_standby, modes.standby)
        known = state.peer
        if known.life not in (Life.ALIVE, Life.SUSPECT) or known.message is None:
            peer.on = False
            peer.incarnation = known.greeted
            left = " after its goodbye" if known.proof is Proof.GOODBYE else ""
            self.assumptions.append(
                f"{peer.name} is {known.life.value} here; it is assumed to be switched off{left}."
            )
            return
        peer.incarnation = known.incarnation
        reports = {report.name: report for report in known.message.services}
        peer.split = {report.name for report in reports.values() if report.split}
        memory = Memory(peer.modes, frozenset(peer.split))
        peer.state, todo = core.begin(peer.config, known.incarnation, self.now, memory)
        for report in reports.values():
            if report.local not in (Local.STOPPED, Local.UNKNOWN):
                peer.up.add(report.name)
                peer.owned[report.name] = report.generation
        for action in todo:
            if isinstance(action, actions.Probe):
                peer.probe(action)
        for name in self.mirrors:
            peer.see(name)
        if state.said is not None:
            said = replace(state.said, echo=known.incarnation)
            for link in state.config.links:
                peer.receive(link, said)
        # Modes and the disk have reasons of their own, which the peer's core finds again.
        services = tuple(
            replace(s, failed_at=self.now, failure=reports[s.name].why)
            if s.name in reports and reports[s.name].why.startswith("it failed on") and not s.held
            else s
            for s in peer.state.services
        )
        peer.state = replace(peer.state, services=services, sequence=known.sequence)
        self._queue.clear()
        own = state.config.node
        self.assumptions.append(f"{peer.name} is assumed to be as it last reported to {own}.")

    # -- time -------------------------------------------------------------------------------

    def after(self, seconds: float, what: Callable[[], None]) -> None:
        """Let something happen later."""
        self._count += 1
        heapq.heappush(self._queue, (self.now + seconds, self._count, what))

    def run(self, seconds: float) -> None:
        """Let so much time pass."""
        until = self.now + seconds
        while self._queue and self._queue[0][0] <= until:
            self.now, _order, what = heapq.heappop(self._queue)
            what()
        self.now = until

    def tell(self, node: str, text: str, *, code: str = "", alert: bool = False) -> None:
        """Add a line to the story."""
        self.story.append(Step(round(self.now - self._began, 3), node, text, code, alert))

    def end(self) -> dict[str, Any]:
        """The present state of everything."""
        services = next(iter(self.nodes.values())).config.services
        return {
            "seconds": round(self.now - self._began, 3),
            "services": [self._service(config.name) for config in services],
            "nodes": {name: _word(node) for name, node in self.nodes.items()},
        }

    def _service(self, name: str) -> dict[str, Any]:
        nodes = self.nodes.values()
        runs = [node.name for node in nodes if name in node.up]
        why = {}
        if not any(self.nodes[n].alive for n in runs):
            for node in nodes:
                own = node.state.service(name) if node.state is not None else None
                if own is not None and own.why and node.alive:
                    why[node.name] = own.why
        return {"name": name, "runs_on": runs, "why": why}

    # -- paths and devices ------------------------------------------------------------------

    def send(self, sender: str, message: Message) -> None:
        """Send a heartbeat over every working link."""
        source = self.nodes[sender]
        for link in source.config.links:
            if link not in self.cut:
                arrive = partial(self.nodes[source.peer].receive, link, message)
                self.after(PATH_S, arrive)

    def fence(self, sender: str, action: actions.Fence) -> tuple[float, Callable[[], None]]:
        """The time that the device takes, and what happens then."""
        source = self.nodes[sender]
        target = self.nodes[source.peer]

        def answer(power: events.Power, detail: str) -> None:
            source.feed(events.FenceDone(action.op, power, detail))

        if target.name in self.unfenceable:
            return durations.TIMEOUT_S, partial(answer, events.Power.UNKNOWN, "no answer in time")
        if action.ask is actions.Ask.STATUS:

            def status() -> None:
                answer(events.Power.ON if target.on else events.Power.OFF, "status")

            return durations.ASK_S, status

        def switch() -> None:
            if action.ask is actions.Ask.OFF:
                if target.on:
                    self.tell(target.name, "is switched off by its fence device")
                target.power_off()
                answer(events.Power.OFF, "verified")
            else:
                target.power_on()
                answer(events.Power.ON, "on")

        return (durations.OFF_S if action.ask is actions.Ask.OFF else durations.ON_S), switch

    def poke(self) -> None:
        """Paths or nodes changed: DRBD will notice it."""
        self._poke += 1
        poke = self._poke
        carries = self._replicates()
        self.after(FOUND_S if carries else LOST_S, lambda: self._notice(poke))

    def disks_changed(self) -> None:
        """Each kernel reports its new state."""
        for name in self.mirrors:
            for node in self.nodes.values():
                node.see(name)

    def _replicates(self) -> bool:
        return all(node.alive for node in self.nodes.values()) and not self.replication_cut

    def kernels_look(self) -> None:
        """They do not wait for their own time-outs."""
        self._notice(self._poke)

    def _notice(self, poke: int) -> None:
        if poke != self._poke:
            return
        carries = self._replicates()
        for name, mirror in self.mirrors.items():
            if mirror.connected and not carries:
                frozen = mirror.part({n for n, node in self.nodes.items() if node.alive})
                self.disks_changed()
                for node in frozen:
                    self.nodes[node].ask_handler(name)
            elif not mirror.connected and carries:
                matter = mirror.meet()
                if matter:
                    self.tell("drbd", f"{name}: {matter}", alert=not mirror.connected)
                    self.after(RESYNC_S, partial(self._synced, name))
                self.disks_changed()

    def _synced(self, name: str) -> None:
        self.mirrors[name].synced()
        self.disks_changed()

    # -- what is asked about ----------------------------------------------------------------

    def happen(self, statement: Statement) -> None:
        """Carry out one statement."""
        if statement.kind == "wait":
            self.run(statement.seconds)
            return
        self.tell("", statement.text, code="event")
        if statement.link:
            (self.cut.add if statement.kind == "cut" else self.cut.discard)(statement.link)
        elif statement.kind in ("cut-all", "mend-all", "cut-replication"):
            self._paths(statement.kind)
        elif statement.kind == "switchover":
            self._operator().command(events.Verb.SWITCHOVER, statement.service, statement.node)
        elif statement.kind == "confirm":
            other = next(n for n in self.nodes if n != statement.node)
            self.nodes[other].command(events.Verb.CONFIRM_FENCED, statement.node)
        elif statement.service:
            self._to_service(statement)
        else:
            self._to_node(statement)

    def _paths(self, kind: str) -> None:
        if kind != "cut-replication":
            links = next(iter(self.nodes.values())).config.links
            self.cut = set(links) if kind == "cut-all" else set()
        self.replication_cut = kind != "mend-all"
        self.poke()

    def _operator(self) -> Node:
        """The node of the operator: the first one whose daemon runs."""
        nodes = list(self.nodes.values())
        return next((n for n in nodes if n.alive and n.state is not None), nodes[0])

    def _to_service(self, statement: Statement) -> None:
        name = statement.service
        if statement.kind == "fail":
            for node in self.nodes.values():
                if name in node.up:
                    node.feed(events.ResourceFailed(name, "a part", "failed, as requested"))
        elif statement.kind == "disk":
            if name in self.mirrors:
                self.mirrors[name].sides[statement.node].disk = "Diskless"
                self.disks_changed()
        else:
            what = "start" if statement.kind == "no-start" else "stop"
            self.nodes[statement.node].failing.add((what, name))

    def _to_node(self, statement: Statement) -> None:
        node = self.nodes[statement.node]
        if statement.kind == "no-fence":
            self.unfenceable.add(node.name)
        elif statement.kind == "power-off":
            node.power_off()
        elif statement.kind == "power-on":
            node.power_on()
        elif statement.kind == "kill":
            node.kill_daemon()
        else:
            node.freeze()
            if statement.seconds:
                self.after(statement.seconds, node.thaw)


def _word(node: Node) -> str:
    if not node.on:
        return "off"
    if node.frozen_at is not None:
        return "frozen"
    return "up" if node.state is not None else "up, without its daemon"


def _swapped(config: CoreConfig) -> CoreConfig:
    """The same cluster from the other node."""
    return replace(config, node=config.peer, peer=config.node)
