# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The network of the simulated world: links that lose, delay, duplicate and cut, each direction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from failoverd.core.message import Message

from .clock import Clock


@dataclass
class Link:
    """One path between the nodes. Directions are named by the sending node."""

    name: str
    cut: set[str] = field(default_factory=set)
    loss: float = 0.0
    slow: float = 0.0
    twice: float = 0.0

    def carries(self, sender: str) -> bool:
        """Nothing is cut in this direction."""
        return sender not in self.cut

    def whole(self) -> bool:
        """A TCP connection can live on it."""
        return not self.cut


class Network:
    """All links of the cluster."""

    def __init__(self, clock: Clock, names: tuple[str, ...]) -> None:
        self.clock = clock
        self.links = {name: Link(name) for name in names}

    def send(self, sender: str, message: Message, deliver: Callable[[str, Message], None]) -> None:
        """Send over every link; each copy has its own fate."""
        for link in self.links.values():
            copies = 2 if self.clock.chance(link.twice) else 1
            for _round in range(copies):
                if not link.carries(sender) or self.clock.chance(link.loss):
                    continue
                delay = self.clock.between(0.0002, 0.002) + self.clock.between(0, link.slow)
                self.clock.after(delay, partial(deliver, link.name, message))
