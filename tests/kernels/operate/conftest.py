# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fixtures of the other lab tests on hosts whose disk can grow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kernels import layer
from tests.kernels.conftest import Site, raised

HERE = Path(__file__).parent
SMALL, LARGE = 240 << 11, 320 << 11
"""Sectors that the layer shows of the disk."""
SIZE = "/etc/data-sectors"
CREATE = f'dmsetup create data --table "0 $(cat {SIZE}) linear /dev/ubdb 0"'
GROW = (
    f'echo {LARGE} >{SIZE} && dmsetup load data --table "0 {LARGE} linear /dev/ubdb 0"'
    " && dmsetup resume data"
)


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """Two hosts; the disk of the service is a layer that shows a part of theirs."""
    with raised(HERE / "hosts.yml", HERE / "cluster.yml") as site:
        if site.fresh:
            for node in site.lab.nodes:
                site.lab.ssh(node, f"echo {SMALL} >{SIZE}")
                layer.install(site.lab, node, "data", CREATE, enable="enable --now")
        yield site
