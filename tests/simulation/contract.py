# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is checked in the simulated world, at every moment at which it could break.

S1     a service is active, and its disk Primary, on one node at most
S2     what was acknowledged is on the disk that is opened for writing
PROOF  a peer that is taken for gone runs nothing and cannot come back to it
DATA   a copy goes on alone only when it is up to date, and the other is excluded or outdated
F61    nobody leaves before everything is stopped, and then nobody waits for a peer that is gone
F09    nobody is shot who was never heard
F47    nobody is shot who is heard, unless something there could not be stopped
F18    no message of a life that is proven dead is a sign of life
L1     after healing every service runs within the bound that the configuration promises
CALM   what is no death leads to no fence, no stop and no move
LOOP   power cuts are bounded; in a split exactly one node survives, and it is the owner
LIVE   steps per second and claims are bounded; after a tick the next one is due later
LOOK   no rule has anything to do before the time at which the core says that it looks next
CRASH  the core raises no exception and finds no breach of its own
"""

from __future__ import annotations

from collections import Counter
from dataclasses import astuple, replace
from math import nextafter
from typing import TYPE_CHECKING

from failoverd.core import lease
from failoverd.core.actions import Ask, Send
from failoverd.core.clock import Clock
from failoverd.core.events import Tick
from failoverd.core.message import Local
from failoverd.core.modes import is_on
from failoverd.core.state import Contact, Life, State, Watch
from failoverd.core.step import deadline, step
from failoverd.core.workbench import View

from .clock import Violation
from .drbd import Volume
from .services import UP
from .witness import Witness

if TYPE_CHECKING:
    from .node import Node
    from .world import World

STEPS_PER_S = 1500
LOOKED_AT = 7
"""Of so many steps one is looked at closely."""
CLAIMS_AFTER_HEALING = 30
CUTS_AFTER_HEALING = 4
RISING = (Local.STARTING, Local.RECOVERING)
UNWELL = (Local.BROKEN, Local.UNKNOWN, Local.STOPPING)
OLD_WORDS_S = 11.0
"""Longer than anything that a node said is under way."""


class Contract:
    """Knows the truth about everything, and raises Violation."""

    def __init__(self, world: World, services: tuple[str, ...]) -> None:
        self.world, self.clock = world, world.clock
        self.acked: dict[str, set[int]] = {name: set() for name in services}
        self.witness = Witness()
        self.steps = 0
        self.lied = False
        """Somebody whom the contract trusts has lied: what is believed then may be false."""
        self.broken_by_hand = False
        """An operator has confirmed that a node is off which is not: S1 and S2 are broken (F39)."""
        self.shots = 0
        self.cuts: Counter[str] = Counter()
        self._unwell: dict[str, float] = {}
        """When a service of a node was last seen that could not be stopped, or may not be."""
        self._second = -1
        self._steps_now = 0

    # -- S1, S2 and the proofs --------------------------------------------------------------

    def check_one_owner(self, service: str) -> None:
        """S1, whenever anything changes."""
        up = [n.name for n in self.world.pair if n.on and n.services.active(service)]
        if len(up) > 1 and not self.broken_by_hand:
            raise Violation("S1", f"{service} is active on {' and '.join(up)}")

    def promoted(self, node: Node, volume: Volume) -> None:
        """S2, at the moment the disk is opened for writing."""
        other = volume.other(node.name)
        if self.broken_by_hand:
            return
        if other.up and other.role == "Primary":
            raise Violation("S1", f"{volume.name} is Primary on both nodes")
        self._nothing_lost(node.name, volume)

    def _nothing_lost(self, node: str, volume: Volume) -> None:
        missing = self.acked[volume.name] - volume.sides[node].writes
        if missing and volume.sides[node].disk != "Diskless" and volume.resync in ("", node):
            raise Violation(
                "S2", f"{node} has {volume.name} without {len(missing)} acknowledged writes"
            )

    def goes_on_alone(self, node: str, volume: Volume) -> None:
        """DATA: from here on this copy takes writes that the other does not get."""
        side, other = volume.sides[node], volume.other(node)
        if self.broken_by_hand:
            return
        if side.disk != "UpToDate":
            raise Violation("DATA", f"{node} opens {volume.name}, whose disk is {side.disk}")
        if other.up and other.disk == "UpToDate" and not self._distrusted(volume, other.node):
            raise Violation(
                "DATA", f"{node} goes on with {volume.name}; the other copy passes for current"
            )

    def _distrusted(self, volume: Volume, name: str) -> bool:
        """That node's core, if one runs, knows that its copy may be old (the lease)."""
        node = self.world.nodes[name]
        state = node.daemon.state
        if self.world.setting.lease is None or state is None:
            return self.world.setting.lease is not None
        if state.left:
            return True  # this life starts nothing more, and the next one begins without contact
        service = state.service(volume.name)
        if service is None:
            return False
        # What its kernel knows already, its daemon will see before anything is promoted there.
        seen = replace(service, disk=volume.see(name))
        return lease.stale(View(state, Clock(node.mono())), seen)

    def stepped(self, node: Node, before: State, after: State, now: float) -> None:
        """Called after every step of a core."""
        self.steps += 1
        second = int(self.clock.now)
        if second != self._second:
            self._second, self._steps_now = second, 0
        self._steps_now += 1
        if self._steps_now > STEPS_PER_S:
            raise Violation("LIVE", f"more than {STEPS_PER_S} steps in one second")
        self.witness.believes(node, before, after, now)
        if any(service.local in UNWELL for service in after.services):
            self._unwell[node.name] = self.clock.now
        if after.peer is not before.peer:
            was, life = before.peer, after.peer
            if life.life is not was.life:
                self._turned(after)
            if life.life is Life.GONE and (was.life is not Life.GONE or was.proof != life.proof):
                self._proved(node, after)
            if life.life is Life.ALIVE and life.incarnation <= life.dead:
                raise Violation("F18", f"{node.name} hears a life of its peer that is proven dead")

    def ticked(self, node: Node, before: State, after: State, now: float) -> None:
        """Called after every Tick: whatever was due has been done."""
        if deadline(after, now) <= now:
            raise Violation("LIVE", f"{node.name} has nothing to do, and wants a tick at once")
        self._rests(node, before, after, now)
        alone = after.peer.life not in (Life.ALIVE, Life.SUSPECT)
        idle = all(service.local is Local.STOPPED for service in after.services)
        leaves = after.handover and not after.defect
        if leaves and alone and idle:
            raise Violation("F61", f"{node.name} does not leave, and waits for nobody")
        if leaves and any(service.local in RISING for service in after.services):
            raise Violation("F61", f"{node.name} waits for a start, and wants to leave")

    def _rests(self, node: Node, before: State, after: State, now: float) -> None:
        """At the last moment before the next tick is due, no rule would do anything but speak."""
        last = nextafter(after.wake, 0.0)
        settled = _unspoken(before) == _unspoken(after)
        if self.steps % LOOKED_AT or last < now or after.defect or not settled:
            return
        again, todo = step(replace(after, next_beat=last), Tick(), last)
        spoke = all(isinstance(action, Send) for action in todo)
        if not spoke or _unspoken(again) != _unspoken(after):
            raise Violation("LOOK", f"{node.name} has something to do that it does not wait for")

    def _turned(self, state: State) -> None:
        """Count what the new view of the peer's life led to."""
        if state.peer.life is Life.SILENT and any(s.disk.connected for s in state.services):
            self.world.moments["silent but connected"] += 1
        elif state.peer.life is Life.GONE:
            self.world.moments[f"proof {state.peer.proof.name.lower()}"] += 1

    def _proved(self, node: Node, state: State) -> None:
        peer, dead = self.world.nodes[node.peer], state.peer.dead
        if state.peer.greeted > dead:
            raise Violation("PROOF", f"{node.name} has heard a life that outlived its proof")
        if not peer.on or self.lied:
            return
        if state.peer.proof.powerless:
            lives = peer.lives.get(dead) == peer.boot
        else:
            lives = peer.daemon.incarnation <= dead and not peer.idle
        if lives:
            raise Violation("PROOF", f"{node.name} takes {peer.name} for gone: it is not")

    # -- fences -----------------------------------------------------------------------------

    def fences(self, node: Node, ask: Ask) -> None:
        """A node uses a fence device. F09: it never shoots a peer that it never heard."""
        if ask is Ask.OFF:
            self.shots += 1
            state = node.daemon.state
            if state is not None and state.peer.incarnation == 0:
                raise Violation("F09", f"{node.name} shoots a peer that it has never heard")
            if state is not None and state.peer.life is Life.ALIVE:
                self._shot_alive(node, self.world.nodes[node.peer], state)

    def _shot_alive(self, node: Node, peer: Node, state: State) -> None:
        known = peer.daemon.state is not None and peer.daemon.incarnation == state.peer.incarnation
        well_s = self.clock.now - self._unwell.get(peer.name, 0.0)
        if known and not peer.daemon.held_up and well_s > OLD_WORDS_S:
            raise Violation("F47", f"{node.name} shoots {peer.name}, which is heard and well")

    def power_cut(self, node: str) -> None:
        """A fence device has switched a node off that was on."""
        self.cuts[node] += 1

    # -- L1 ---------------------------------------------------------------------------------

    def serving(self, service: str) -> Node | None:
        """The node that serves clients now, with its I/O flowing and with all data."""
        for node in self.world.pair:
            side = self.world.volumes[service].sides[node.name]
            if node.services.serves(service) and not side.suspended:
                return node
        return None

    def settled(self) -> bool:
        """Every service runs, its standby is ready, and nothing is under way."""
        return all(self._at_ease(node) for node in self.world.pair) and all(
            self.serving(name) is not None and volume.whole
            for name, volume in self.world.volumes.items()
        )

    def _at_ease(self, node: Node) -> bool:
        state = node.daemon.state
        if not node.runs or state is None or state.peer.life is not Life.ALIVE or state.leaving:
            return False
        if any(is_on(count) for count in astuple(state.modes)) or node.lan_lost or state.ineligible:
            return False
        if state.exclusion.shots or state.exclusion.cut is not None or state.said is None:
            return False
        if node.daemon.locks is not None and not node.daemon.locks.settled:
            return False
        if state.config.lease is not None and not self._steady(state.watch):
            return False
        for service in state.services:
            if (
                service.home_since is not None
                or service.op
                or service.move
                or service.grant
                or service.claim
                or service.waiting
            ):
                return False
            if service.local not in (Local.RUNNING, Local.STOPPED):
                return False
        return all(report.able for report in state.said.services)

    def _steady(self, vigil: Watch) -> bool:
        """The ping target counts as contact: before that a lease may lapse (seed 4671)."""
        if vigil.ping_at is None or vigil.ping_since is None:
            return False
        return vigil.ping_at >= vigil.ping_since + lease.STEADY_S

    def must_serve(self, when: str) -> None:
        """L1: every service runs, its I/O flows, nothing acknowledged is missing."""
        for name, volume in self.world.volumes.items():
            node = self.serving(name)
            if node is None:
                raise Violation("L1", f"{name} is not served {when}: {self.explain(name)}")
            self._nothing_lost(node.name, volume)

    def must_be_settled(self, when: str) -> None:
        """L1: and its standby is ready to take over."""
        self.must_serve(when)
        if not self.settled():
            states = "; ".join(self.explain(name) for name in self.world.volumes)
            raise Violation("L1", f"the standby is not ready {when}: {states}")

    def explain(self, service: str) -> str:
        """Where it is, in one line."""
        words = []
        for node in self.world.pair:
            state, disk = node.daemon.state, self.world.volumes[service].see(node.name)
            mine = state.service(service) if state is not None else None
            core = f"{mine.local.value} {mine.why!r}" if mine is not None else "no daemon"
            truth = node.services.truth[service] if node.on else "off"
            words.append(f"{node.name} {truth}, core {core}, {disk.role} {disk.disk}")
        return " | ".join(words)

    def owners(self) -> dict[str, str]:
        """Where every service is up."""
        return {
            name: next((n.name for n in self.world.pair if n.services.truth[name] == UP), "")
            for name in self.world.volumes
        }


def _unspoken(state: State) -> State:
    """The state without what a heartbeat changes by being sent."""
    return replace(state, said=None, sequence=0, next_beat=0.0, contact=Contact(), wake=0.0)
