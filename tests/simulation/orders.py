# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the core orders, carried out in the simulated world."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from failoverd.core import actions, events
from failoverd.core.config import Kind

from . import rows
from .clock import Violation

if TYPE_CHECKING:
    from .daemon import Daemon

GOODBYE_S = 1.0


class Orders:
    """One daemon's way to act on its node and on the world."""

    def __init__(self, daemon: Daemon) -> None:
        self.daemon, self.node = daemon, daemon.node
        self.world, self.clock = daemon.world, daemon.world.clock

    def carry_out(self, todo: tuple[actions.Action, ...]) -> None:
        """In the order given."""
        for action in todo:
            self._act(action)

    def _act(self, action: actions.Action) -> None:
        daemon, node, world = self.daemon, self.node, self.world
        if isinstance(action, actions.Send):
            world.network.send(node.name, action.message)
        elif isinstance(action, actions.Note):
            self.clock.tell(f"{node.name}: {action.text}")
            world.moment(action.code, node)
            if action.code == "partial" and node.services.starved:
                raise Violation("F75", f"{node.name} calls half up what it could not ask for")
            if action.code in rows.WORDS:
                rows.note(action, world.moments)
        elif isinstance(action, actions.Probe):
            node.services.probe(action)
        elif isinstance(action, actions.Start):
            world.moment("start", node)
            if not action.repair:  # F91: people know that it failed
                world.contract.witness.starts(node, action.service)
            node.services.start(action)
        elif isinstance(action, actions.Stop):
            world.moment("stop", node)
            node.services.stop(action)
        elif isinstance(action, actions.Recover):
            world.moment("recover", node)
            node.services.recover(action)
        elif isinstance(action, actions.Fence):
            self._fence(action)
        elif isinstance(action, actions.AnswerHandler):
            world.moment(f"answer {action.code}", node)
            daemon.answer(action.request, action.code)
        elif isinstance(action, actions.Outdate):
            world.moment("outdate", node)
            daemon.later(0.02, 0.3, partial(node.outdate, world.volumes[action.service]))
        elif isinstance(action, actions.ResumeIO):
            world.moment("resume", node)
            node.later(0.02, 0.1, partial(world.volumes[action.service].resume, node.name))
        elif isinstance(action, actions.DropPeer):
            daemon.later(0.02, 0.1, partial(node.drop_peer, world.volumes[action.service]))
        elif isinstance(action, actions.Own):
            node.services.own(action)
        elif isinstance(action, actions.Reply):
            self.clock.tell(f"{node.name}: answers the operator: {action.text}")
            world.moment("accepted" if action.ok else "refused", node)
        elif isinstance(action, actions.KeepModes):
            daemon.modes = action.modes
        elif isinstance(action, actions.KeepLife):
            daemon.keep_life(action.incarnation)
        elif isinstance(action, actions.KeepCut):
            daemon.cut = action.level
        elif isinstance(action, actions.KeepSplit):
            (daemon.split.add if action.split else daemon.split.discard)(action.service)
        elif isinstance(action, actions.Pet):
            if daemon.locks is not None:
                daemon.locks.gate.pet()
            elif node.watchdog is not None:
                node.watchdog.pet()
        elif isinstance(action, actions.ProbeAddresses):
            daemon.service_lan.probe(action)
        elif isinstance(action, actions.Leave):
            self._leave()

    def _fence(self, action: actions.Fence) -> None:
        daemon, node, life = self.daemon, self.node, self.daemon.life
        self.world.moment(f"fence {action.ask.value}", node)
        self.world.contract.fences(node, action.ask)
        if daemon.config.kind(action.level) is Kind.SFEX:
            assert daemon.locks is not None
            daemon.locks.fence(action)
            return

        def answer(power: events.Power, detail: str) -> None:
            if life == daemon.life:
                daemon.deliver(events.FenceDone(action.op, power, detail))

        self.world.fencing.use(node.name, node.peer, action.level, action.ask, answer)

    def _leave(self) -> None:
        daemon = self.daemon
        if not self.node.idle:
            raise Violation("F61", f"{self.node.name} leaves with a service that is not stopped")
        if not daemon.shutdown:
            daemon.later(GOODBYE_S, GOODBYE_S, partial(daemon.kill, self.clock.between(0.1, 9)))
            return
        for volume in self.world.volumes.values():
            volume.leave(self.node.name)
        self.node.later(0.5, 2.0, self._shut_down)

    def _shut_down(self) -> None:
        self.node.power_off()
        self.clock.after(1.0, self.node.power_on)
