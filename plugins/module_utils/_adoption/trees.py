# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A directory moves: copies of it while it is written, the last difference when nobody writes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from . import places
from .job import Job
from .places import Failed

COMMAND = ("rsync", "-aHAX", "--numeric-ids", "--delete")
VANISHED = 24
"""Exit status of rsync for files that went while it copied; the last copy settles that."""
PERCENT = re.compile(r"(\d+)%")


class Tree:
    """A directory, with the places that the plan gave it."""

    def __init__(self, told: Mapping[str, str], home: Path) -> None:
        """told: source, copy and top."""
        self.source, self.copy = told["source"], told["copy"]
        self._top, name = told["top"], told["source"]
        self._first, self._second = Job(home, f"first-{name}"), Job(home, f"second-{name}")

    def follow(self, seconds: float) -> tuple[bool, str]:
        """Copy it, then what has changed meanwhile; whether that is done, and a sentence."""
        places.parents(self.copy, self._top)
        for job, more in ((self._first, ()), (self._second, ("--checksum",))):
            if job.code is None and not job.running:
                job.begin([*COMMAND, *more, "--info=progress2", f"{self.source}/", f"{self.copy}/"])
            job.wait(seconds)
            if job.running:
                found = PERCENT.findall(job.said)
                much = f"{found[-1]} %" if found else "it begins"
                return False, f"{self.source}: {'comparing' if more else 'first copy'}, {much}"
            if job.code != VANISHED:
                job.judged(f"The copy of {self.source}")
        return True, f"{self.source}: its copy was compared."

    def complete(self) -> float:
        """Copy the last difference, compared by content, while nobody writes; the seconds of it."""
        began = time.monotonic()
        done = subprocess.run(
            [*COMMAND, "--checksum", f"{self.source}/", f"{self.copy}/"],
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            env={**os.environ, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
        )
        if done.returncode != 0:
            said = " ".join((done.stderr or done.stdout).split())[-400:]
            raise Failed(f"{self.source}: the last copy failed: {said}")
        return round(time.monotonic() - began, 1)

    def forget(self) -> None:
        """The next move copies anew."""
        self._first.forget()
        self._second.forget()


def linked(path: str, target: str) -> None:
    """A link stands in the place of a directory, which is kept beside it."""
    if os.path.islink(path) and os.readlink(path) == target:
        return
    kept = path + places.KEPT
    if os.path.lexists(path):
        if os.path.lexists(kept):
            raise Failed(f"{kept}: is there already, so {path} cannot be kept under that name.")
        os.rename(path, kept)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    os.symlink(target, path)


def unlinked(path: str, target: str, back: str = "") -> None:
    """The directory is in its place again: what was kept, or what was copied back."""
    if os.path.islink(path) and os.readlink(path) == target:
        os.unlink(path)
    origin = back or path + places.KEPT
    if not os.path.lexists(path) and os.path.isdir(origin):
        os.rename(origin, path)


def removed(path: str) -> bool:
    """A directory that was kept is gone; whether it was there."""
    if not path.endswith((places.KEPT, places.COPYING)) or not os.path.isdir(path):
        return False
    shutil.rmtree(path)
    return True
