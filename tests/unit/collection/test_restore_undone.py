# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a failed restore gives back, and what it never removes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import jinja2
import pytest

TEMPLATE = Path(__file__).parents[3] / "roles" / "postgresql" / "templates" / "restore_undone.sh.j2"
UNITS = ["shop-postgresql", "shop-web"]
SYSTEMCTL = '#!/bin/sh\necho "$@" >> "$0.said"\n'


def undone(room: Path) -> tuple[int, str]:
    """The exit status, and what was asked of systemctl."""
    script = jinja2.Template(TEMPLATE.read_text(encoding="utf-8"))
    stub = room / "bin" / "systemctl"
    stub.parent.mkdir()
    stub.write_text(SYSTEMCTL, encoding="utf-8")
    stub.chmod(0o755)
    done = subprocess.run(
        ["bash", "-s", "--", room / "postgresql", room / "postgresql.before"],
        input=script.render(postgresql_units=UNITS),
        env={"PATH": f"{stub.parent}:/usr/bin:/bin"},
        text=True,
        check=False,
        timeout=60,
    )
    said = stub.with_name("systemctl.said")
    return done.returncode, said.read_text(encoding="utf-8") if said.exists() else ""


def data(room: Path, name: str, *files: str) -> None:
    """A directory of data, which knows its name."""
    for file in ("name", *files):
        path = room / name / file
        path.parent.mkdir(exist_ok=True)
        path.write_text(name, encoding="utf-8")


def found(room: Path) -> dict[str, str]:
    """Each directory of data, and which data it has."""
    return {path.name: (path / "name").read_text("utf-8") for path in room.glob("postgresql*")}


def test_data_that_took_writes_are_not_removed(tmp_path: Path) -> None:
    data(tmp_path, "postgresql")
    data(tmp_path, "postgresql.before")
    before = found(tmp_path)
    assert undone(tmp_path) == (3, "")
    assert found(tmp_path) == before


@pytest.mark.parametrize(
    "there",
    [
        {"postgresql": ("recovery.signal",)},
        {"postgresql.restored": ()},
    ],
    ids=["it did not replay its log", "cut off between the renames"],
)
def test_the_former_data_come_back(tmp_path: Path, there: dict[str, tuple[str, ...]]) -> None:
    data(tmp_path, "postgresql.before")
    for name, files in there.items():
        data(tmp_path, name, *files)
    status, said = undone(tmp_path)
    assert status == 0
    assert found(tmp_path) == {"postgresql": "postgresql.before"}
    assert said.splitlines() == [
        "stop shop-web shop-postgresql",
        "start shop-postgresql shop-web",
    ]


def test_nothing_was_moved_yet(tmp_path: Path) -> None:
    data(tmp_path, "postgresql")
    data(tmp_path, "postgresql.restored")
    assert undone(tmp_path)[0] == 0
    assert found(tmp_path) == {"postgresql": "postgresql"}
