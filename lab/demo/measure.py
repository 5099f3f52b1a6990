# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the measuring client in the lab, and reads its records."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

from lab.client.app import PASSWORD_VARIABLE
from lab.client.gaps import is_steady
from lab.client.recording import Follower
from lab.demo.playbook import CHECKOUT
from lab.errors import LabError


class Namespace(Protocol):
    """The part of a lab that the client needs."""

    def run_in(self, argv: list[str], **popen: Any) -> subprocess.Popen[Any]:
        """Start a program on the client's side of the lab's network."""


@dataclass
class Served:
    """Monotonic times of what was acknowledged, and the outcome of each row."""

    rows: list[float] = field(default_factory=list)
    pages: list[float] = field(default_factory=list)
    numbers: dict[int, float] = field(default_factory=dict)
    """Row number -> time of its acknowledgement."""
    sessions_lost: list[float] = field(default_factory=list)

    def add(self, records: Sequence[dict[str, Any]]) -> None:
        """Take further records."""
        for record in records:
            kind, outcome, mono = record["kind"], record.get("outcome"), record["mono"]
            if kind == "row" and outcome == "ack":
                self.rows.append(mono)
                self.numbers[record["number"]] = mono
            elif kind == "page" and outcome == "ok":
                self.pages.append(mono)
            elif kind == "session" and outcome == "lost":
                self.sessions_lost.append(mono)


class ClientProcess:
    """Runs the client and follows its record file."""

    def __init__(self, lab: Namespace, out: Path, options: Sequence[str], password: str) -> None:
        self.served = Served()
        self._pages = ("--path", "") not in pairwise(options)
        self._follower = Follower(out)
        out.unlink(missing_ok=True)
        self._log = out.with_suffix(".log")
        with self._log.open("w", encoding="utf-8") as log:
            self._child = lab.run_in(
                [sys.executable, "-m", "lab.client", "--out", str(out), *options],
                cwd=str(CHECKOUT),
                env={**os.environ, PASSWORD_VARIABLE: password},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def look(self) -> Served:
        """Take the new records.

        :raises LabError: the client has ended by itself.
        """
        self.served.add(self._follower.more())
        if self._child.poll() is not None:
            said = self._log.read_text(encoding="utf-8").strip()[-300:]
            raise LabError(f"the measuring client ended ({self._child.returncode}): {said}")
        return self.served

    def wait_steady(
        self, seconds: float, timeout: float, since: float = 0.0, longest_gap: float = 1.0
    ) -> bool:
        """Wait until rows, and pages if any are fetched, were served without a long gap.

        Only what was served after the monotonic time ``since`` counts: just after its node died a
        service still looks steady.
        """
        until = time.monotonic() + timeout
        while time.monotonic() < until:
            time.sleep(0.2)
            served, now = self.look(), time.monotonic()
            if now - seconds >= since and all(
                times
                and times[0] <= now - seconds
                and is_steady(times, now - seconds, now, longest_gap)
                for times in (served.rows, *([served.pages] if self._pages else []))
            ):
                return True
        return False

    def finish(self, timeout: float = 120.0) -> dict[str, Any]:
        """End the client; returns its summary after it has read the table.

        :raises LabError: it does not end or has nothing to say.
        """
        try:
            output, _errors = self._child.communicate(timeout=timeout)
        except subprocess.TimeoutExpired as error:
            self.kill()
            raise LabError(f"the measuring client did not end within {timeout:.0f} s") from error
        self.served.add(self._follower.more())
        try:
            summary: dict[str, Any] = json.loads(output.splitlines()[-1])
        except (IndexError, ValueError) as error:
            raise LabError("the measuring client ended without a summary") from error
        return summary

    def kill(self) -> None:
        """End the client without a summary; nothing happens when it has ended."""
        if self._child.poll() is None:
            self._child.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(5.0)
        for pipe in (self._child.stdin, self._child.stdout):
            if pipe is not None:
                pipe.close()
