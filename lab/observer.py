# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Watches from outside whether a service is ever active on two nodes at once (S1).

On every node one long-running loop reads ``/proc`` and prints a line several times a second: is
the file system mounted, is the address present, what does DRBD say. It starts no process of its
own, asks no daemon and ends when its connection ends.

It claims only what it has seen. A node counts as active from the first to the last of
successive active samples of one boot; so two nodes that hand over between two samples are never
called "both active", and an overlap longer than two sampling intervals always is. A node that
stopped answering while active stays active until it answers again or has lost its power: it may
only be frozen.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import shlex
import subprocess
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from lab.clocks import offsets
from lab.errors import LabError

# bash, because its mapfile reads a file of /proc without starting a process; `read -t` is the
# sleep, and ends the loop when the connection is gone.
PROBE = """\
LC_ALL=C; read -r boot </proc/sys/kernel/random/boot_id
while :; do
  mapfile -t m </proc/self/mounts; mapfile -t f </proc/net/fib_trie
  i=(); [[ -e /proc/net/if_inet6 ]] && mapfile -t i </proc/net/if_inet6
  d=(); [[ -e /proc/drbd ]] && mapfile -t d </proc/drbd
  now=$EPOCHREALTIME mount=0 address=0 disk=-
  [[ " ${m[*]} " == *" $MOUNT "* ]] && mount=1
  if [[ $HEX ]]; then [[ " ${i[*]} " == *" $HEX "* ]] && address=1
  else pattern="-- $PATTERN +/32 host LOCAL"; [[ "${f[*]}" =~ $pattern ]] && address=1; fi
  for line in "${d[@]}"; do [[ $line == *" $MINOR: cs:"* ]] && disk=$line; done
  echo "sample $now $boot $mount $address $disk" || exit
  read -r -t "$INTERVAL" _; (( $? > 128 )) || exit
done
"""


class NodeHost(Protocol):
    """The part of a lab that the observer needs."""

    @property
    def dir(self) -> Path:
        """Directory with the ssh configuration."""

    def power_state(self, node: str) -> str:
        """``on`` or ``off``."""


@dataclass(frozen=True)
class Watch:
    """The parts of a service that make a node active."""

    mount: str
    address: str
    """Virtual address without prefix length."""
    minor: int = 0


@dataclass(frozen=True)
class Sample:
    """One look at a node. ``time`` is the node's wall clock; see lab.clocks."""

    time: float
    boot: str
    mounted: bool
    addressed: bool
    connection: str = ""
    role: str = ""
    peer_role: str = ""
    disk: str = ""
    peer_disk: str = ""
    received: float = 0.0
    """When it arrived, by the host's wall clock; 0 for not known."""

    @property
    def active(self) -> bool:
        """True if any part of the service is here."""
        return self.mounted or self.addressed or self.role == "Primary"

    @property
    def healed(self) -> bool:
        """Both copies of the data are current."""
        return (self.connection, self.disk, self.peer_disk) == ("Connected", "UpToDate", "UpToDate")


@dataclass(frozen=True)
class Interval:
    """A stretch of wall-clock time, both ends included."""

    begin: float
    end: float


@dataclass
class Track:
    """All samples of one node."""

    samples: list[Sample] = field(default_factory=list)
    powered_off: list[float] = field(default_factory=list)
    """Wall-clock times at which the node was found without power."""


def parse(line: str) -> Sample | None:
    """Read a line of the probe; None for anything else (a login banner, a torn line)."""
    words = line.split()
    if len(words) < 6 or words[0] != "sample":
        return None
    try:
        when = float(words[1])
    except ValueError:
        return None
    disk = dict(word.split(":", 1) for word in words[5:] if ":" in word)
    role, _slash, peer_role = disk.get("ro", "").partition("/")
    state, _slash, peer_state = disk.get("ds", "").partition("/")
    return Sample(
        time=when,
        boot=words[2],
        mounted=words[3] == "1",
        addressed=words[4] == "1",
        connection=disk.get("cs", ""),
        role=role,
        peer_role=peer_role,
        disk=state,
        peer_disk=peer_state,
    )


def activity(track: Track, now: float) -> list[Interval]:
    """When the node was active by the host's clock, as far as the samples prove it, to ``now``."""
    late = offsets((s.boot, s.time, s.received) for s in track.samples)
    found: list[Interval] = []
    begin: Sample | None = None
    last: Sample | None = None
    for read in track.samples:
        sample = replace(read, time=read.time + late.get(read.boot, 0.0))
        if begin and last and (not sample.active or sample.boot != begin.boot):
            found.append(Interval(begin.time, last.time))
            begin = None
        if sample.active and begin is None:
            begin = sample
        last = sample
    if begin and last:
        silent_and_powered = not any(off >= last.time for off in track.powered_off)
        found.append(Interval(begin.time, max(last.time, now) if silent_and_powered else last.time))
    return found


def overlaps(one: Iterable[Interval], other: Sequence[Interval]) -> list[Interval]:
    """The common stretches of two lists of intervals."""
    common = (Interval(max(a.begin, b.begin), min(a.end, b.end)) for a in one for b in other)
    return [interval for interval in common if interval.begin <= interval.end]


def probe_command(watch: Watch, interval_s: float) -> str:
    """The shell command that a node runs."""
    address = ipaddress.ip_address(watch.address)
    values = {
        "MOUNT": watch.mount,
        "HEX": address.exploded.replace(":", "") if address.version == 6 else "",
        "PATTERN": str(address).replace(".", r"\."),
        "MINOR": str(watch.minor),
        "INTERVAL": f"{interval_s:.2f}",
    }
    assignments = "".join(f"{name}={shlex.quote(value)}; " for name, value in values.items())
    return f"exec bash -c {shlex.quote(assignments + PROBE)}"


class Observer:
    """Collects the samples of all nodes; :func:`start` makes a running one."""

    def __init__(
        self, lab: NodeHost, nodes: Sequence[str], watch: Watch, interval_s: float = 0.3
    ) -> None:
        self._lab = lab
        self._nodes = tuple(nodes)
        self.watch = watch
        self._command = probe_command(watch, interval_s)
        self._tracks = {node: Track() for node in nodes}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._children: dict[str, subprocess.Popen[str]] = {}
        self._threads = [
            threading.Thread(target=self._follow, args=(node,), name=f"observe {node}", daemon=True)
            for node in nodes
        ]
        self._threads.append(
            threading.Thread(target=self._watch_power, name="observe power", daemon=True)
        )

    def start(self) -> Observer:
        """Begin to watch."""
        for thread in self._threads:
            thread.start()
        return self

    def stop(self) -> None:
        """End the loops on the nodes and the threads here."""
        self._stopping.set()
        for child in list(self._children.values()):
            _end(child)
        for thread in self._threads:
            thread.join(5.0)

    def __enter__(self) -> Observer:
        return self

    def __exit__(self, *_: Any) -> None:
        self.stop()

    def add(self, node: str, sample: Sample) -> None:
        """Take in a sample of a node."""
        with self._lock:
            self._tracks[node].samples.append(sample)

    def samples(self, node: str) -> list[Sample]:
        """All samples of a node so far."""
        with self._lock:
            return list(self._tracks[node].samples)

    def last(self, node: str) -> Sample | None:
        """The latest sample of a node."""
        with self._lock:
            samples = self._tracks[node].samples
            return samples[-1] if samples else None

    def intervals(self, now: float | None = None) -> dict[str, list[Interval]]:
        """When each node was active."""
        moment = time.time() if now is None else now
        with self._lock:
            return {node: activity(track, moment) for node, track in self._tracks.items()}

    def both_active(self) -> list[Interval]:
        """The stretches in which two nodes were active at once: must be empty.

        Ask when every powered node answers (:meth:`wait_answering`): until then a node that
        restarted counts as if it were frozen.
        """
        active = list(self.intervals().values())
        return [
            interval
            for index, one in enumerate(active)
            for other in active[index + 1 :]
            for interval in overlaps(one, other)
        ]

    def active_now(self, fresh_s: float = 2.0) -> set[str]:
        """The nodes whose latest sample is fresh and active."""
        edge = time.time() - fresh_s
        latest = {node: self.last(node) for node in self._nodes}
        return {node for node, s in latest.items() if s and s.active and s.time >= edge}

    def wait_answering(self, timeout: float = 120.0) -> bool:
        """Wait until every powered node has sent a sample within two seconds."""
        until = time.monotonic() + timeout
        while time.monotonic() < until:
            edge = time.time() - 2.0
            latest = [self.last(n) for n in self._nodes if self._lab.power_state(n) == "on"]
            if all(sample and sample.time >= edge for sample in latest):
                return True
            time.sleep(0.2)
        return False

    def _follow(self, node: str) -> None:
        while not self._stopping.is_set():
            child = self._connect(node)
            self._children[node] = child
            if self._stopping.is_set():
                _end(child)
            assert child.stdout is not None
            for line in child.stdout:
                sample = parse(line)
                if sample:
                    self.add(node, replace(sample, received=time.time()))
            _end(child)
            self._stopping.wait(0.5)

    def _connect(self, node: str) -> subprocess.Popen[str]:
        # A connection of its own: a shared one would stay with the last life of the node.
        argv = ["ssh", "-F", str(self._lab.dir / "ssh_config"), "-o", "ControlPath=none"]
        argv += ["-o", "ConnectTimeout=3", "-o", "ServerAliveInterval=2", "-o", "LogLevel=ERROR"]
        return subprocess.Popen(
            [*argv, node, self._command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            bufsize=1,
            env={**os.environ, "LC_ALL": "C"},
        )

    def _watch_power(self) -> None:
        while not self._stopping.wait(0.3):
            for node in self._nodes:
                moment = time.time()
                try:
                    off = self._lab.power_state(node) == "off"
                except (LabError, OSError):
                    continue
                if off:
                    with self._lock:
                        self._tracks[node].powered_off.append(moment)


def _end(child: subprocess.Popen[str]) -> None:
    if child.stdin:
        with contextlib.suppress(OSError):
            child.stdin.close()
    if child.poll() is None:
        child.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(3.0)
    if child.poll() is None:
        child.kill()
        child.wait()


def start(lab: NodeHost, nodes: Sequence[str], watch: Watch, interval_s: float = 0.3) -> Observer:
    """Begin to watch a service on the nodes of a lab."""
    return Observer(lab, nodes, watch, interval_s).start()
