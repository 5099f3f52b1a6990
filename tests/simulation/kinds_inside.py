# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of fence devices, disks and resources, and operators at the worst moment."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, cast

from failoverd.core.events import Disk, DiskChanged, SpaceUsed, Verb

from .devices import MOODS
from .fault import Fault
from .kinds import KINDS, Do, Kind, Undo, kind, pick

if TYPE_CHECKING:
    from .node import Node
    from .world import World


# -- fence devices --------------------------------------------------------------------------


@kind(2.0, (4.0, 40.0))
def device_mood(world: World, node: Node, fault: Fault) -> Undo:
    """F03, F04: a device refuses, hangs with or without effect, is slow, or dies with its node."""
    if not world.fencing.levels:
        return None
    device = world.fencing.of(node.name)[int(fault.b * world.fencing.levels)]
    device.mood = pick(list(MOODS), fault.a)

    def undo() -> None:
        device.mood = "normal"

    return undo


@kind(0.0, (10.0, 40.0))
def device_mute(world: World, node: Node, fault: Fault) -> Undo:
    """F76: whoever asks it gets no answer at all."""
    if not world.fencing.levels:
        return None
    device = world.fencing.of(node.name)[int(fault.b * world.fencing.levels)]
    device.mood = "mute"

    def undo() -> None:
        device.mood = "normal"

    return undo


@kind(1.0, (4.0, 40.0))
def device_unreachable(world: World, node: Node, fault: Fault) -> Undo:
    """F24: the node reaches no device."""
    world.fencing.unreachable.add(node.name)
    return partial(world.fencing.unreachable.discard, node.name)


# -- disks ----------------------------------------------------------------------------------


@kind(1.2, (3.0, 30.0))
def disk_breaks(world: World, node: Node, fault: Fault) -> Undo:
    """F35: Diskless."""
    volume = world.volumes[pick(list(world.volumes), fault.a)]
    return partial(volume.replace_disk, node.name) if volume.break_disk(node.name) else None


@kind(0.0, (4.0, 30.0))
def disk_hangs(world: World, node: Node, fault: Fault) -> Undo:
    """F44: below DRBD nothing is answered any more; a read that is tried finds it."""
    side = world.volumes[pick(list(world.volumes), fault.a)].sides[node.name]
    side.hangs = True
    node.daemon.later(1.0, 6.0, node.daemon.disks_tried)

    def undo() -> None:
        side.hangs = False
        node.daemon.later(0.5, 2.0, node.daemon.disks_tried)

    return undo


@kind(0.7, (0.5, 8.0))
def refuse_promotion(world: World, node: Node, fault: Fault) -> Undo:
    """F34: the kernel still sees a Primary for a moment."""
    sides = [volume.sides[node.name] for volume in world.volumes.values()]
    for side in sides:
        side.refusing = True

    def undo() -> None:
        for side in sides:
            side.refusing = False

    return undo


@kind(0.8, (0.0, 0.0))
def kill_handlers(world: World, node: Node, fault: Fault) -> Undo:
    """F36: DRBD's fence-peer handlers end with 0, without an answer."""
    node.kill_handlers()
    return None


# -- resources ------------------------------------------------------------------------------


def _weak(name: str, low: float, high: float) -> Do:
    def weaken(world: World, node: Node, fault: Fault) -> Undo:
        setattr(node.services, name, low + (high - low) * fault.a)
        return partial(setattr, node.services, name, 1.0 if name == "slow" else 0.0)

    return weaken


for _name, _attribute, _low, _high, _weight in (
    ("start_fails", "fail_start", 0.4, 1.0, 0.7),
    ("stop_fails", "fail_stop", 0.4, 1.0, 0.7),
    ("hangs", "hang", 0.3, 1.0, 0.5),
    ("probe_fails", "fail_probe", 0.3, 1.0, 0.4),
    ("slow", "slow", 2.0, 5.0, 0.5),
):
    KINDS[_name] = Kind(_name, _weak(_attribute, _low, _high), _weight, (3.0, 25.0))


@kind(0.0, (5.0, 30.0))
def orders_hang(world: World, node: Node, fault: Fault) -> Undo:
    """F76: a look, a start, a stop or a recovery is not answered; half of them never."""
    node.services.lost = 0.3 + 0.7 * fault.a
    return partial(setattr, node.services, "lost", 0.0)


@kind(0.0, (15.0, 40.0))
def starves(world: World, node: Node, fault: Fault) -> Undo:
    """F75: the daemon has no descriptor left to ask with, and a new life begins."""
    node.services.starved = True
    node.daemon.kill(0.1 + 2.0 * fault.a)
    return partial(setattr, node.services, "starved", False)


@kind(0.0, (10.0, 20.0))
def probe_slow(world: World, node: Node, fault: Fault) -> Undo:
    """F53: what is asked how a service is takes its time to say so."""
    node.services.look_s = 3.0 + 5.0 * fault.a
    return partial(setattr, node.services, "look_s", 0.0)


@kind(1.0, (0.0, 0.0))
def resource_dies(world: World, node: Node, fault: Fault) -> Undo:
    """F50, F51."""
    for service in world.volumes:
        node.services.break_part(service)
    return None


@kind(0.3, (0.0, 0.0))
def defect(world: World, node: Node, fault: Fault) -> Undo:
    """S3: a rule breaks down; the core stops everything in good order and begins a new life."""
    if node.daemon.state is not None:
        node.daemon.defect = True
        broken = cast(Disk, None)
        node.daemon.deliver(DiskChanged(pick(list(world.volumes), fault.a), broken))
    return None


@kind(0.0, (0.0, 0.0))
def state_lost(world: World, node: Node, fault: Fault) -> Undo:
    """F73: the state directory is emptied, and a new life begins."""
    node.daemon.lose_state()
    node.daemon.kill(0.1 + 2.0 * fault.a)
    return None


@kind(0.0, (5.0, 30.0))
def state_full(world: World, node: Node, fault: Fault) -> Undo:
    """F73: the state directory takes nothing, and a new life begins."""
    node.daemon.full = True
    node.daemon.kill(0.1 + 2.0 * fault.a)
    return partial(setattr, node.daemon, "full", False)


@kind(0.0, (2.0, 20.0))
def renamed(world: World, node: Node, fault: Fault) -> Undo:
    """F80: the cluster has another name in the configuration of one node."""
    node.daemon.configure(replace(node.daemon.config, cluster="renamed"))
    return partial(node.daemon.configure, world.setting.of(node.name))


@kind(0.0, (10.0, 60.0))
def changed(world: World, node: Node, fault: Fault) -> Undo:
    """F80: its lease has other durations than its peer's, as in a change that was broken off."""
    lease = node.daemon.config.lease
    if lease is None:
        return None
    if fault.a < 0.5:
        other = replace(lease, lease_s=2.0 * lease.takeover_s + 10.0 * fault.b)
    else:
        other = replace(lease, lease_s=0.3 * lease.lease_s, margin_s=0.0)
    node.daemon.configure(
        replace(node.daemon.config, lease=other, pact=node.daemon.config.pact + 1)
    )
    return partial(node.daemon.configure, world.setting.of(node.name))


# -- operators ------------------------------------------------------------------------------


@kind(1.2, (0.0, 0.0))
def switchover(world: World, node: Node, fault: Fault) -> Undo:
    """F62: a planned move at the worst moment."""
    to = pick(["", *world.nodes], fault.b)
    node.daemon.command(Verb.SWITCHOVER, pick(list(world.volumes), fault.a), to)
    return None


@kind(0.7, (0.0, 0.0))
def reboot(world: World, node: Node, fault: Fault) -> Undo:
    """F61."""
    node.daemon.shutdown = True
    node.daemon.command(Verb.HANDOVER)
    return None


@kind(0.7, (0.0, 0.0))
def leave(world: World, node: Node, fault: Fault) -> Undo:
    """F61 without a shutdown: the daemon leaves and comes back; the kernel goes on."""
    node.daemon.shutdown = False
    node.daemon.command(Verb.HANDOVER)
    return None


@kind(0.4, (0.0, 0.0))
def clear(world: World, node: Node, fault: Fault) -> Undo:
    """An operator clears the failures."""
    node.daemon.command(Verb.CLEAR)
    return None


@kind(0.0, (0.0, 0.0))
def repaired(world: World, node: Node, fault: Fault) -> Undo:
    """F47: what could not be stopped is put in order by hand, and is to go on here."""
    state = node.daemon.state
    for service in state.services if state is not None else ():
        if service.local.value == "broken" and node.runs:
            node.services.repair_by_hand(service.name)
            node.daemon.command(Verb.CLEAR, service.name)
    return None


@kind(0.0, (2.0, 15.0))
def storage_open(world: World, node: Node, fault: Fault) -> Undo:
    """F91: people open the storage of what is down, break what runs on it, and close it again."""
    service = pick(list(world.volumes), fault.a)
    node.daemon.command(Verb.OPEN_STORAGE, service)
    return partial(node.daemon.command, Verb.CLOSE_STORAGE, service)


@kind(1.0, (0.0, 0.0))
def confirm_fenced(world: World, node: Node, fault: Fault) -> Undo:
    """F04: an operator who looked: only when the peer really is off."""
    if not world.nodes[node.peer].on:
        node.daemon.command(Verb.CONFIRM_FENCED, node.peer)
    return None


@kind(0.1, (0.0, 0.0))
def confirm_alive(world: World, node: Node, fault: Fault) -> Undo:
    """An operator types it while the peer is heard; that has to be refused."""
    state = node.daemon.state
    if state is not None and state.peer.life.value == "alive" and not node.daemon.held_up:
        node.daemon.command(Verb.CONFIRM_FENCED, node.peer)
    return None


@kind(0.0, (0.0, 0.0))
def confirm_speaking(world: World, node: Node, fault: Fault) -> Undo:
    """F73: the same while the peer speaks, but is not believed; that has to be refused, too."""
    spoken_s, daemon = world.clock.now - node.daemon.spoken_to, node.daemon
    if world.nodes[node.peer].on and spoken_s < 0.4 * world.setting.timing.heartbeat_s:
        daemon.command(Verb.CONFIRM_FENCED, node.peer)
    return None


@kind(0.6, (0.0, 0.0))
def standby(world: World, node: Node, fault: Fault) -> Undo:
    """A node is to own nothing; asked on either node. Sometimes it is taken back."""
    if node.name == world.setting.older:
        return None  # it does not know the word
    verb = Verb.STANDBY if fault.a < 0.7 else Verb.ONLINE
    node.daemon.command(verb, pick(["", *world.nodes], fault.b))
    return None


@kind(0.5, (1.0, 12.0))
def maintenance(world: World, node: Node, fault: Fault) -> Undo:
    """F66: people want to work; nothing is started, stopped or moved meanwhile."""
    if node.name == world.setting.older:
        return None
    node.daemon.command(Verb.MAINTENANCE, "on")
    return partial(node.daemon.command, Verb.MAINTENANCE, "off")


@kind(1.5, (4.0, 25.0))
def lan_lost(world: World, node: Node, fault: Fault) -> Undo:
    """F22, F23: one node, or both, do not reach the ping targets."""
    hit = [node] if fault.a < 0.7 else list(world.pair)
    world.moments["both lost the LAN"] += len(hit) > 1
    for one in hit:
        one.lan(lost=True)

    def undo() -> None:
        for one in hit:
            one.lan(lost=False)

    return undo


@kind(0.3, (0.0, 0.0))
def disk_fills(world: World, node: Node, fault: Fault) -> Undo:
    """F45."""
    for service in world.volumes:
        node.daemon.deliver(SpaceUsed(service, int(70 + 30 * fault.a)))
    return None


@kind(0.4, (5.0, 30.0))
def watchdog_absent(world: World, node: Node, fault: Fault) -> Undo:
    """F29: the node boots without the device that could reset it."""
    node.watchdog_absent = True
    node.power_off()
    node.power_on()

    def undo() -> None:
        node.watchdog_absent = False
        node.daemon.look_around()

    return undo


@kind(0.5, (3.0, 20.0))
def foreign_host(world: World, node: Node, fault: Fault) -> Undo:
    """F56: somebody else's host has taken an address of the services."""
    world.rival = True
    return partial(setattr, world, "rival", False)


@kind(0.4, (2.0, 20.0))
def no_watchdog(world: World, node: Node, fault: Fault) -> Undo:
    """F29."""
    node.daemon.why_not = "the watchdog is missing"
    node.daemon.look_around()

    def undo() -> None:
        node.daemon.why_not = ""
        node.daemon.look_around()

    return undo
