# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What outlives the daemon: the modes, what it held in this boot."""

from __future__ import annotations

import contextlib
import json
import os
import time
from pathlib import Path
from typing import Any

from .core.codec import CodecError, from_json, to_json
from .core.modes import Modes

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def write_file(path: Path, text: str, *, durable: bool = False) -> None:
    """Replace a file in one step (0600). durable: also survives a loss of power."""
    temporary = path.with_name(f".{path.name}.new")
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.write(fd, text.encode())
        if durable:
            os.fsync(fd)
    finally:
        os.close(fd)
    temporary.replace(path)
    if durable:
        directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


class Store:
    """Which services this node holds, valid only within one boot (F31); the modes, for good."""

    def __init__(self, directory: Path, boot_id: Path = BOOT_ID) -> None:
        self._path = directory / "state.json"
        self._boot = boot_id.read_text(encoding="ascii").strip()
        self.problem = ""
        self._services: dict[str, dict[str, Any]] = {}
        self.modes = Modes()
        data: Any = {}
        with contextlib.suppress(OSError, ValueError):
            data = json.loads(self._path.read_text(encoding="utf-8"))
        with contextlib.suppress(CodecError, AttributeError):
            self.modes = from_json(Modes, data.get("modes", {}))
        with contextlib.suppress(ValueError, TypeError, LookupError, AttributeError):
            self._services = {
                str(name): {
                    "held": bool(entry["held"]) and data.get("boot") == self._boot,
                    "generation": int(entry["generation"]),
                    "since": float(entry.get("since", 0.0)),
                }
                for name, entry in data["services"].items()
            }

    def held(self, service: str) -> bool:
        """Whether this node started the service earlier in this boot."""
        return bool(self._services.get(service, {}).get("held"))

    def generation(self, service: str) -> int:
        """The last known generation of the service, 0 if none is."""
        return int(self._services.get(service, {}).get("generation", 0))

    def since(self, service: str) -> float:
        """Unix time at which this node took the service, 0 if it does not hold it."""
        entry = self._services.get(service, {})
        return float(entry.get("since", 0.0)) if entry.get("held") else 0.0

    def own(self, service: str, held: bool, generation: int) -> None:
        """Remember; a file that cannot be written is told in problem (F69)."""
        entry = {
            "held": held,
            "generation": max(generation, self.generation(service)),
            "since": (self.since(service) or time.time()) if held else 0.0,
        }
        if self._services.get(service) == entry and not self.problem:
            return
        self._services[service] = entry
        self._write()

    def keep(self, modes: Modes) -> None:
        """Remember the operator's modes. Not forced to the disk, which may hang (F44): the peer
        knows them too and says them again."""
        self.modes = modes
        self._write()

    def _write(self) -> None:
        data = {
            "format": 1,
            "boot": self._boot,
            "services": self._services,
            "modes": to_json(self.modes),
        }
        try:
            write_file(self._path, json.dumps(data))
            self.problem = ""
        except OSError as error:
            self.problem = f"{self._path}: {error.strerror}"
