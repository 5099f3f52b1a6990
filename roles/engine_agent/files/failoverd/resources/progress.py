# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The progress of a start (F77): crash recovery may take longer than any limit.

MariaDB and others send their status to systemd (sd_notify, STATUS=). PostgreSQL shows in the title
of its startup process which segment of its log it replays. While it synchronises its files before,
the kernel shows which file it has open.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from pathlib import Path

from failoverd.system import kernel

STARTUP = re.compile(r"postgres: (?:.*: )?startup\b *(.*)")
WORKS = re.compile(r"postgres: (?:.*: )?(?:startup|checkpointer|background writer)\b")
"""The processes of a recovery: at its end the checkpointer writes the replayed data."""
COUNTERS = (b"rchar", b"wchar", b"read_bytes", b"write_bytes")


@dataclass(frozen=True)
class Progress:
    """The progress of a start. mark differs from the last one after any progress."""

    text: str
    mark: Hashable


def of(pids: Iterable[int], told: str, proc: str | Path = "/proc") -> Progress | None:
    """The progress of a unit by its status or its processes; None if it tells nothing."""
    found = list(filter(None, (_postgres(pid, proc) for pid in pids)))
    texts = [text for text, _mark in found if text]
    text = next(iter(texts), "") or told
    if not found and not told:
        return None
    return Progress(text or "recovery", (told, tuple(mark for _text, mark in found)))


def _postgres(pid: int, proc: str | Path) -> tuple[str, Hashable] | None:
    """The activity of a process of PostgreSQL, and a mark that changes while it works."""
    try:
        title = kernel.read(f"{proc}/{pid}/cmdline").rstrip(b"\0 ").decode(errors="replace")
        if not WORKS.match(title):
            return None
        files = _files(pid, proc)
    except OSError:
        # It has just ended.
        return None
    work = _work(pid, proc)
    startup = STARTUP.match(title)
    if startup is None:
        return "", (pid, work)
    at = f": {files[-1]}" if files else ""
    text = startup[1] or f"reading its files{at}"
    return f"recovery: {text}", (pid, title, work, tuple(files))


def _work(pid: int, proc: str | Path) -> tuple[bytes, ...]:
    """Bytes that it has read and written, if this kernel counts them."""
    try:
        lines = kernel.read(f"{proc}/{pid}/io").splitlines()
    except OSError:
        return ()
    return tuple(line for line in lines if line.partition(b":")[0] in COUNTERS)


def _files(pid: int, proc: str | Path) -> list[str]:
    """The files below its data directory that it has open."""
    own = Path(proc, str(pid))
    home = f"{(own / 'cwd').readlink()}/"
    links = [str(entry.readlink()) for entry in (own / "fd").iterdir()]
    return sorted(link.removeprefix(home) for link in links if link.startswith(home))
