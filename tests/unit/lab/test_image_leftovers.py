# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A build of an image that was killed leaves mounts behind: nothing below them may be removed."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from lab.image import _discard, mounts_below


def test_what_is_mounted_below_is_unmounted_and_not_removed(tmp_path: Path) -> None:
    host, build = tmp_path / "host", tmp_path / "build-1"
    (build / "root" / "dev").mkdir(parents=True)
    host.mkdir()
    (host / "precious").write_text("kept", encoding="ascii")
    subprocess.run(["mount", "--bind", str(host), str(build / "root" / "dev")], check=True)
    try:
        assert mounts_below(build) == [build / "root" / "dev"]
        _discard(build)
        assert not build.exists()
        assert (host / "precious").read_text(encoding="ascii") == "kept"
    finally:
        if os.path.ismount(build / "root" / "dev"):
            subprocess.run(["umount", str(build / "root" / "dev")], check=True)


def test_a_name_that_only_begins_alike_is_not_below(tmp_path: Path) -> None:
    table = tmp_path / "mountinfo"
    line = "36 35 98:0 / {} rw - ext4 /dev/root rw\n"
    table.write_text(line.format("/x/build-1") + line.format("/x/build-12/dev"), encoding="ascii")
    assert mounts_below(Path("/x/build-12"), table) == [Path("/x/build-12/dev")]
    assert mounts_below(Path("/x/build-1"), table) == [Path("/x/build-1")]
