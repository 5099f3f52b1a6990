# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Empty packages in place of large ones that nothing in a lab uses."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path

from lab.command import run

# Newer than any real one, so that apt prefers it.
VERSION = "99:0"


def control_text(package: str) -> str:
    """The control file of an empty package."""
    return (
        f"Package: {package}\nVersion: {VERSION}\nArchitecture: all\nSection: misc\n"
        "Priority: optional\nMulti-Arch: foreign\n"
        "Maintainer: failover.cluster contributors <root@localhost>\n"
        "Description: empty stand-in of the lab's package source\n"
    )


def build_stubs(packages: Iterable[str], target: Path) -> None:
    """Build an empty package of each name into the directory ``target``."""
    for package in packages:
        with tempfile.TemporaryDirectory() as directory:
            control = Path(directory) / "DEBIAN" / "control"
            control.parent.mkdir(mode=0o755)
            control.write_text(control_text(package), encoding="ascii")
            Path(directory).chmod(0o755)
            file = target / f"{package}_0_all.deb"
            run(["dpkg-deb", "--root-owner-group", "--build", directory, str(file)])
