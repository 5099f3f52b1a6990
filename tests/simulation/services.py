# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The services of a simulated node: started, stopped, recovered, probed; slow, failing or hanging.

What systemd began goes on when the daemon dies; only the answer is lost.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from failoverd.core import actions, events
from failoverd.core.config import CoreConfig

from .clock import Violation
from .drbd import Volume
from .setting import START_TIMEOUT_S
from .turns import Turns

if TYPE_CHECKING:
    from .locks import Locks
    from .node import Node

DOWN, HALF, UP = "down", "half", "up"
FOUND = {DOWN: events.Found.STOPPED, HALF: events.Found.PARTIAL, UP: events.Found.RUNNING}
PATROL_S = 2.0
HURRIED_S = 3.0
"""So long what does not answer is asked to end before it is killed."""
POLITE_S = 9.0
"""The same of what is stopped for another reason."""
PART = "postgresql"
RIVAL = "the address already answers from 02:00:00:00:00:99"
"""F56: a host that is no node of the cluster has it."""


class Services:
    """What really runs on one node, whatever its daemon believes."""

    def __init__(self, node: Node, config: CoreConfig) -> None:
        self.node, self.world, self.clock = node, node.world, node.clock
        self.truth = {service.name: DOWN for service in config.services}
        self.sick: set[str] = set()
        """Services of which a part has died, or hangs."""
        self.hung: set[str] = set()
        """Services of which a part does not answer, not even when it is asked to end (F51)."""
        self.slow = 1.0
        self.fail_start = self.fail_stop = self.hang = self.fail_probe = 0.0
        """Probabilities. hang: a start or stop ends at its deadline only."""
        self.lost = 0.0
        """Probability that an order hangs for good, or for longer than it is waited for (F76)."""
        self.starved = False
        """The daemon lacks the means to ask: it says so, and hears of nothing (F75)."""
        self.turns = Turns(self)
        self.look_s = 0.0
        """What a look at a service takes longer than it should, in seconds."""
        self.owned: dict[str, tuple[int, int]] = {}
        """On the node's own disk: service -> (boot in which it is held, or 0; generation)"""
        self.opened: set[str] = set()
        """Held in this boot with their storage alone open, for people (F91)."""
        self.forgotten: set[str] = set()
        self._order = dict.fromkeys(self.truth, 0)
        self._life = dict.fromkeys(self.truth, 0)

    def set(self, service: str, value: str) -> None:
        """S1 is checked at the very moment at which it could break."""
        self.truth[service] = value
        if value != UP:
            self.sick.discard(service)
        if value == DOWN:
            self.hung.discard(service)
        self.world.contract.check_one_owner(service)

    def serves(self, service: str) -> bool:
        """A client would be served."""
        well = self.truth[service] == UP and service not in self.sick | self.opened
        return self.node.runs and well

    def active(self, service: str) -> bool:
        """Some of it is up."""
        return self.truth[service] != DOWN

    def _locked(self, service: str) -> Locks | None:
        """The locks, if the service has one."""
        shared = service in self.world.lun.services
        return self.node.daemon.locks if shared else None

    def _hangs(self, service: str) -> bool:
        """A start or stop that begins now ends at its deadline only."""
        return self._stuck(service) or self.clock.chance(self.hang)

    def _stuck(self, service: str) -> bool:
        return self.active(service) and self.world.volumes[service].stuck(self.node.name)

    def lose_all(self) -> None:
        """The power went."""
        for name in self.truth:
            self.truth[name] = DOWN
            self._order[name] += 1
        self.sick.clear()
        self.hung.clear()
        self.opened.clear()
        self.turns.clear()

    @property
    def held(self) -> frozenset[str]:
        """What this node remembers to have in this boot."""
        boot = self.node.boot
        return frozenset(name for name, record in self.owned.items() if record[0] == boot)

    def own(self, action: actions.Own) -> None:
        """Remember across a restart of the daemon, within this boot (F31)."""
        generation = max(action.generation, self.owned.get(action.service, (0, 0))[1])
        self.owned[action.service] = (self.node.boot if action.held else 0, generation)
        self.opened.discard(action.service)
        if action.held and action.repair:
            self.opened.add(action.service)

    def forget(self) -> None:
        """The record is lost: what runs looks as if somebody had started it by hand (F58)."""
        self.forgotten = set(self.truth)
        self.opened.clear()
        self.owned = {name: (0, record[1]) for name, record in self.owned.items()}

    def clean_by_hand(self, broken: list[str]) -> None:
        """An operator stops what the cluster does not dare to touch (F58)."""
        self.forgotten -= set(broken)
        for name in broken:
            if self.truth[name] != DOWN:
                self._order[name] += 1
                self.world.volumes[name].demote(self.node.name)
                self.set(name, DOWN)

    def repair_by_hand(self, service: str) -> None:
        """An operator brings up what could not be stopped (F47)."""
        if self.truth[service] == HALF and self.world.volumes[service].usable(self.node.name):
            self._order[service] += 1
            self.set(service, UP)

    # -- orders of the core -----------------------------------------------------------------

    def _ordered(self, service: str) -> None:
        """A new order: what the order before it began has no say any more."""
        self._order[service] += 1
        self._life[service] = self.node.daemon.life

    def probe(self, action: actions.Probe) -> None:
        """Look at it."""
        if self._starves(action):
            return
        if self.turns.waits(action.service, partial(self.probe, action), self.lost):
            return
        low, high = 0.05 + self.look_s, 0.4 * self.slow + self.look_s
        self.node.daemon.later(low, high, partial(self._probed, action))

    def _starves(self, action: actions.Probe) -> bool:
        """The daemon says that it cannot ask, and tries again (F75)."""
        if self.starved:
            daemon = self.node.daemon
            daemon.later(1.5, 2.5, partial(self.probe, action))
            daemon.deliver(events.OpProgress(action.service, action.op, "cannot be asked"))
        return self.starved

    def _probed(self, action: actions.Probe) -> None:
        if self._starves(action):
            return
        locks = self._locked(action.service)
        if locks is None:
            self._look(action, True)
        else:
            locks.probe(action.service, partial(self._look, action))

    def _look(self, action: actions.Probe, held: bool) -> None:
        found = FOUND[self.truth[action.service]]
        if found is events.Found.RUNNING and (action.service in self.sick or not held):
            found = events.Found.PARTIAL
        if self.clock.chance(self.fail_probe):
            found = events.Found.PARTIAL  # what cannot be told is never stopped
        boot, generation = self.owned.get(action.service, (0, 0))
        mine, repair = boot == self.node.boot, action.service in self.opened
        self.node.daemon.deliver(
            events.Probed(
                action.service, action.op, found, mine, generation=generation, repair=repair
            )
        )

    def start(self, action: actions.Start) -> None:
        """Promote, then bring everything up."""
        if self.turns.waits(action.service, partial(self.start, action)):
            return
        self._ordered(action.service)
        code = 7 if action.peer_gone else None
        order = self._order[action.service]
        locks = self._locked(action.service)
        if locks is None:
            self.node.daemon.later(0.05, 0.4, partial(self._promote, action, order, 0, code))
        else:
            locked = partial(self._acquired, action, order)
            locks.acquire(action.service, action.peer_gone, locked)

    def _acquired(self, action: actions.Start, order: int, why: str) -> None:
        if why:
            self._done(action, why)
        else:
            self._promote(action, order, 0, 7)

    def _promote(
        self, action: actions.Start, order: int, tries: int, code: int | None, losses: int = -1
    ) -> None:
        """losses: those that were when the handler asked; its answer fits no later one (F37)."""
        volume, node = self.world.volumes[action.service], self.node
        disk = volume.see(node.name)
        alone = volume.mirrored and not disk.connected and disk.peer_disk != "Outdated"
        if code is None and alone:
            losses = volume.losses

            def answered(code: int) -> None:
                again = partial(self._promote, action, order, tries, code, losses)
                node.daemon.later(0.0, 0.05, again)

            node.daemon.ask(volume, answered)
            return
        if order != self._order[action.service]:
            return
        if losses not in (-1, volume.losses):
            code = None
        refusal = volume.promote(node.name, 1 if code is None else code)
        if refusal:
            self.world.moment("refused promotion", node)
            if tries < 8:
                code = 7 if action.peer_gone else None
                again = partial(self._promote, action, order, tries + 1, code)
                node.daemon.later(0.3, 0.6, again)
            else:
                self._done(action, refusal)
            return
        self.world.contract.promoted(node, volume)
        self.set(action.service, HALF)
        if self.turns.waits(action.service, partial(self._rise, action, order), self.lost):
            return
        if self._hangs(action.service):
            node.daemon.later(START_TIMEOUT_S, START_TIMEOUT_S, partial(self._done, action, "late"))
        else:
            self._rise(action, order)

    def _rise(self, action: actions.Start, order: int) -> None:
        node = self.node
        if self.world.rival:
            node.daemon.later(0.2, 2.0, partial(self._done, action, RIVAL))
        elif self.world.volumes[action.service].full and not action.repair:
            why = "No space left on device"
            node.daemon.later(0.2, 2.0, partial(self._done, action, why))
        elif not action.repair and self.clock.chance(self.fail_start):
            node.daemon.later(0.2, 2.0, partial(self._done, action, "injected"))
        else:
            wait = self.clock.between(0.3, 2.0) * self.slow
            node.later(wait, wait, partial(self._up, action, order))

    def _up(self, action: actions.Start | actions.Recover, order: int) -> None:
        if order == self._order[action.service]:
            self.set(action.service, UP)
            self.world.moment("up", self.node)
            self.node.daemon.later(0.0, 0.2, partial(self._done, action))

    def stop(self, action: actions.Stop) -> None:
        """Take everything down, in reverse."""
        if self.turns.waits(action.service, partial(self.stop, action)):
            return
        self._ordered(action.service)
        if action.planned and self.truth[action.service] == UP:
            order = self._order[action.service]
            self.node.daemon.later(0.0, 1.0, partial(self._take_down, action, order))
        else:
            self._take_down(action, self._order[action.service])

    def _take_down(self, action: actions.Stop, order: int) -> None:
        """Of a planned stop only after a while, in which it serves."""
        if order != self._order[action.service]:
            return
        if self.truth[action.service] == UP:
            self.set(action.service, HALF)
        # What was mounted from a disk that does not answer cannot be taken down (F44).
        lost = max(self.lost, 0.5 * self._stuck(action.service))
        if self.turns.waits(action.service, partial(self._fall, action), lost):
            return
        if self._hangs(action.service):
            late = partial(self._done, action, "late")
            self.node.daemon.later(START_TIMEOUT_S, START_TIMEOUT_S, late)
        else:
            self._fall(action)

    def _fall(self, action: actions.Stop) -> None:
        if self.clock.chance(self.fail_stop):
            self.node.daemon.later(0.2, 2.0, partial(self._done, action, "injected"))
        else:
            wait = self.clock.between(0.2, 1.5) * self.slow + self._asked_s(action)
            self.node.later(wait, wait, partial(self._down, action, self._order[action.service]))

    def _asked_s(self, action: actions.Stop | actions.Recover) -> float:
        """For how long what hangs is asked to end: then it is killed, and ends."""
        if action.service not in self.hung:
            return 0.0
        self.hung.discard(action.service)
        return HURRIED_S if action.urgent == PART else POLITE_S

    def _down(self, action: actions.Stop, order: int) -> None:
        if order == self._order[action.service]:
            self.world.volumes[action.service].demote(self.node.name)
            self.set(action.service, DOWN)
            locks = self._locked(action.service)
            if locks is not None and self._life[action.service] == self.node.daemon.life:
                locks.release(action.service, partial(self._done, action))
            else:
                self._done(action)

    def recover(self, action: actions.Recover) -> None:
        """Restart a part in place (F50)."""
        if action.service in self.opened:
            raise Violation("F91", f"{action.service} is recovered under the hands of people")
        if self.turns.waits(action.service, partial(self.recover, action), self.lost):
            return
        self._ordered(action.service)
        if self.truth[action.service] == UP:
            self.set(action.service, HALF)
        usable = self.world.volumes[action.service].usable(self.node.name)
        if not usable or self.clock.chance(self.fail_start):
            self.node.daemon.later(0.2, 2.0, partial(self._done, action, "injected"))
            return
        wait = self.clock.between(0.2, 1.0) * self.slow + self._asked_s(action)
        self.node.later(wait, wait, partial(self._up, action, self._order[action.service]))

    def _done(self, action: actions.Start | actions.Stop | actions.Recover, why: str = "") -> None:
        daemon = self.node.daemon
        if self._life[action.service] == daemon.life:
            daemon.deliver(events.OpDone(action.service, action.op, not why, why))

    # -- what happens by itself -------------------------------------------------------------

    def break_part(self, service: str) -> None:
        """F50, F51: a part dies. Seen at once by an event, and again by the patrol."""
        if self.truth[service] == UP and service not in self.sick:
            self.sick.add(service)
            self._report(service)

    def hang_part(self, service: str) -> None:
        """F51: it lives, and answers nobody."""
        if self.truth[service] == UP and service not in self.sick:
            self.hung.add(service)
            self.break_part(service)

    def _report(self, service: str) -> None:
        if service in self.sick and self.node.on:
            if not self.starved:
                silent = service in self.hung
                self.node.daemon.deliver(events.ResourceFailed(service, PART, "fails", silent))
            self.node.later(PATROL_S, PATROL_S, partial(self._report, service))

    def io_error(self, volume: Volume) -> None:
        """The application cannot write any more and dies of it."""
        self.node.later(0.3, 1.5, partial(self.break_part, volume.name))
