# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A copy that goes on when whoever asked for it is gone, and that the next run finds again."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from .places import Failed

SCRIPT = 'out=$1 rc=$2; shift 2; "$@" >"$out" 2>&1; echo $? >"$rc.new"; mv "$rc.new" "$rc"'
TAIL = 4096
POLL_S = 0.2


class Job:
    """One command, with what it prints and how it ended, below a directory."""

    def __init__(self, home: Path, name: str) -> None:
        stem = home / name.strip("/").replace("/", "_")
        self._out, self._rc, self._pid = (Path(f"{stem}.{e}") for e in ("out", "rc", "pid"))

    def begin(self, argv: Sequence[str]) -> None:
        """Run the command, below everything else that the host does."""
        self.forget()
        self._out.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        gently = ["nice", "-n", "10", "ionice", "-c", "2", "-n", "7"]
        child = subprocess.Popen(
            ["/bin/sh", "-c", SCRIPT, "copy", str(self._out), str(self._rc), *gently, *argv],
            cwd="/",
            env={**os.environ, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._pid.write_text(f"{child.pid} {_began(child.pid)}\n", encoding="ascii")

    @property
    def running(self) -> bool:
        """Whether it has not ended. One that a boot has ended counts as never begun."""
        if self.code is not None:
            return False
        try:
            pid, began = self._pid.read_text(encoding="ascii").split()
        except (OSError, ValueError):
            return False
        return began != "" and _began(int(pid)) == began

    @property
    def code(self) -> int | None:
        """Its exit status, None until it has ended."""
        try:
            return int(self._rc.read_text(encoding="ascii"))
        except (OSError, ValueError):
            return None

    @property
    def said(self) -> str:
        """The end of what it printed."""
        try:
            return self._out.read_bytes()[-TAIL:].decode("utf-8", "replace")
        except OSError:
            return ""

    def wait(self, seconds: float) -> None:
        """Until it has ended, for so long at most."""
        end = time.monotonic() + seconds
        while self.running and time.monotonic() < end:
            time.sleep(POLL_S)

    def forget(self) -> None:
        """Nothing of it stays."""
        for path in (self._out, self._rc, self._pid):
            path.unlink(missing_ok=True)

    def judged(self, what: str) -> None:
        """Raise Failed unless it ended well; the next run begins it again then."""
        if self.code == 0:
            return
        said = " ".join(self.said.split())[-400:]
        self.forget()
        raise Failed(
            f"{what} failed: {said} The old service runs on; run it again when the reason is gone."
        )


def _began(pid: int) -> str:
    """When a process began, in ticks since the boot; "" if there is none."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return text.rpartition(")")[2].split()[19]
