# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the journal of a node still knows of a moment: each link's last heartbeat, and its disks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from failoverd.formats.strictjson import JsonError, loads
from failoverd.journal.ended import HEAD_BYTES
from failoverd.journal.segments import segments

MARKS = (b'"l":', b'"Heard"', b'"DiskChanged"')
MAX_LINE = 16 << 20


@dataclass(frozen=True)
class Sight:
    """One thing that the journal tells, at a Unix time."""

    time: float
    text: str
    service: str = ""


def heartbeats(directory: Path, begin: float, end: float) -> list[Sight]:
    """Each link's last heartbeat before end, and what the disks said between. Raises OSError."""
    heard: dict[str, float] = {}
    disks: list[Sight] = []
    for at, entry in _inputs(directory, begin, end):
        said = entry.get("e")
        event = said if isinstance(said, dict) else {}
        kind = event.get("$")
        link = entry.get("l") or (event.get("link") if kind == "Heard" else None)
        if isinstance(link, str):
            heard[link] = at
        elif kind == "DiskChanged" and at >= begin:
            disks += _disk(at, event)
    last = [Sight(at, f"the last heartbeat over the link {link}") for link, at in heard.items()]
    return sorted([*last, *disks], key=lambda sight: sight.time)


def _disk(at: float, event: dict[str, Any]) -> list[Sight]:
    disk, service = event.get("disk"), event.get("service")
    if not isinstance(disk, dict) or not isinstance(service, str):
        return []
    pair = f"{disk.get('disk', '?')}/{disk.get('peer_disk', '?')}"
    frozen = ", I/O frozen" if disk.get("suspended") else ""
    text = f"drbd of {service}: {disk.get('connection', '?')}, {pair}{frozen}"
    return [Sight(at, text, service)]


def _inputs(directory: Path, begin: float, end: float) -> Iterator[tuple[float, dict[str, Any]]]:
    """The inputs of the marked kinds before end, of segments that reach beyond begin."""
    paths = segments(directory)
    starts = [_start(path) for path in paths]
    for index, (path, start) in enumerate(zip(paths, starts, strict=True)):
        later = [each for each in starts[index + 1 :] if each is not None]
        if start is None or start[1] > end or (later and later[0][1] < begin):
            continue
        with path.open("rb") as file:
            while line := file.readline(MAX_LINE):
                if not any(mark in line for mark in MARKS):
                    continue
                entry = _object(line)
                t = entry.get("t")
                if isinstance(t, int | float) and "head" not in entry:
                    at = start[1] + t - start[0]
                    if at <= end:
                        yield at, entry


def _start(path: Path) -> tuple[float, float] | None:
    """Monotonic and Unix time at the begin of a segment."""
    with path.open("rb") as file:
        head = _object(file.readline(HEAD_BYTES))
    t, wall = head.get("t"), head.get("wall")
    if not isinstance(t, int | float) or not isinstance(wall, int | float):
        return None
    return float(t), float(wall)


def _object(line: bytes) -> dict[str, Any]:
    try:
        value = loads(line, halves=True)
    except JsonError:
        return {}
    return value if isinstance(value, dict) else {}
