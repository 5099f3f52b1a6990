# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The network of the simulated world: each direction of each link loses, delays, repeats, damages.

Messages that say something new travel through the very wire format of production, and so does one
in SAMPLE of the others; the rest are handed over as they are, for speed.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

from failoverd.core.message import REORDER, Message, Reach
from failoverd.links.payload import KEY_BYTES
from failoverd.links.varint import pieces, read_numbers, read_pieces
from failoverd.links.wire import HEADER_BYTES, OVERHEAD, Stranger, Wire, WireError

from .clock import Clock, Violation
from .setting import CLUSTER, Setting

KEY = b"k" * 32
SAMPLE = 8
KEPT = 30
"""How many old messages of a node an attacker on the network keeps for a replay (F19)."""
Receive = Callable[[str, Message, float], None]


@dataclass
class Link:
    """One path between the nodes. Directions are named by the sending node."""

    name: str
    cut: set[str] = field(default_factory=set)
    blocked: bool = False
    """A firewall drops the heartbeats; DRBD's connection lives (F12)."""
    loss: float = 0.0
    slow: float = 0.0
    late: float = 0.0
    """Seconds that every message waits in a buffer on the way."""
    twice: float = 0.0
    damage: float = 0.0

    held: list[Callable[[], None]] | None = None
    """What somebody on the way has kept back, None while nobody does (F81)."""
    holder: str = ""
    """Whose messages are kept back."""
    flushed: float = 0.0
    """What was sent before this time and is still on its way is thrown away."""

    def heal(self, now: float) -> None:
        """As good as new, with empty buffers."""
        self.flushed = now
        self.cut.clear()
        self.blocked = False
        self.loss = self.slow = self.late = self.twice = self.damage = 0.0
        self.held = None

    @property
    def whole(self) -> bool:
        """A TCP connection can live on it."""
        return not self.cut and self.loss < 0.9


class Network:
    """All links of the cluster."""

    def __init__(self, clock: Clock, setting: Setting, nodes: tuple[str, str]) -> None:
        self.clock, self.setting = clock, setting
        self.links = {name: Link(name) for name in setting.links}
        names = tuple(service.name for service in setting.services)
        self.wires = {
            one: Wire((KEY,), CLUSTER, one, other, names) for one, other in (nodes, nodes[::-1])
        }
        self.peer = {nodes[0]: nodes[1], nodes[1]: nodes[0]}
        self.receive: dict[str, Receive] = {}
        self.old: dict[str, list[tuple[Message, float]]] = {node: [] for node in nodes}
        self._said: dict[str, tuple[Message, float]] = {}
        self.dropped = 0

    def send(self, sender: str, message: Message) -> None:
        """Send over every link; each copy has its own fate."""
        if sender == self.setting.older:
            message = _older(message)
        frame = self._frame(sender, message)
        if frame is not None:
            message = self._read(self.peer[sender], frame)
        clock = self.clock
        deliver = partial(self._arrive, self.receive[self.peer[sender]], message, clock.now)
        for link in self.links.values():
            if sender in link.cut or link.blocked or clock.chance(link.loss):
                continue
            if clock.chance(link.damage):
                self.garble(sender, message)
                continue
            if link.held is not None and link.holder == sender:
                link.held.append(partial(deliver, link))
                del link.held[: -REORDER - 1]
                continue
            delay = 0.0002 + 0.002 * clock.draw() + link.late
            if link.slow:
                delay += clock.between(0, link.slow)
            clock.after(delay, partial(deliver, link))
            if clock.chance(link.twice):
                clock.after(delay + clock.between(0, 1), partial(deliver, link))

    def _arrive(self, deliver: Receive, message: Message, sent: float, link: Link) -> None:
        if sent >= link.flushed:
            deliver(link.name, message, sent)

    def hold_back(self, link: Link, sender: str, every_s: float) -> None:
        """F81: the last that count are kept back, and let go one by one."""
        link.held, link.holder = [], sender

        def let_go() -> None:
            if link.held is not None:
                if link.held:
                    link.held.pop(0)()
                self.clock.after(every_s, let_go)

        self.clock.after(every_s, let_go)

    def replay(self, sender: str) -> None:
        """F19: what was heard long ago is sent once more, signed and all."""
        for message, sent in self.old[sender]:
            for link in self.links.values():
                if sender not in link.cut:
                    self.receive[self.peer[sender]](link.name, message, sent)

    def repeat(self, sender: str) -> None:
        """F18: the last words of a node come once more, from a loop in the network."""
        for link in self.links.values():
            self.receive[self.peer[sender]](link.name, *self._said[sender])

    def garble(self, sender: str, message: Message) -> None:
        """F19: a damaged frame, one of another key, one of another cluster: all are refused."""
        frame = bytearray(self.wires[sender].encode(message))
        frame[int(self.clock.draw() * len(frame))] ^= 1 << int(self.clock.draw() * 8)
        foreign = replace(message, cluster="other")
        for bad in (
            bytes(frame),
            Wire((b"x" * 32,), CLUSTER, sender, self.peer[sender], ()).encode(message),
            self.wires[sender].encode(foreign),
        ):
            try:
                self.wires[self.peer[sender]].decode(bad)
            except WireError:
                self.dropped += 1
            else:
                raise Violation("F19", "a damaged or foreign frame passed for a sign of life")

    def _frame(self, sender: str, message: Message) -> bytes | None:
        before = self._said.get(sender)
        self._said[sender] = (message, self.clock.now)
        told = before is not None and before[0].services == message.services
        if told and message.sequence % SAMPLE:
            return None
        old = self.old[sender]
        if len(old) < KEPT:
            old.append(self._said[sender])
        else:
            old[int(self.clock.draw() * KEPT)] = self._said[sender]
        frame = self.wires[sender].encode(message)
        return _newer(frame) if sender == self.setting.newer else frame

    def _read(self, receiver: str, frame: bytes) -> Message:
        try:
            return self.wires[receiver].decode(frame)
        except Stranger as stranger:
            return stranger.message  # its core may only learn that somebody speaks (F80)
        except WireError as error:
            raise Violation("F63", f"a good frame was refused: {error}") from None


def _older(message: Message) -> Message:
    """What reaches a peer from a version that did not know the youngest fields.

    What it has heard, the first version of the frame says already.
    """
    services = tuple(replace(report, score=0, clear=0, cleared=0) for report in message.services)
    return replace(
        message,
        services=services,
        reach=Reach.UNKNOWN,
        maintenance=None,
        standby=None,
        peer_standby=None,
    )


def _newer(frame: bytes) -> bytes:
    """The same message as a later version would say it: with what nobody here knows."""
    head, (counts, who, hears, reports, *rest) = frame[:HEADER_BYTES], read_pieces(frame[OVERHEAD:])
    longer = [report + b"\x00" * (11 - len(read_numbers(report[KEY_BYTES:]))) + b"\x07\x08"
              for report in read_pieces(reports)]  # fmt: skip
    counts += b"\x00" * (10 - len(read_numbers(counts))) + b"\x05"
    rest = [*rest, b""][:1]
    body = pieces([counts, who + pieces([b"new"]), hears, pieces(longer), *rest, b"new"])
    return head + hmac.digest(KEY, head + body, "sha256") + body
