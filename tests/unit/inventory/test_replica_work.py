# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks verify and grow_storage on two played kernels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .conftest import Play, Run, cluster
from .played_drbd import Played

DISK = bytes(1 << 20)


@pytest.fixture
def played(tmp_path: Path) -> Played:
    """n1b runs the service."""
    made = Played(tmp_path / "kernels", ["n1a", "n1b"], "web", DISK)
    made.change("n1b", role="Primary")
    return made


@pytest.fixture
def run(play: Play, played: Played) -> Any:
    """Runs a playbook on the played hosts."""
    one = cluster(1)
    for name in played.names:
        one["hosts"][name].update(played.variables(name))

    def run(name: str, *words: str) -> Run:
        return play(name, {"one": one}, "-e", "cluster=one", "-e", "service=web", *words)

    return run


def test_copies_are_compared_and_no_kernel_keeps_the_digest(run: Any, played: Played) -> None:
    done = run("verify", "--check")
    assert done.code == 0 and played.orders() == []
    assert "the expected downtime is 0 s" in done.text
    done = run("verify")
    assert done.code == 0
    assert played.orders() == [["n1b", "net-options", "--verify-alg=crc32c"], ["n1b", "verify"]]
    assert "web on n1b: verification 60 % done, about 9 s left" in done.text
    assert "web: the copies are equal; 1 MiB were compared" in done.text
    assert [played.node(name)["alg"] for name in played.names] == ["", ""]


def test_a_difference_fails_and_is_counted(run: Any, played: Played) -> None:
    played.differ(12)
    done = run("verify")
    assert done.code != 0
    assert "web: 3 blocks of 4 KiB differ between the copies." in done.text
    assert [played.node(name)["alg"] for name in played.names] == ["", ""]


def test_copies_that_are_apart_get_no_digest(run: Any, played: Played) -> None:
    """Kernels that differ in it refuse each other."""
    for name in played.names:
        played.change(name, cs="WFConnection")
    done = run("verify")
    assert done.code != 0
    assert "the copy of web on n1a is WFConnection and UpToDate; both must be" in done.text
    assert played.orders() == []


def test_device_and_file_system_grow_after_both_disks_have(run: Any, played: Played) -> None:
    played.grow("n1a")
    done = run("grow_storage")
    assert done.code != 0
    assert "has not grown; grow the disk on each node first. Nothing was changed." in done.text
    assert played.orders() == []
    played.grow("n1b")
    done = run("grow_storage")
    assert done.code == 0
    assert played.orders() == [["n1b", "resize"], ["n1b", "/dev/drbd0"]]
    assert "had 1 MiB and has 17 MiB." in done.text
    assert [played.node(name)["cs"] for name in played.names] == ["Connected", "Connected"]
    again = run("grow_storage")
    assert again.code == 0
    assert played.orders()[2:] == [["n1b", "/dev/drbd0"]], "only the file system is looked at"
