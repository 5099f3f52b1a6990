# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fixtures of four hosts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kernels.conftest import Built, Site, raised
from tests.kernels.spare.both import Both, watched_both

HERE = Path(__file__).parent
INVENTORY = HERE / "cluster.yml"


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """Four hosts that all reach two disks."""
    with raised(HERE / "hosts.yml", INVENTORY) as site:
        yield site


@pytest.fixture
def both(built: Built, request: pytest.FixtureRequest) -> Iterator[Both]:
    """Two services, each on its own node."""
    with watched_both(built.site, INVENTORY, request) as both:
        yield both
