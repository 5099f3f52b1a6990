# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal of a new ext4 bounds how long the mount after a crash takes."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from ansible_collections.failover.cluster.plugins.module_utils import _filesystem


class Module:
    """As much of Ansible's module as is used."""

    def __init__(self, device: Path) -> None:
        self.params = {"device": str(device), "path": "/srv/x", "filesystem": "ext4"}

    def run_command(self, argv, before_communicate_callback):
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    def fail_json(self, msg):
        raise AssertionError(msg)


@pytest.mark.parametrize(("gib", "journal"), [(31, "128M"), (64, "128M"), (1, "32M")])
def test_a_new_ext4_has_a_journal_of_128_mib_at_the_most(
    tmp_path: Path, gib: int, journal: str
) -> None:
    disk = tmp_path / "disk"
    with disk.open("wb") as file:
        file.truncate(gib << 30)
    made = object.__new__(_filesystem.Filesystem)
    made.module = Module(disk)
    made.params = made.module.params
    made.make()
    dumpe2fs = shutil.which("dumpe2fs", path="/usr/sbin:/sbin:/usr/bin")
    assert dumpe2fs is not None
    told = subprocess.run([dumpe2fs, "-h", disk], capture_output=True, text=True, check=True).stdout
    found = re.search(r"(?:Total journal|Journal) size: *(\S+)", told)
    assert found is not None
    assert found[1] == journal
