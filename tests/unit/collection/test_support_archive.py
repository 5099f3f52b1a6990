# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Archives of nodes become one; what a node has no business to put into it is refused."""

from __future__ import annotations

import io
import os
import tarfile

import pytest

from .modules import run


def part(path, *names, kind=tarfile.REGTYPE):
    with tarfile.open(path, "w:gz") as tar:
        for name in names:
            entry = tarfile.TarInfo(name)
            entry.size, entry.type, entry.mode = 2, kind, 0o6777
            tar.addfile(entry, io.BytesIO(b"hi"))
    return str(path)


def test_the_archives_become_one_for_its_owner_alone(tmp_path):
    parts = [part(tmp_path / n, f"{n}/status.json", f"{n}/log/kernel") for n in ("node1", "node2")]
    mask = os.umask(0)
    try:
        said = run("support_archive", parts=parts, dest=str(tmp_path / "all.tar.gz"))
    finally:
        os.umask(mask)
    assert said["nodes"] == ["node1", "node2"]
    assert (tmp_path / "all.tar.gz").stat().st_mode & 0o777 == 0o600
    with tarfile.open(said["dest"]) as tar:
        assert [(e.name, e.mode) for e in tar] == [
            (f"{n}/{f}", 0o600) for n in ("node1", "node2") for f in ("status.json", "log/kernel")
        ]


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (("node1/../../etc/cron.d/x",), tarfile.REGTYPE),
        (("/etc/passwd",), tarfile.REGTYPE),
        (("file",), tarfile.REGTYPE),
        (("node1/a", "node2/b"), tarfile.REGTYPE),
        (("node1/a",), tarfile.SYMTYPE),
        (("node1/a",), tarfile.CHRTYPE),
        ((), tarfile.REGTYPE),
    ],
)
def test_a_part_that_is_no_archive_of_a_node_is_refused(tmp_path, names, kind):
    parts = [part(tmp_path / "part", *names, kind=kind)]
    said = run("support_archive", parts=parts, dest=str(tmp_path / "all.tar.gz"))
    assert said["failed"] and "was not written" in said["msg"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["part"]


def test_two_nodes_cannot_share_a_folder(tmp_path):
    parts = [part(tmp_path / name, "node1/a") for name in ("one", "two")]
    assert run("support_archive", parts=parts, dest=str(tmp_path / "all"))["failed"]


def test_check_mode_writes_nothing(tmp_path):
    assert run("support_archive", check=True, parts=[], dest=str(tmp_path / "all"))["changed"]
    assert list(tmp_path.iterdir()) == []
