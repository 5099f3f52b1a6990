# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts the model of DRBD through what real kernels went through (see tests.kernels.recording).

Outside events and orders are taken from the recording at their time. When the kernels notice a lost
or a returned link, and when a resync ends, the model does not know: it follows the first kernel
that shows it. Everything else has to come out of the model by itself.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

from failoverd.core.events import CONNECTED, Disk

from .clock import Clock
from .drbd import Volume

State = tuple[str, str, str, str, str, bool]
"""Role, disk, peer's role, peer's disk, connection, frozen."""

PASSING = frozenset(
    {
        *("Timeout", "BrokenPipe", "NetworkFailure", "ProtocolError", "TearDown", "Unconnected"),
        *("Disconnecting", "WFReportParams", "WFSyncUUID", "WFBitMapS", "WFBitMapT"),
        *("StartingSyncS", "StartingSyncT", "PausedSyncS", "PausedSyncT"),
    }
)
"""States of a connection that is neither up nor down; the model has none of them."""
PASSING_DISKS = frozenset({"Attaching", "Negotiating"})
REST_S = 3.0
"""So long without news, and both kernels have settled."""
DOWN: State = ("Unknown", "Unknown", "Unknown", "Unknown", "Unknown", False)


class Hand:
    """Stands in for the simulator's clock: what is put off waits until it is called for."""

    def __init__(self) -> None:
        self.random, self.now = random.Random(1), 0.0
        self.waiting: dict[str, Callable[[], None]] = {}

    def after(self, _seconds: float, what: Callable[[], None]) -> None:
        """Put it off; a later one of the same kind takes its place."""
        assert isinstance(what, partial)
        self.waiting[what.func.__name__] = what

    def between(self, low: float, _high: float) -> float:
        """Any duration will do."""
        return low

    def chance(self, _part: float) -> bool:
        """Neither will a chance change what follows."""
        return False

    def tell(self, text: str) -> None:
        """Nobody listens."""

    def happen(self, name: str) -> None:
        """Now."""
        what = self.waiting.pop(name, None)
        if what is not None:
            what()


@dataclass
class Run:
    """One recording and the model side by side; also the model's host."""

    nodes: tuple[str, str]
    kernel: dict[str, list[State]] = field(default_factory=dict)
    model: dict[str, list[State]] = field(default_factory=dict)
    refusals: list[str] = field(default_factory=list)
    unlike: list[str] = field(default_factory=list)
    """Where kernel and model were at rest in different states."""

    def __post_init__(self) -> None:
        self.hand = Hand()
        self.volume = Volume(cast(Clock, self.hand), "v", self.nodes, self)
        self.path = True
        self.still: set[str] = set()
        self._writes = 0
        self._asked: dict[str, int] = {}
        self._outdating: set[str] = set()
        """Nodes with an order that the kernel has not carried out yet."""

    # -- what the model sees of the world ---------------------------------------------------

    def replicates(self) -> bool:
        """A TCP connection between the two kernels can live."""
        return self.path and not self.still

    def ask_handler(self, node: str, volume: Volume) -> None:
        """Who answers it is in the recording."""
        self._asked[node] = volume.losses

    def disk_changed(self, node: str, volume: Volume) -> None:
        """Put it down."""
        self.note(node)

    def io_error(self, node: str, volume: Volume) -> None:
        """What the application sees is not recorded."""

    def goes_on_alone(self, node: str, volume: Volume) -> None:
        """Whether it may is the core's business."""

    def diverged(self, volume: Volume, why: str) -> None:
        """No recording has one."""
        raise AssertionError(why)

    def resyncs(self, node: str, volume: Volume) -> None:
        """The recording says when it ends."""

    # -- running ----------------------------------------------------------------------------

    def note(self, node: str) -> None:
        """The model's present state of a node, as the kernel would print it."""
        shown = stable(of_disk(self.volume.see(node)))
        if shown is not None:
            add(self.model, node, shown)

    def begin(self, first: dict[str, State]) -> None:
        """Both nodes as the recording found them: whole."""
        for node, state in first.items():
            side = self.volume.sides[node]
            side.up, side.role, side.disk = True, state[0], state[1]
        self.volume.connected = True
        for node, state in first.items():
            add(self.kernel, node, state)
            self.note(node)

    def rest(self, t: float) -> None:
        """Nothing happens for a while: what the kernels show has to be what the model shows."""
        for node in self.nodes:
            if node in self.still:
                continue
            kernel, model = self.kernel[node][-1], of_disk(self.volume.see(node))
            if kernel != model:
                self.unlike.append(f"{t} s, {node}: kernel {kernel}, model {model}")

    def take(self, line: dict[str, Any]) -> None:
        """One line of the recording."""
        if "path" in line:
            self.path = line["path"]
            self.volume.poke()
        elif "power" in line:
            self._power(line["node"], line["power"])
        elif "disk" in line:
            (self.volume.break_disk if line["disk"] == "fails" else self.volume.replace_disk)(
                line["node"]
            )
        elif "do" in line:
            self._order(line)
        elif "saw" in line:
            self._saw(line["node"], cast("State", tuple(line["saw"])))
        self._write()

    def _power(self, node: str, what: str) -> None:
        if what == "off":
            self._outdating.discard(node)
            self.still.discard(node)
            self.volume.power_lost(node)
            add(self.kernel, node, DOWN)
            self.note(node)
        elif what in ("frozen", "thawed"):
            (self.still.add if what == "frozen" else self.still.discard)(node)
            self.volume.poke()

    def _order(self, line: dict[str, Any]) -> None:
        node, what, code = line["node"], line["do"], line.get("code", 0)
        if what == "promote":
            why = self.volume.promote(node, code)
            if why:
                self.refusals.append(f"{line['t']}: {node}: {why}")
        elif what == "answer":
            self.volume.handler_answer(node, code, self._asked.get(node, -1))
        elif what == "outdate":
            # A process does it, and before the disk is attached it does nothing: see _saw.
            self._outdating.add(node)
        else:
            getattr(self.volume, what)(node)
        self.note(node)

    def _saw(self, node: str, state: State) -> None:
        side = self.volume.sides[node]
        if state[0] != "Unknown" and not side.up:
            self.volume.attach(node)
            self.note(node)
        shown = stable(state)
        if shown is None or (state[4] == "StandAlone" and not side.alone):
            return  # drbdadm attaches first, and connects a moment later
        linked = state[4] in CONNECTED
        if side.up and linked != self.volume.connected:
            self.hand.happen("_notice")
        if state[1] == "Outdated" and node in self._outdating:
            self.volume.outdate(node)
        if linked:
            self._outdating.discard(node)
        if self.volume.resync and state[1] == state[3] == "UpToDate" and state[4] == "Connected":
            self.hand.happen("_synced")
        add(self.kernel, node, shown)

    def _write(self) -> None:
        """The application writes all the time."""
        for node in self.nodes:
            self._writes += 1
            self.volume.write(node, self._writes)


def of_disk(disk: Disk) -> State:
    """A state of the model as it is recorded."""
    if disk.role == "Unknown":
        return DOWN
    peer = (disk.peer_role, disk.peer_disk)
    return (disk.role, disk.disk, *peer, disk.connection, disk.suspended)


def stable(state: State) -> State | None:
    """None for what passes by."""
    if state[4] in PASSING or {state[1], state[3]} & PASSING_DISKS:
        return None
    return DOWN if state[0] == "Unknown" else state


def add(into: dict[str, list[State]], node: str, state: State) -> None:
    """One more state, if it is another."""
    found = into.setdefault(node, [])
    if not found or found[-1] != state:
        found.append(state)


def play(path: Path) -> Run:
    """The whole recording."""
    head, *lines = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
    run = Run(tuple(head["nodes"]))
    first = {line["node"]: line["saw"] for line in lines[:2] if "saw" in line}
    run.begin({node: cast("State", tuple(state)) for node, state in first.items()})
    for line, following in pairwise([*lines[2:], {"t": float("inf")}]):
        run.take(line)
        if following["t"] - line["t"] >= REST_S:
            run.rest(line["t"])
    return run
