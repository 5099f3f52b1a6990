# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fixtures of the other lab tests on hosts with a shared disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kernels import layer
from tests.kernels.conftest import Site, raised

HERE = Path(__file__).parent
LOCKS, LAYER = "/dev/ubdb", "locks"


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """Two hosts at one disk."""
    with raised(HERE / "hosts.yml", HERE / "cluster.yml") as site:
        if site.fresh:
            for node in site.lab.nodes:
                layer.install(
                    site.lab, node, LAYER, layer.create(LAYER, LOCKS), enable="enable --now"
                )
        yield site
