# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fixtures of the other lab tests on hosts that may get another release."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kernels.conftest import Site, raised

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """Two bare hosts of Debian 12."""
    with raised(HERE / "hosts.yml", HERE / "cluster.yml") as site:
        yield site
