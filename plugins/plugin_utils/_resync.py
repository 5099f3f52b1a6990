# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a resync or verification of DRBD is, for people who wait for its end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

APART_S = 60.0
"""For so long the copies may be apart before nobody waits any longer."""
ENOUGH = 2
"""Looks in succession at which nothing is under way."""
QUIET_S = 60.0
"""After so long a line is shown though nothing has changed."""
KINDS = {"VerifyS": "verification", "VerifyT": "verification"}
APART = ("StandAlone", "WFConnection", "Unconnected", "Timeout", "BrokenPipe", "NetworkFailure")


class Wait:
    """Looks at one device until its copies are connected and nothing is under way."""

    def __init__(self, name: str, host: str) -> None:
        self._where = f"{name} on {host}"
        self._apart: float | None = None
        """Since when the copies are not connected."""
        self._idle = 0
        self._shown = ("", 0.0)
        self.over = False
        self.problem = ""

    def look(self, device: Mapping[str, Any], now: float) -> str:
        """Take in a look at a time in seconds; return a line to show, "" for none."""
        connection = device["state"]["connection"]
        # What was just ordered may not have begun yet.
        self._idle = self._idle + 1 if connection == "Connected" else 0
        self.over = self._idle >= ENOUGH
        if connection in APART:
            self._apart = now if self._apart is None else self._apart
            if now - self._apart >= APART_S:
                self.over = True
                self.problem = (
                    f"{self._where}: the copies are not connected ({connection}) for"
                    f" {now - self._apart:.0f} s; mend the link, and run this again."
                )
        else:
            self._apart = None
        return "" if self.over or self._idle else self._told(connection, device, now)

    def _told(self, connection: str, device: Mapping[str, Any], now: float) -> str:
        line = f"{self._where}: {connection}"
        if device["percent"] is not None:
            line = f"{self._where}: {KINDS.get(connection, 'resync')} {device['percent']:g} % done"
        if device["left_s"] is not None:
            line += f", about {span(device['left_s'])} left"
        if connection.startswith("PausedSync"):
            line += " (it pauses for another resync)"
        before, at = self._shown
        if line == before and now - at < QUIET_S:
            return ""
        self._shown = (line, now)
        return line


def span(seconds: float) -> str:
    """A duration for people."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def size(count: float) -> str:
    """A number of bytes for people."""
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if count < 1024 or unit == "GiB":
            return f"{count:.1f} {unit}" if unit != "bytes" and count % 1 else f"{count:.0f} {unit}"
        count /= 1024
    return ""
