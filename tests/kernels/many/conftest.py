# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fixtures of the other lab tests on hosts that carry fifty services."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kernels.conftest import Site, raised

HERE = Path(__file__).parent
UNIT = r"[Service]\nExecStart=/bin/sleep infinity\n"


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """Two hosts with a unit of their own that some of the services are made of."""
    with raised(HERE / "hosts.yml", HERE / "cluster.yml") as site:
        if site.fresh:
            for node in site.lab.nodes:
                write = f"printf '{UNIT}' >/etc/systemd/system/light@.service"
                site.lab.ssh(node, f"{write} && systemctl daemon-reload")
        yield site
