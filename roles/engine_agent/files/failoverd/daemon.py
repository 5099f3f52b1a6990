# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts the daemon together: configuration, links, services, devices, core, control."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import signal
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from . import permissions
from .alerts.outbox import Outbox
from .checks.watchers import Watchers
from .config import Config
from .control.health import health
from .control.nodes import Reports
from .control.pending import Pending
from .control.readonly import StatusSocket, directory_of
from .control.requests import Requests
from .control.server import ControlServer
from .control.status import snapshot
from .core import lease
from .core.clock import Clock
from .core.events import Heard, LockLost, ResourceFailed
from .core.message import Local, Message
from .core.workbench import View
from .dispatch import Dispatcher
from .fencing.devices import Devices
from .fencing.gate import Gate
from .fencing.selffence import SYSRQ, SelfFence, last_reset
from .fencing.sfex import level as lock_level
from .fencing.sfex.lock import Lock
from .fencing.stonith import find
from .fencing.watchdog import Watchdog
from .journal.ended import ended
from .journal.history import History
from .journal.journal import Journal
from .journal.recent import Recent
from .journal.sightings import Sightings
from .links.base import Link
from .links.quality import Quality
from .links.serial import SerialLink
from .links.settings import UdpSettings
from .links.sieve import Sieve
from .links.size import REASONS_SHARE, room
from .links.strangers import Strangers
from .links.udp import UdpLink
from .links.wire import Stranger, Wire, WireError
from .monitors.wiring import Monitors
from .persistence.former import Former, joined
from .persistence.lastgood import LastGood
from .persistence.lives import Lives
from .persistence.store import Store
from .readiness.examiner import Examiner
from .readiness.report import Readiness, brief
from .readiness.times import Times
from .resources import lookout, pagecache
from .resources.drbd_watcher import DrbdWatcher
from .resources.service import Service
from .resources.settings import module_of
from .resources.sfex import Sfex
from .rules.fencing import RISKS
from .runner import Runner, beat_s
from .system import realtime
from .system.aside import aside
from .system.pacing import Pacing
from .system.sdnotify import Notifier, watchdog_period
from .system.systemd import Systemd, SystemdError
from .system.upkeep import Upkeep, Work

LINGER_S = 120.0
GOODBYE_S = 1.0
TELL_S = 5.0
"""How often this node renews what it tells the other of its readiness."""
NOTABLE = 100
"""From so many dropped heartbeats of a kind on, the status shows them. A few are normal."""


class Host:
    """The part of the daemon that resources may use."""

    def __init__(
        self,
        history: History,
        systemd: Systemd,
        run: Path,
        lock_lost: Callable[[str, str], None],
    ) -> None:
        self._history = history
        self.systemd = systemd
        self.promotions = run / "promote"
        self.marks = run
        """A directory that is empty after a boot."""
        self.lock_lost = lock_lost
        """Resets this node: (service, why)."""

    def alert(self, code: str, text: str) -> None:
        """Tell a person."""
        self._history.add(code, text, alert=True)


class Daemon:
    """One life on one node."""

    def __init__(
        self,
        config: Config,
        state: Path,
        run: Path,
        warnings: list[str],
        sysrq: str = SYSRQ,
        forget: Callable[[str], None] = lambda service: None,
    ) -> None:
        self._config = config
        self._state = state
        self._forget = forget
        self._warnings = warnings
        self._loop = asyncio.get_running_loop()
        self._end = asyncio.Event()
        self._notifier = Notifier()
        self._history = History(state, config.node)
        self._sightings = Sightings(self._history)
        self._reports = Reports(state / "peer-report.json")
        self._recent = Recent(state)
        self._history.listeners.append(self._recent.take)
        self._store = Store(state)
        self._former: dict[str, Any] = {"boot": self._store.boot}
        """This boot, and until when the life before is known to have lasted."""
        with contextlib.suppress(OSError):
            self._former["before"] = ended(state / "journal")
        self._lives = Lives(state)
        self._journal = Journal(
            state / "journal",
            config.runtime.journal_bytes,
            config.runtime.journal_segments,
            lambda text, bad: self._history.add("journal", text, alert=bad),
        )
        self._systemd = Systemd()
        self._pacing = Pacing(beat_s(config.timing))
        promotions = run / "promote"
        promotions.mkdir(mode=0o700, exist_ok=True)
        for leftover in promotions.iterdir():
            leftover.unlink()
        self._watchdog = Watchdog(
            config.watchdog, "software_watchdog" in config.unsafe, self._alert
        )
        self._self_fence = SelfFence(
            state / "self-reset",
            self._alert,
            self._watchdog.surrender,
            sysrq,
        )
        self._reset_before = last_reset(state / "self-reset")
        host = Host(self._history, self._systemd, run, self._lock_lost)
        self._former_locks: list[Lock] = []
        """Locks that the configuration does not name any more; held until all is stopped."""
        self._services = {s.name: self._service(s, host) for s in config.services}
        self._locks = {
            name: resource.lock
            for name, service in self._services.items()
            for resource in service.resources.values()
            if isinstance(resource, Sfex)
        }
        self._devices = Devices(
            config.fencing,
            config.peer,
            config.runtime.fence_check_s,
            self._history,
            self._locks,
            self._watchdog,
        )
        gate = Gate(
            self._watchdog.pet,
            lambda: [*self._locks.values(), *self._former_locks],
            self._loop.call_later,
        )
        self._wire = Wire(
            config.keys,
            config.cluster,
            config.node,
            config.peer,
            [service.name for service in config.services],
            room(config.bauds, config.timing.dead_s),
        )
        self._quality = Quality()
        self._sieve = Sieve(config.timing.heartbeat_s, config.timing.dead_s)
        self._strangers = Strangers(config.cluster, (config.node, config.peer), self._alert)
        self._pending = Pending()
        self._dispatcher = Dispatcher(
            self._services,
            self._devices,
            self._store,
            self._lives,
            self._history,
            self._broadcast,
            gate.pet,
            self._pending.answer,
        )
        self._runner = Runner(
            config.core(),
            self._lives.begin(),
            self._journal,
            self._dispatcher.perform,
            self._discard,
            self._store.memory,
        )
        self._links: list[Link] = [self._link(settings) for settings in config.links]
        self._dispatcher.post = self._devices.post = self._runner.post
        self._watchdog.post = self._runner.post
        self._dispatcher.on_leave = self._leave
        drbds = {n: s.drbd for n, s in self._services.items() if s.drbd is not None}
        self._drbd_watcher = DrbdWatcher(
            drbds,
            config.runtime.disk_poll_s,
            self._runner.post,
            self._history,
            self._pacing.rest,
        )
        self._dispatcher.look = self._drbd_watcher.look
        self._monitors = Monitors(
            config.monitors,
            self._services,
            self._runner.post,
            self._history,
            config.timing.dead_s,
            [link.interface for link in config.links if isinstance(link, UdpSettings)],
            self._pacing,
        )
        self._dispatcher.on_doubt = self._monitors.hurry
        self._runner.on_beat = self._beat
        self._outbox = Outbox(config.cluster, config.node, config.notifications, self._history)
        self._history.listeners.append(self._outbox.take)
        self._requests = Requests(
            self._services,
            self._pending,
            self._runner.post,
            self._snapshot,
            self._drbd_watcher.look,
            lambda: self._runner.state,
            self._outbox.test,
            lambda name: self._readiness.answer(name, lambda: self._with_facts(self._snapshot())),
        )
        self._times = times = Times()
        self._history.listeners.append(times.take)
        self._examiner = Examiner(
            self._services,
            {level.name: find(level.agent) for level in config.fencing if level.agent},
            self._looked,
            self._pacing.rest,
        )
        self._readiness = Readiness(
            self._examiner,
            times,
            config.checksum,
            config.runtime.fence_check_s,
            config.timing.heartbeat_s,
        )
        self._costs = {name: list(both) for name, both in config.takeover_costs().items()}
        self._control = ControlServer(run, self._requests.answer)
        self._readonly = StatusSocket(
            directory_of(run),
            lambda: {
                "ok": True,
                "status": self._snapshot(),
                "history": self._recent.entries(),
            },
        )
        self._upkeep = Upkeep(lambda text: self._alert("task-ended", text), self._begin_anew)
        self._ahead: asyncio.Task[None] | None = None

    def _service(self, settings: Any, host: Host) -> Service:
        resources = {r.name: module_of(r.type).build(r, host) for r in settings.resources}
        rest = self._pacing.rest
        watchers = Watchers(resources, lambda: self._excuse(settings.name), rest)
        everything, gone = joined(settings.resources, settings.before)
        former = {name: module_of(r.type).build(r, host) for name, r in gone.items()}
        self._former_locks += [r.lock for r in former.values() if isinstance(r, Sfex)]
        service = Service(settings, resources, self._history, watchers, rest)
        for resource in (*resources.values(), *former.values()):
            if isinstance(resource, Sfex):
                resource.lock.idle = service.bare
        if former or settings.retired:
            service.carry(former, everything, partial(self._forget, settings.name))
        elif settings.before:
            # The new text names everything that may be up.
            self._forget(settings.name)
        service.on_failure(
            lambda resource, why, silent: self._runner.post(
                ResourceFailed(settings.name, resource, why, silent)
            )
        )
        return service

    def _beat(self, now: float, late_s: float) -> None:
        self._monitors.late(late_s)
        self._sightings.look(self._runner.state, now)
        self._reports.look(self._runner.state, now)
        self._pacing.beat(now)

    def _alert(self, code: str, text: str) -> None:
        self._history.add(code, text, alert=True)

    def _lock_lost(self, service: str, why: str) -> None:
        """F64, F65: reset this node first. The rest matters only if the reset fails."""
        self._self_fence.reset(why)
        self._runner.post(LockLost(service, why))

    def _excuse(self, service: str) -> str:
        """Why the cause of a missing answer is the disk, not the application (F06)."""
        disk = self._drbd_watcher.last.get(service)
        frozen = disk is not None and disk.suspended
        return "the I/O of its disk is frozen" if frozen else ""

    def _link(self, settings: Any) -> Link:
        if isinstance(settings, UdpSettings):
            return UdpLink(settings, self._wire.heads, self._received, self._runner.awake)
        return SerialLink(
            settings, self._received, self._runner.awake, self._config.timing.dead_s * REASONS_SHARE
        )

    def _broadcast(self, message: Message) -> None:
        frame = self._wire.frame(message)
        for link in self._links:
            link.send(frame)

    def _received(self, link: str, frame: bytes) -> None:
        now = self._loop.time()
        try:
            message = self._wire.decode(frame)
        except Stranger as stranger:
            met = stranger.message
            self._strangers.met(link, met.cluster, met.node, now)
            if self._sieve.rarely(link, now):
                self._runner.post(Heard(link, met))
            return
        except WireError:
            return
        self._quality.heard(link, message.incarnation, message.sequence)
        if self._sieve.passes(link, message, self._runner.state.incarnation, now):
            self._readiness.heard(self._wire.heard)
            self._runner.post(Heard(link, message))

    def _discard(self) -> None:
        for link in self._links:
            link.discard()

    def _leave(self) -> None:
        """F61: at a shutdown say goodbye until systemd stops us; otherwise start a new life."""
        wait_s = LINGER_S if self._requests.shutdown else GOODBYE_S
        self._loop.call_later(wait_s, self._end.set)

    def _snapshot(self) -> dict[str, Any]:
        self._lives.retry()
        problems = [self._store.problem, self._lives.problem, self._journal.problem]
        problems += [self._history.problem, self._readonly.problem]
        refused = [f"{count} datagrams refused: {why}" for why, count in self._wire.refused.items()]
        refused += [
            f"{count} heartbeats dropped: {why}; somebody replays them, or the network repeats them"
            for why, count in self._sieve.dropped.items()
            if count >= NOTABLE
        ]
        problems.append(self._strangers.problem(self._loop.time()))
        if not self._agreed():
            problems.append(
                f"{self._config.peer} is excluded by fence devices alone: {lease.DISAGREED}"
            )
        problems += [lock.problem for lock in self._locks.values()]
        links = {link.name: link.problem for link in self._links if link.problem}
        warnings = [
            *(f"UNSAFE, accepted as {word}: {RISKS[word]}" for word in self._config.unsafe),
            *self._warnings,
            *filter(None, problems),
            *(f"link {name}: {problem}" for name, problem in links.items()),
            *self._drbd_watcher.problems.values(),
            *self._monitors.problems,
            *(f"notification {name}: {why}" for name, why in self._outbox.problems.items()),
            *refused,
        ]
        status = snapshot(
            self._runner.state,
            self._services,
            [
                {**level, "takeover_s": self._costs[level["name"]]}
                for level in self._devices.status()
            ],
            links,
            warnings,
            self._store.since,
            self._monitors.used,
        )
        for link in status["links"]:
            link.update(self._quality.report(link["name"]))
        status["heartbeats"] = {
            # Without the version of the protocol: what every frame shows of its key.
            "keys": [head[1:].hex() for head in self._wire.heads],
            "refused": dict(self._wire.refused),
            "dropped": dict(self._sieve.dropped),
        }
        status["reports"] = self._reports.told(self._runner.state, self._loop.time())
        status |= {"watchdog": self._watchdog.status(), **self._monitors.status()}
        for service in status["services"]:
            service["ready"] = brief(self._with_facts(status), service["name"])
        return {**status, "health": health(status)}

    def _agreed(self) -> bool:
        return lease.agreed(View(self._runner.state, Clock(self._loop.time())))

    def _with_facts(self, status: dict[str, Any]) -> dict[str, Any]:
        """What the judge of readiness needs."""
        return {**status, "readiness": self._readiness.facts(agreed=self._agreed())}

    def _looked(self) -> None:
        """The word has a new time, by which the other node compares the clocks: send it now."""
        self._readiness.looked()
        self._say_ready()

    def _say_ready(self) -> None:
        """Say in each heartbeat what this node has found. Without news it is the same word."""
        self._wire.word = self._readiness.word(self._with_facts(self._snapshot()))

    async def _tell_ready(self) -> None:
        while True:
            self._say_ready()
            await self._pacing.rest(TELL_S)

    def _begin_anew(self, why: str) -> None:
        self._alert("daemon-hopeless", why)
        self._end.set()

    def _long_tasks(self) -> Iterator[tuple[str, Work]]:
        """The long tasks of the daemon, each with its name for people."""
        yield from self._drbd_watcher.tasks()
        yield from self._outbox.tasks()
        yield "the status for the page", self._readonly.run
        yield "the look at what a failover needs", self._examiner.run
        yield "the word for the other node", self._tell_ready
        yield "the patrol of the fence devices", self._devices.patrol
        if self._locks or self._former_locks:
            yield "the keeper of the locks", self._keep_locks
        if self._locks:
            yield "the watch on the locks", self._watch_locks
        yield "the watch on what a silent peer has left", self._watch_crashed
        for monitor in self._monitors.monitors:
            yield f"the monitor {type(monitor).__name__}", monitor.run
        for name, service in self._services.items():
            patrol = partial(service.patrol, self._config.runtime.patrol_s)
            yield f"the patrol of {name}", patrol

    async def run(self) -> None:
        """Run until SIGTERM or a goodbye. Services run on (F31)."""
        for number in (signal.SIGTERM, signal.SIGINT):
            self._loop.add_signal_handler(number, self._end.set)
        for link in self._links:
            link.open()
        text = f"failoverd starts on {self._config.node}"
        self._history.add("daemon-start", text, data=self._former)
        for warning in [*self._warnings, *filter(None, [self._lives.problem])]:
            self._history.add("warning", warning, alert=True)
        if self._reset_before:
            self._alert("self-reset", f"this node reset itself before: {self._reset_before}")
        await self._watchdog.prepare()
        await self._control.open()
        self._runner.begin()
        aside(self._times.read, self._state)
        self._ahead = self._loop.create_task(self._read_ahead(), name="read-ahead")
        for name, work in self._long_tasks():
            self._upkeep.keep(name, work)
        self._notifier.send("READY=1", "STATUS=watching")
        period = watchdog_period()
        if period is not None:
            self._upkeep.keep("the answer to systemd's watchdog", partial(self._feed, period))
        await self._end.wait()
        self._notifier.send("STOPPING=1")
        await self._close()

    async def _read_ahead(self) -> None:
        """Load early what a takeover needs: the bus, the programs of the applications."""
        resources = [r for s in self._config.services for r in s.resources if r.type == "unit"]
        files = []
        with contextlib.suppress(Exception):  # saves time only
            for resource in resources:
                with contextlib.suppress(SystemdError):
                    properties = await self._systemd.properties(resource.options.unit)
                    files.append(str(properties["FragmentPath"]))
            await pagecache.warm(files)
        with contextlib.suppress(Exception):  # the page shows less
            await aside(self._recent.read)

    async def _keep_locks(self) -> None:
        for lock in self._former_locks:
            await lock.recall()
        await lock_level.keep(self._locks, lambda: self._runner.state, self._pacing.rest)

    async def _watch_locks(self) -> None:
        await lock_level.watch(self._locks, lambda: self._runner.state, self._pacing.rest)

    async def _watch_crashed(self) -> None:
        await lookout.watch(self._services, lambda: self._runner.state, self._pacing.rest)

    async def _feed(self, period: float) -> None:
        """systemd restarts a daemon whose loop hangs."""
        while True:
            self._notifier.send("WATCHDOG=1")
            await self._pacing.rest(period)

    async def _close(self) -> None:
        self._history.add("daemon-end", f"failoverd ends on {self._config.node}")
        self._control.close()
        self._upkeep.close()
        if self._ahead is not None:
            self._ahead.cancel()
        await self._dispatcher.close()
        for link in self._links:
            link.close()
        for service in self._services.values():
            service.close()
        await self._devices.close()
        state = self._runner.state
        holding = any(s.local is not Local.STOPPED for s in state.services)
        self._watchdog.close(holding=holding, leaving=state.leaving)
        self._systemd.close()
        self._store.close()
        self._reports.close()
        self._journal.close()
        self._history.close()


def lock(run: Path) -> int:
    """Take the lock of the daemon; raises BlockingIOError while another daemon has it (F32)."""
    fd = os.open(run / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return fd


def serve(etc: str, state: Path, run: Path, sysrq: str = SYSRQ) -> int:
    """Run one life of the daemon; returns the exit status."""
    realtime.modest()
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    run.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        lock(run)
    except BlockingIOError:
        print("failoverd: another failoverd runs on this node.", file=sys.stderr)
        return 1
    # A log that hangs on a dead disk must not delay a heartbeat (F44).
    os.set_blocking(sys.stderr.fileno(), False)
    former = Former(state / "former.json", Store(state).held)
    config, warnings = LastGood(state / "last-good.json", former.merge).load(etc)
    warnings += permissions.problems(etc)

    async def life() -> None:
        daemon = Daemon(config, state, run, warnings, sysrq, former.forget)
        # Heartbeats must leave on time even if the machine swaps or is busy (F21).
        warnings.extend(realtime.enter())
        await daemon.run()

    # Not asyncio.run(): it would wait for threads that a dead disk may hold forever (F44).
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.run_until_complete(life())
    return 0
