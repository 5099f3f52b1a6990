# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the real nodes decided in the tests before comes out of the same core again."""

from __future__ import annotations

import base64
import io
import tarfile
from itertools import pairwise
from pathlib import Path

from failoverd.replay import compare, replay
from failoverd.segments import segments
from lab import Lab

from .conftest import OUT, Built


def fetch(lab: Lab, node: str) -> list[Path]:
    """Copy the node's journal; returns its segments, oldest first."""
    packed = lab.ssh(node, "tar -C /var/lib/failoverd -cz journal | base64 -w0", timeout=120).stdout
    place = OUT / node
    with tarfile.open(fileobj=io.BytesIO(base64.b64decode(packed))) as archive:
        archive.extractall(place, filter="data")
    return segments(place / "journal")


def test_every_recorded_decision_is_made_again(built: Built) -> None:
    for node in built.site.lab.nodes:
        lives = [replay(path) for path in fetch(built.site.lab, node)]
        assert sum(life.decisions for life in lives) > 0
        for life in lives:
            assert life.same_core, life.path
            assert life.difference is None, life.difference
        for earlier, later in pairwise(lives):
            assert compare(earlier, later) is None, later.path
