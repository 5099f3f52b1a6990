# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster as a picture: nodes, links, services where they run, DRBD, fence devices.

Colour never stands alone: a broken link is dashed, and every state is also a word.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from .reading import flag, listing, mapping, others, text, texts
from .words import Speech

WIDTH, NODE, TOP, ROW = 440, 130, 8, 24
LEFT, RIGHT = TOP, WIDTH - NODE - TOP
COLUMNS, DEVICE_ROWS = 3, 2
"""Nodes and devices beside each other, and rows of devices that are drawn."""
MOST = 8
"""Services that are drawn. A phone shows no more."""
TONES = {
    "running": "good", "up": "good", "ok": "good", "alive": "good", "starting": "warn",
    "stopping": "warn", "one-way": "warn", "suspect": "warn", "unknown": "quiet", "gone": "quiet",
    "unseen": "quiet", "stopped": "quiet",
}  # fmt: skip
"""By the daemon's word; what is not here is bad."""


WRITING = ("Promoted", "Master")
"""What an engine calls the role of the copy that is written to."""


def tone(word: str) -> str:
    """How good a state is: good, warn, bad or quiet."""
    return TONES.get(word, "bad")


def svg(status: Mapping[str, Any], say: Speech, mark: str = "") -> str:
    """The picture, with a description for those who cannot see it; picture.css gives it its look.

    mark: makes its ids unique where there are several.
    """
    drawn = _Drawing(status, say)
    drawn.links()
    drawn.replication()
    drawn.nodes()
    drawn.homeless()
    drawn.devices()
    return drawn.result(mark)


class _Drawing:
    """Two nodes have their links between them; more of them have their links below."""

    def __init__(self, status: Mapping[str, Any], say: Speech) -> None:
        self._status, self._say = status, say
        self._parts: list[str] = []
        self._said: list[str] = []
        self._own = text(status, "node")
        self._lives = {text(one, "name"): text(one, "life") for one in others(status)}
        # Every node draws the same picture.
        self._names = sorted({self._own, *self._lives})
        self._pair = len(self._names) == 2
        if self._pair:
            self._said.append(say("picture-says", *self._names))
        else:
            self._said.append(say("picture-nodes", ", ".join(self._names)))
        services = listing(status, "services")
        self._services, self._left_out = services[:MOST], len(services) - MOST
        self._links = listing(status, "links")
        self._middle = TOP + 20
        self._places = self._placed()
        self._bottom = max(y + height for _x, y, height in self._places.values()) + 10
        self._height = self._bottom

    def _placed(self) -> dict[str, tuple[int, int, int]]:
        """Where the box of each node begins, and how high it is."""
        counts = {
            name: sum(text(one, "owner") == name for one in self._services) for name in self._names
        }
        if self._pair:
            copies = sum(bool(_copied(one)) for one in self._services)
            rows = max(*(count + 2 for count in counts.values()), len(self._links) + copies + 1)
            height = 10 + rows * ROW
            return dict(zip(self._names, ((LEFT, TOP, height), (RIGHT, TOP, height)), strict=True))
        places, y = {}, TOP
        for begin in range(0, len(self._names), COLUMNS):
            row = self._names[begin : begin + COLUMNS]
            height = 46 + ROW * max(1, *(counts[name] for name in row))
            for number, name in enumerate(row):
                places[name] = (LEFT + number * (RIGHT - LEFT) // (COLUMNS - 1), y, height)
            y += height + 12
        return places

    def links(self) -> None:
        """The heartbeat links, between two nodes or below more of them."""
        if not self._pair:
            self._middle = self._bottom
        for link in self._links:
            state, name = text(link, "state"), text(link, "name")
            word = self._say(f"link-{state}")
            self._line(tone(state), f"{name}: {word}")
            self._said.append(self._say("picture-link", name, word))
        if not self._pair:
            self._height = self._bottom = self._middle

    def replication(self) -> None:
        """From which node to which the writes go, and how."""
        if not self._pair:
            return
        for service in self._services:
            found, name = _copied(service), text(service, "name")
            if not found:
                continue
            if mapping(service, "disk"):
                word, writers, connection = self._disk(found)
            else:
                word, writers, connection = self._roles(found)
            source = writers[0] if writers else self._own
            arrow = "" if len(writers) != 1 else "right" if source == self._names[0] else "left"
            self._line(word, f"{name}: DRBD {connection}", arrow)
            self._said.append(
                self._say("picture-copies", name, source, self._other(source), connection)
            )

    def _disk(self, disk: Mapping[str, Any]) -> tuple[str, list[str], str]:
        """How good it is, the nodes that write, and the connection, as one of them sees it."""
        connection = text(disk, "connection")
        both = text(disk, "disk") == text(disk, "peer_disk") == "UpToDate"
        linked = connection not in ("", "Unknown", "StandAlone", "WFConnection", "Connecting")
        sides = ((self._own, "role"), (self._other(self._own), "peer_role"))
        writers = [node for node, role in sides if text(disk, role) == "Primary"]
        return "good" if both and linked else "warn" if linked else "bad", writers, connection

    def _roles(self, copies: Mapping[str, Any]) -> tuple[str, list[str], str]:
        """The same of an engine that knows whether the data of each copy are good."""
        good = [node for node in self._names if flag(mapping(copies, node), "good")]
        writers = [node for node in self._names if text(mapping(copies, node), "role") in WRITING]
        word = self._say("copy-good" if len(good) == len(self._names) else "copy-bad")
        return "good" if len(good) == len(self._names) else "warn" if good else "bad", writers, word

    def _other(self, name: str) -> str:
        return self._names[1] if name == self._names[0] else self._names[0]

    def _line(self, word: str, label: str, arrow: str = "") -> None:
        y, begin, end = self._middle + 14, LEFT, RIGHT + NODE
        if self._pair:
            begin, end = LEFT + NODE, RIGHT
        self._parts.append(
            f'<line class="line {word}" x1="{begin + 4}" y1="{y}" x2="{end - 4}" y2="{y}"/>'
        )
        if arrow:
            tip, back = (end - 2, end - 12) if arrow == "right" else (begin + 2, begin + 12)
            self._parts.append(f'<path class="tip {word}" d="M{tip} {y}L{back} {y - 5}V{y + 5}Z"/>')
        self._text(WIDTH // 2, y - 6, label, "small", middle=True, room=25 if self._pair else 60)
        self._middle += ROW

    def nodes(self) -> None:
        """The nodes, with the services that run there."""
        for name, (x, top, height) in self._places.items():
            here = name == self._own
            life = "alive" if here else self._lives[name]
            word = self._say("this-node") if here else self._say(f"life-{life}")
            if life == "alive" and name in texts(self._status, "standby"):
                word = self._say("standby-mode")
            self._box(x, top, NODE, height, f"node {tone(life)}")
            self._text(x + 10, top + 20, name, "name", room=14)
            self._text(x + 10, top + 36, word, "small", room=22)
            y = top + 46
            for service in self._services:
                if text(service, "owner") == name:
                    self._service(service, x + 8, y, NODE - 16)
                    y += ROW

    def _service(self, service: Mapping[str, Any], x: int, y: int, width: int) -> None:
        name, state = text(service, "name"), text(service, "state")
        word = self._say(f"state-{state}")
        self._box(x, y, width, ROW - 4, f"service {tone(state)}")
        self._text(x + 6, y + 14, f"{name}: {word}", "small", room=20)
        where = text(service, "owner") or self._say("nowhere")
        self._said.append(self._say("picture-service", name, word, where))

    def homeless(self) -> None:
        """Services that run nowhere, below the nodes."""
        y = self._bottom
        for service in self._services:
            if text(service, "owner") not in self._names:
                self._service(service, WIDTH // 2 - 90, y, 180)
                y += ROW
        if self._left_out > 0:
            self._text(WIDTH // 2, y + 12, self._say("more", self._left_out), "small", middle=True)
            y += ROW
        self._height = y

    def devices(self) -> None:
        """The fence devices; that of a pair has a line to the node that it can switch off."""
        devices = listing(self._status, "exclusion")[: COLUMNS * DEVICE_ROWS]
        width = (WIDTH - 16) // COLUMNS - 8
        for number, device in enumerate(devices):
            row, column = divmod(number, COLUMNS)
            x, y = LEFT + column * (width + 12), self._height + 22 + row * 48
            name, state = text(device, "name"), text(device, "last")
            word = self._say(f"device-{state}")
            target = text(mapping(self._status, "peer"), "name")
            if row == 0 and target in self._places:
                self._parts.append(
                    f'<path class="line thin {tone(state)}" d="M{x + width // 2} {y}V{y - 8}'
                    f'H{self._places[target][0] + NODE // 2}V{self._bottom - 10}"/>'
                )
            self._box(x, y, width, 40, f"device {tone(state)}")
            self._text(x + 8, y + 16, name, "small", room=20)
            self._text(x + 8, y + 31, word, "small", room=20)
            self._said.append(self._say("picture-device", name, word))
        if devices:
            self._height += 22 + 48 * -(-len(devices) // COLUMNS)

    def _box(self, x: int, y: int, width: int, height: int, kind: str) -> None:
        self._parts.append(
            f'<rect class="{kind}" x="{x}" y="{y}" width="{width}" height="{height}" rx="6"/>'
        )

    def _text(
        self, x: int, y: int, said: str, kind: str, *, middle: bool = False, room: int = 60
    ) -> None:
        """room: characters that fit; wide ones, as of Japanese, count twice."""
        anchor = ' text-anchor="middle"' if middle else ""
        self._parts.append(
            f'<text class="{kind}" x="{x}" y="{y}"{anchor}>{escape(_fitting(said, room))}</text>'
        )

    def result(self, mark: str) -> str:
        """The whole picture."""
        described = " ".join(self._said)
        if flag(self._status, "maintenance"):
            described = f"{self._say('maintenance')} {described}"
        title = self._say("picture")
        return (
            f'<svg class="cluster" viewBox="0 0 {WIDTH} {self._height}" role="img"'
            f' aria-labelledby="picture-title{mark} picture-text{mark}">'
            f'<title id="picture-title{mark}">{escape(title)}</title>'
            f'<desc id="picture-text{mark}">{escape(described)}</desc>{"".join(self._parts)}</svg>'
        )


def _copied(service: Mapping[str, Any]) -> Mapping[str, Any]:
    """The replicated disk of a service, empty if it has none."""
    return mapping(service, "disk") or mapping(service, "copies")


def _fitting(said: str, room: int) -> str:
    used = 0
    for index, character in enumerate(said):
        used += 2 if ord(character) > 0x2E80 else 1
        if used > room:
            return said[: max(0, index - 1)] + "…"
    return said
