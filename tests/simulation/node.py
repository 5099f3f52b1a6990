# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated node: power, boots, pauses, its monotonic clock, the kernel's handlers."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from failoverd.core import events
from failoverd.core.config import CoreConfig
from failoverd.core.rules.lease import timeout_s

from .daemon import Daemon
from .drbd import Volume
from .services import DOWN, Services
from .setting import BOOT_S
from .watchdog import Watchdog

if TYPE_CHECKING:
    from .world import World

DROPPED = "dropped "
"""With the name of a volume: a mark in the run directory of the daemon."""
HANDLER_S = 90.0
"""A fence-peer handler that nobody answers ends by itself."""


class Node:
    """One of the two machines."""

    def __init__(self, world: World, config: CoreConfig) -> None:
        self.world, self.clock = world, world.clock
        self.name, self.peer = config.node, config.peer
        self.on = False
        self.booted_at = 0.0
        """When its power came last, in the world's time."""
        self.cut = False
        """A fence device has switched it off, and nobody has switched it on since."""
        self.boot = 0
        self.lives: dict[int, int] = {}
        """In which boot each of its lives was, by incarnation."""
        self.frozen_since: float | None = None
        self._clock_stops = False
        self.lan_lost = False
        """It does not reach the ping targets (F22)."""
        self._offset = self.clock.between(0, 1e5)
        self._drift = self.clock.between(0.998, 1.002)
        self.services = Services(self, config)
        self.daemon = Daemon(self, config)
        self.watchdog_absent = False
        """The kernel found no device at its last boot (F29)."""
        self.stubborn = False
        """Its kernel does not obey sysrq: only the watchdog resets it."""
        self.marks: dict[str, str] = {}
        """The run directory of its daemon: a boot empties it, and systemd if the unit lets it."""
        watchdog_s = timeout_s(config)
        self.watchdog = Watchdog(self, watchdog_s) if watchdog_s else None
        self.handlers: dict[str, int] = {}
        """service -> how often its connection had been lost when the handler was started"""

    def mono(self) -> float:
        """This node's monotonic clock: its own zero, its own speed, and it may stand still."""
        return self._offset + self._drift * self.clock.now

    @property
    def runs(self) -> bool:
        """It has power and is not frozen."""
        return self.on and self.frozen_since is None

    # -- power ------------------------------------------------------------------------------

    def power_on(self) -> None:
        """Power returns: the node boots and starts its daemon."""
        if self.on:
            return
        self.clock.tell(f"{self.name}: power on")
        self.on, self.cut, self.boot = True, False, self.boot + 1
        self.booted_at, self.daemon.cut = self.clock.now, ""
        self.clock.after(self.clock.between(*BOOT_S), partial(self._booted, self.boot))
        self.world.moment("boot", self)

    def power_off(self) -> None:
        """Not one more instruction."""
        if not self.on:
            return
        self.clock.tell(f"{self.name}: power off")
        self.on, self.frozen_since = False, None
        self.daemon.end()
        self.handlers.clear()
        self.marks.clear()
        self.services.lose_all()
        for volume in self.world.volumes.values():
            volume.power_lost(self.name)

    def reset(self) -> None:
        """Off and on in an instant."""
        self.power_off()
        self.power_on()

    def _booted(self, boot: int) -> None:
        if not self.on or boot != self.boot:
            return
        if self.frozen_since is not None:
            self.clock.after(0.5, partial(self._booted, boot))
            return
        for volume in self.world.volumes.values():
            self._attach(volume, boot)
        self.daemon.begin()

    def _attach(self, volume: Volume, boot: int) -> None:
        """On a disk that hangs this does not come back before the disk does (F44)."""
        if not self.on or boot != self.boot:
            return
        if volume.mirrored and volume.stuck(self.name):
            self.clock.after(1.0, partial(self._attach, volume, boot))
        else:
            volume.attach(self.name)

    # -- pauses -----------------------------------------------------------------------------

    def freeze(self, clock_stops: bool) -> None:
        """F25, F27: nothing runs, but it is not off. A paused machine's clock may stand still."""
        if self.runs:
            # What a lease takes for granted: a clock goes on as long as the watchdog's does.
            clock_stops = clock_stops and self.watchdog is None
            self.frozen_since, self._clock_stops = self.clock.now, clock_stops
            self.world.moments["clock stood still"] += clock_stops
            self.world.kernels_notice()

    def thaw(self) -> None:
        """It goes on as if nothing had happened."""
        if self.frozen_since is None:
            return
        gap, self.frozen_since = self.clock.now - self.frozen_since, None
        if self._clock_stops:
            self._offset -= self._drift * gap
        self.world.kernels_notice()
        self.daemon.resume()

    def later(self, low: float, high: float, what: Callable[[], None]) -> None:
        """Something this boot of the machine does; waits while it is frozen."""
        boot = self.boot

        def run() -> None:
            if boot != self.boot or not self.on:
                return
            if self.frozen_since is not None:
                self.clock.after(0.2, run)
                return
            what()

        self.clock.after(self.clock.between(low, high), run)

    # -- the kernel's handlers --------------------------------------------------------------

    def run_handler(self, volume: Volume) -> None:
        """DRBD runs the fence-peer handler, which waits for the daemon, also across a restart."""
        self.handlers[volume.name] = volume.losses
        self.daemon.ask_for_kernel(volume)
        self.clock.after(HANDLER_S, partial(self._give_up, volume, volume.losses))

    def handler_said(self, volume: Volume, losses: int, code: int) -> None:
        """The handler has its answer; its exit takes its time to reach the kernel (F37)."""
        self.later(0.01, 0.2, partial(self._handler_exits, volume, losses, code))

    def _handler_exits(self, volume: Volume, losses: int, code: int) -> None:
        if self.on and self.handlers.get(volume.name) == losses:
            del self.handlers[volume.name]
            if code in (4, 7) and (volume.connected or volume.losses != losses):
                self.world.moments["void answer"] += 1
            volume.handler_answer(self.name, code, losses)

    def kill_handlers(self) -> None:
        """F36: they end without a word; I/O stays frozen."""
        for name, losses in list(self.handlers.items()):
            self._handler_exits(self.world.volumes[name], losses, 0)
        self.daemon.handlers_gone()

    def _give_up(self, volume: Volume, losses: int) -> None:
        self.handler_said(volume, losses, 1)

    def disk_changed(self, volume: Volume) -> None:
        """The daemon sees the state of the disk a little later."""
        if self.on and volume.mirrored:
            self.daemon.later(0.0, 0.2, partial(self._look, volume))

    def outdate(self, volume: Volume) -> None:
        """Carried out, and looked at again (F13)."""
        volume.outdate(self.name)
        self._look(volume)

    def drop_peer(self, volume: Volume) -> None:
        """Carried out in two parts, and looked at again (F34)."""
        if volume.drop(self.name):
            self.marks[DROPPED + volume.name] = ""
            self.daemon.later(0.05, 0.3, partial(self._connect, volume))
            self.world.moment("dropped", self)
        self._look(volume)

    def finish_drops(self) -> None:
        """What an earlier life of the daemon has left StandAlone is connected by the next one."""
        for volume in self.world.volumes.values():
            if DROPPED + volume.name in self.marks:
                self.daemon.later(0.1, 1.0, partial(self._connect, volume))

    def _connect(self, volume: Volume) -> None:
        volume.connect(self.name)
        del self.marks[DROPPED + volume.name]
        self._look(volume)

    def lan(self, lost: bool) -> None:
        """F22: the ping targets are lost, or answer again."""
        self.lan_lost = lost
        self.daemon.later(0.1, 1.0, self.daemon.look_around)

    def _look(self, volume: Volume) -> None:
        self.daemon.deliver(events.DiskChanged(volume.name, volume.see(self.name)))

    @property
    def idle(self) -> bool:
        """No service is up here, wholly or in part."""
        return all(value == DOWN for value in self.services.truth.values())
