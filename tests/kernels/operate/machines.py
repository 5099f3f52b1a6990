# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Another machine in the place of a node: bare disks, while the old ones are kept."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from lab import Lab
from lab.paths import LabPaths
from lab.uml import disk_path
from tests.kernels import layer

from .conftest import CREATE, SIZE


def bare(lab: Lab, node: str) -> None:
    """A node that is off is a bare machine from its next boot on."""
    for path in _disks(lab, node):
        size = path.stat().st_size
        path.rename(_old(path))
        if path.suffix == ".img":
            with path.open("xb") as handle:
                os.truncate(handle.fileno(), size)


def exchange(lab: Lab, node: str) -> None:
    """A node that is off is the other one of its two machines from its next boot on."""
    for path in _disks(lab, node):
        aside = path.with_name(f"{path.name}.aside")
        path.rename(aside)
        _old(path).rename(path)
        aside.rename(_old(path))


def boot(lab: Lab, node: str, like: str) -> None:
    """Power on a bare machine, with a data disk as large as that of the other node."""
    lab.power(node, "on")
    lab.wait_ready(nodes=[node])
    size = lab.ssh(like, f"cat {SIZE}").stdout.strip()
    lab.ssh(node, f"echo {size} >{SIZE}")
    layer.install(lab, node, "data", CREATE, enable="enable --now")


def _disks(lab: Lab, node: str) -> Iterator[Path]:
    """The system of the node, which is made at its boot, and its own data disks."""
    paths = LabPaths.of(lab.name)
    yield paths.node(node) / "root.cow"
    for number, disk in enumerate(lab.spec.disks):
        if not disk.shared:
            yield disk_path(paths, lab.spec, node, number)


def _old(path: Path) -> Path:
    return path.with_name(f"{path.name}.old")
