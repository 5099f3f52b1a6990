# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts, and what the inventory says of them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import testinfra
from testinfra.host import Host

from tests.infra.inventory import Service, read, services

INVENTORY = os.environ.get("INFRA_INVENTORY", "")


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Without a cluster there is nothing to look at: Molecule and tests/kernels name one."""
    return None if INVENTORY else True


@pytest.fixture(scope="session")
def variables() -> dict[str, dict[str, Any]]:
    """The variables of every host."""
    return read(INVENTORY)


@pytest.fixture(scope="session")
def hosts(pytestconfig: pytest.Config) -> list[Host]:
    """All hosts of the cluster."""
    config = pytestconfig.option.ssh_config
    found = testinfra.get_hosts(pytestconfig.option.hosts.split(","), ssh_config=config)
    assert len(found) > 1, "--hosts=ssh://NODE,ssh://NODE is missing"
    return list(found)


@pytest.fixture(scope="session")
def cluster(hosts: list[Host], variables: dict[str, dict[str, Any]]) -> list[Service]:
    """Its services."""
    return services(variables[hosts[0].backend.hostname])
