# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journals of the nodes, copied from the lab."""

from __future__ import annotations

import base64
import io
import shutil
import tarfile
from pathlib import Path

from failoverd.journal.segments import segments
from lab import Lab


def fetch(lab: Lab, node: str, place: Path) -> list[Path]:
    """Copy a node's journal to ``place``; returns its segments, oldest first.

    One whose beginning was lost with the power is left out, as ``failoverctl replay`` does.
    """
    packed = lab.ssh(node, "tar -C /var/lib/failoverd -cz journal | base64 -w0", timeout=120).stdout
    shutil.rmtree(place, ignore_errors=True)
    kept = place / "journal"
    kept.mkdir(parents=True)
    with tarfile.open(fileobj=io.BytesIO(base64.b64decode(packed))) as archive:
        for member in archive:
            content = archive.extractfile(member)
            if content is not None:
                (kept / Path(member.name).name).write_bytes(content.read())
    return [path for path in segments(kept) if path.stat().st_size]
