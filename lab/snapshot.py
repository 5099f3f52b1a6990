# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Saves and restores the disks of a whole lab: a built cluster in the time of a boot."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from lab.command import run
from lab.errors import LabError
from lab.paths import LabPaths
from lab.state import LabState


class Snapshots:
    """Snapshots of one lab; its nodes must be off while disks are copied."""

    def __init__(self, paths: LabPaths) -> None:
        self._paths = paths

    def names(self) -> list[str]:
        """All complete snapshots."""
        found = self._paths.snapshots.glob("*/snapshot.json")
        return sorted(path.parent.name for path in found)

    def save(self, name: str, state: LabState) -> None:
        """Copy the disks of the stopped nodes; replaces a snapshot of the same name."""
        target = self._directory(name)
        staged = target.with_name(f".{name}.new")
        shutil.rmtree(staged, ignore_errors=True)
        staged.mkdir(parents=True)
        for disk in self._disks(self._paths.nodes):
            copy = staged / disk.relative_to(self._paths.nodes)
            copy.parent.mkdir(exist_ok=True)
            _copy(disk, copy)
        (staged / "snapshot.json").write_text(json.dumps(_identity(state)), encoding="utf-8")
        shutil.rmtree(target, ignore_errors=True)
        staged.replace(target)

    def check(self, name: str, state: LabState) -> None:
        """Refuse a snapshot that is missing or was taken of another lab."""
        path = self._directory(name) / "snapshot.json"
        if not path.exists():
            known = ", ".join(self.names()) or "none"
            raise LabError(f"no snapshot is called {name} (there are: {known})")
        if json.loads(path.read_text(encoding="utf-8")) != _identity(state):
            raise LabError(f"the snapshot {name} belongs to another specification or image")

    def restore(self, name: str, state: LabState) -> None:
        """Put the saved disks back under the stopped nodes."""
        self.check(name, state)
        source = self._directory(name)
        for disk in self._disks(source):
            _copy(disk, self._paths.nodes / disk.relative_to(source))

    def _directory(self, name: str) -> Path:
        if not name or name.startswith(".") or "/" in name:
            raise LabError(f"{name!r} is not a name for a snapshot")
        return self._paths.snapshots / name

    @staticmethod
    def _disks(root: Path) -> list[Path]:
        return sorted([*root.rglob("*.cow"), *root.rglob("*.img")])


def _identity(state: LabState) -> dict[str, object]:
    # Through JSON, so that it equals the value that is read back.
    data = {"spec": state.spec.to_dict(), "image": str(state.image.root)}
    plain: dict[str, object] = json.loads(json.dumps(data))
    return plain


def _copy(source: Path, target: Path) -> None:
    staged = target.with_name(f".{target.name}.new")
    run(
        ["cp", "--sparse=always", "--reflink=auto", "--preserve=mode", str(source), str(staged)],
        timeout=300,
    )
    staged.replace(target)
