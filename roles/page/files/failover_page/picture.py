# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster as a picture: nodes, links, services where they run, DRBD, fence devices.

Colour never stands alone: a broken link is dashed, and every state is also a word.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from .reading import flag, listing, mapping, text, texts
from .words import Speech

WIDTH, NODE, TOP, ROW = 440, 130, 8, 24
LEFT, RIGHT = TOP, WIDTH - NODE - TOP
MOST = 8
"""Services that are drawn. A phone shows no more."""
TONES = {
    "running": "good", "up": "good", "ok": "good", "alive": "good", "starting": "warn",
    "stopping": "warn", "one-way": "warn", "suspect": "warn", "unknown": "quiet", "gone": "quiet",
    "unseen": "quiet", "stopped": "quiet",
}  # fmt: skip
"""By the daemon's word; what is not here is bad."""


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
    def __init__(self, status: Mapping[str, Any], say: Speech) -> None:
        self._status, self._say = status, say
        self._parts: list[str] = []
        self._said: list[str] = []
        own, peer = text(status, "node"), text(mapping(status, "peer"), "name")
        self._own = own
        # Both nodes draw the same picture.
        self._names = sorted((own, peer))
        self._said.append(say("picture-says", *self._names))
        services = listing(status, "services")
        self._services, self._left_out = services[:MOST], len(services) - MOST
        counts = [sum(text(s, "owner") == name for s in self._services) for name in self._names]
        copies = sum(bool(mapping(s, "disk")) for s in self._services)
        links = len(listing(status, "links"))
        self._middle = TOP + 20
        rows = max(max(counts) + 2, links + copies + 1)
        self._bottom = TOP + 20 + rows * ROW
        self._height = self._bottom

    def links(self) -> None:
        """The heartbeat links, between the nodes."""
        for link in listing(self._status, "links"):
            state, name = text(link, "state"), text(link, "name")
            word = self._say(f"link-{state}")
            self._line(tone(state), f"{name}: {word}")
            self._said.append(self._say("picture-link", name, word))

    def replication(self) -> None:
        """From which node to which the writes go, and how."""
        for service in self._services:
            disk = mapping(service, "disk")
            if not disk:
                continue
            own, name = text(disk, "role") == "Primary", text(service, "name")
            peer = text(disk, "peer_role") == "Primary"
            connection = text(disk, "connection")
            both = text(disk, "disk") == text(disk, "peer_disk") == "UpToDate"
            linked = connection not in ("", "Unknown", "StandAlone", "WFConnection", "Connecting")
            word = "good" if both and linked else "warn" if linked else "bad"
            source = self._own if own or not peer else self._other(self._own)
            arrow = "" if own == peer else "right" if source == self._names[0] else "left"
            self._line(word, f"{name}: DRBD {connection}", arrow)
            self._said.append(
                self._say("picture-copies", name, source, self._other(source), connection)
            )

    def _other(self, name: str) -> str:
        return self._names[1] if name == self._names[0] else self._names[0]

    def _line(self, word: str, label: str, arrow: str = "") -> None:
        y, begin, end = self._middle + 14, LEFT + NODE, RIGHT
        self._parts.append(
            f'<line class="line {word}" x1="{begin + 4}" y1="{y}" x2="{end - 4}" y2="{y}"/>'
        )
        if arrow:
            tip, back = (end - 2, end - 12) if arrow == "right" else (begin + 2, begin + 12)
            self._parts.append(f'<path class="tip {word}" d="M{tip} {y}L{back} {y - 5}V{y + 5}Z"/>')
        self._text(WIDTH // 2, y - 4, label, "small", middle=True, room=29)
        self._middle += ROW

    def nodes(self) -> None:
        """Both nodes, with the services that run there."""
        peer = mapping(self._status, "peer")
        for name, x in zip(self._names, (LEFT, RIGHT), strict=True):
            here = name == self._own
            life = "alive" if here else text(peer, "life")
            word = self._say("this-node") if here else self._say(f"life-{life}")
            if name in texts(self._status, "standby"):
                word = f"{word}, {self._say('standby-mode')}"
            self._box(x, TOP, NODE, self._bottom - TOP - 10, f"node {tone(life)}")
            self._text(x + 10, TOP + 20, name, "name", room=14)
            self._text(x + 10, TOP + 36, word, "small", room=22)
            y = TOP + 46
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
        """The fence devices, each with a line to the node that it can switch off."""
        devices = listing(self._status, "exclusion")[:3]
        if not devices:
            return
        y = self._height + 22
        peer_x = LEFT if self._other(self._own) == self._names[0] else RIGHT
        width = (WIDTH - 16) // 3 - 8
        for number, device in enumerate(devices):
            x = LEFT + number * (width + 12)
            name, state = text(device, "name"), text(device, "last")
            word = self._say(f"device-{state}")
            self._parts.append(
                f'<path class="line thin {tone(state)}" d="M{x + width // 2} {y}V{y - 8}'
                f'H{peer_x + NODE // 2}V{self._bottom - 10}"/>'
            )
            self._box(x, y, width, 40, f"device {tone(state)}")
            self._text(x + 8, y + 16, name, "small", room=20)
            self._text(x + 8, y + 31, word, "small", room=20)
            self._said.append(self._say("picture-device", name, word))
        self._height = y + 48

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


def _fitting(said: str, room: int) -> str:
    used = 0
    for index, character in enumerate(said):
        used += 2 if ord(character) > 0x2E80 else 1
        if used > room:
            return said[: max(0, index - 1)] + "…"
    return said
