# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps what outlives the daemon: modes and splits; for this boot, services and a cut."""

from __future__ import annotations

import json
import time
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any

from failoverd.core.memory import Memory
from failoverd.core.modes import Modes, is_on, turned
from failoverd.formats.codec import to_json
from failoverd.formats.strictjson import JsonError
from failoverd.journal.spool import Spool
from failoverd.system.files import read_json, write_whole

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
MAX_GENERATION = 2**63
MAX_MODE = 2**32
MAX_SINCE_S = 2.0**40
QUEUE_BYTES = 100_000
HANGS = "the disk does not answer"


class Store:
    """Which services this node holds and what it has switched off, valid only within one boot (F31,
    F10); the modes and which copies have diverged, for good.

    state.json outlives the daemon. There is no fsync, because the disk may hang (F44). After a loss
    of power nothing in it is needed: nothing is held any more, a generation only compares two nodes
    that are both up, and the rest is in modes.json, too. modes.json keeps what both nodes need
    although both may lose their power: orders of an operator, and that the copies of a service have
    diverged (F39), which its kernel may have forgotten. A thread writes it with fsync. Each is a
    count that only grows, odd while it is on, so the greater one of the two files is the newer one.
    """

    def __init__(self, directory: Path, boot_id: Path = BOOT_ID) -> None:
        self._path = directory / "state.json"
        self._modes_path = directory / "modes.json"
        self.boot = boot_id.read_text(encoding="ascii").strip()
        """The kernel's name for this boot."""
        self._spool: Spool | None = None
        """Made at the first change of a mode."""
        self._unwritten = self._unforced = ""
        data = _object(self._path)
        same_boot = data.get("boot") == self.boot
        self._services = _services(data.get("services"), same_boot)
        cut = data.get("cut")
        self.cut = cut if same_boot and isinstance(cut, str) else ""
        """The fence device that was ordered in this boot to switch the peer off (F10)."""
        durable = _object(self._modes_path)
        kept, forced = _modes(data.get("modes")), _modes(durable)
        self._splits = _splits(data.get("splits"))
        for name, count in _splits(durable.get("splits")).items():
            self._splits[name] = max(count, self._splits.get(name, 0))
        self.modes = Modes(**{name: max(kept[name], forced[name]) for name in kept})

    @property
    def problem(self) -> str:
        """What is wrong with the disk, empty if nothing is."""
        if self._unwritten or self._unforced or self._spool is None:
            return self._unwritten or self._unforced
        return f"{self._modes_path}: {HANGS}" if self._spool.stuck else self._spool.defect

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

    def repair(self, service: str) -> bool:
        """Whether only its storage is open, for repair by people (F91)."""
        entry = self._services.get(service, {})
        return bool(entry.get("held") and entry.get("repair"))

    def own(self, service: str, held: bool, generation: int, repair: bool = False) -> None:
        """Remember it. If the file cannot be written, problem says so (F69)."""
        entry = {
            "held": held,
            "generation": max(generation, self.generation(service)),
            "since": (self.since(service) or time.time()) if held else 0.0,
            **({"repair": True} if repair else {}),
        }
        if self._services.get(service) == entry and not self._unwritten:
            return
        self._services[service] = entry
        self._write()

    def keep_cut(self, level: str) -> None:
        """Remember which device has switched the peer off, empty when that is over (F10)."""
        self.cut = level
        self._write()

    @property
    def memory(self) -> Memory:
        """What a new life of the daemon begins with."""
        split = frozenset(name for name, count in self._splits.items() if is_on(count))
        held = frozenset(name for name in self._services if self.held(name))
        return Memory(self.modes, split, held, self.cut)

    def keep(self, modes: Modes) -> None:
        """Remember the operator's modes."""
        self.modes = modes
        self._keep()

    def keep_split(self, service: str, *, split: bool) -> None:
        """Remember whether the copies of the service have diverged (F39)."""
        self._splits[service] = turned(self._splits.get(service, 0), split)
        self._keep()

    def _keep(self) -> None:
        self._write()
        text = json.dumps(self._durable())
        if self._spool is None:
            self._spool = Spool("modes", QUEUE_BYTES)
        if not self._spool.put(partial(self._force, text), len(text)):
            self._unforced = f"{self._modes_path}: {HANGS}"

    def close(self, wait_s: float = 1.0) -> None:
        """The daemon ends: write waiting modes if the disk allows it."""
        if self._spool is not None:
            self._spool.close(wait_s)

    def drain(self, wait_s: float) -> bool:
        """Wait until the modes are on the disk; False if it takes longer."""
        return self._spool is None or self._spool.drain(wait_s)

    def _force(self, text: str) -> None:
        """Runs in the thread."""
        try:
            write_whole(self._modes_path, text, durable=True)
            self._unforced = ""
        except OSError as error:
            self._unforced = f"{self._modes_path}: {error.strerror}"

    def _durable(self) -> dict[str, Any]:
        return {**to_json(self.modes), "splits": self._splits}

    def _write(self) -> None:
        data = {
            "format": 1,
            "boot": self.boot,
            "services": self._services,
            **({"cut": self.cut} if self.cut else {}),
            "modes": to_json(self.modes),
            "splits": self._splits,
        }
        try:
            write_whole(self._path, json.dumps(data))
            self._unwritten = ""
        except OSError as error:
            self._unwritten = f"{self._path}: {error.strerror}"


def _object(path: Path) -> dict[str, Any]:
    """The JSON object in a file; empty if the file is unusable."""
    try:
        data = read_json(path)
    except (OSError, JsonError):
        return {}
    return data if isinstance(data, dict) else {}


def _services(data: Any, same_boot: bool) -> dict[str, dict[str, Any]]:
    """The valid entries of each service."""
    result = {}
    for name, entry in data.items() if isinstance(data, dict) else ():
        if not isinstance(entry, dict) or not _whole(entry.get("generation"), MAX_GENERATION):
            continue
        since = entry.get("since", 0.0)
        good = isinstance(since, int | float) and 0 <= since < MAX_SINCE_S
        result[name] = {
            "held": entry.get("held") is True and same_boot,
            "generation": entry["generation"],
            "since": float(since) if good else 0.0,
            **({"repair": True} if entry.get("repair") is True else {}),
        }
    return result


def _modes(data: Any) -> dict[str, int]:
    """Each valid count, 0 for the others."""
    said = data if isinstance(data, dict) else {}
    names = [field.name for field in fields(Modes)]
    return {name: said[name] if _whole(said.get(name), MAX_MODE) else 0 for name in names}


def _splits(data: Any) -> dict[str, int]:
    """The valid counts of the services."""
    said = data.items() if isinstance(data, dict) else ()
    return {name: count for name, count in said if _whole(count, MAX_MODE)}


def _whole(value: Any, limit: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < limit
