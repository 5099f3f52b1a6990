# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshots: the disks come back as they were, and only to the lab they were taken of."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.errors import LabError
from lab.image import Image
from lab.paths import LabPaths
from lab.snapshot import Snapshots
from lab.spec import LabSpec
from lab.state import LabState

STATE = LabState(LabSpec(), Image(Path("/images/a")), Path("/images/a/repository"))


@pytest.fixture
def paths(tmp_path: Path) -> LabPaths:
    paths = LabPaths(tmp_path)
    for node in ("node1", "node2"):
        paths.node(node).mkdir(parents=True)
        (paths.node(node) / "root.cow").write_text(f"{node} converged", encoding="ascii")
    (paths.nodes / "disk1.img").write_text("shared", encoding="ascii")
    return paths


def test_what_changed_after_the_snapshot_is_undone(paths: LabPaths) -> None:
    snapshots = Snapshots(paths)
    snapshots.save("base", STATE)
    disk = paths.node("node2") / "root.cow"
    disk.write_text("broken", encoding="ascii")
    (paths.nodes / "disk1.img").write_text("broken", encoding="ascii")
    snapshots.restore("base", STATE)
    assert disk.read_text(encoding="ascii") == "node2 converged"
    assert (paths.nodes / "disk1.img").read_text(encoding="ascii") == "shared"
    assert snapshots.names() == ["base"]


def test_a_snapshot_of_another_lab_is_refused(paths: LabPaths) -> None:
    snapshots = Snapshots(paths)
    snapshots.save("base", STATE)
    other = LabState(LabSpec.reference(3), STATE.image, STATE.repository)
    with pytest.raises(LabError, match="another specification or image"):
        snapshots.restore("base", other)


def test_a_half_written_snapshot_does_not_count(paths: LabPaths) -> None:
    (paths.snapshots / ".base.new").mkdir(parents=True)
    (paths.snapshots / "half").mkdir()
    assert Snapshots(paths).names() == []


@pytest.mark.parametrize("name", ["", "..", "a/b", ".hidden"])
def test_a_name_stays_inside_the_lab_s_directory(paths: LabPaths, name: str) -> None:
    with pytest.raises(LabError, match="not a name"):
        Snapshots(paths).save(name, STATE)


def test_a_missing_snapshot_is_answered_with_those_there_are(paths: LabPaths) -> None:
    Snapshots(paths).save("base", STATE)
    with pytest.raises(LabError, match="there are: base"):
        Snapshots(paths).restore("other", STATE)
