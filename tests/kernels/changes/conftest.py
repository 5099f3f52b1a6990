# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fixtures of the other lab tests on hosts with a disk more than they need at first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kernels.conftest import Site, raised

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """Two hosts; on the disk of the service that comes later lies a file system."""
    with raised(HERE / "hosts.yml", HERE / "cluster.yml") as site:
        if site.fresh:
            for node in site.lab.nodes:
                site.lab.ssh(node, "mkfs.ext4 -q /dev/ubdc")
        yield site
