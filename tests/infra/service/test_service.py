# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One host has all of a service, and the others have nothing of it."""

from __future__ import annotations

import os
import subprocess

import pytest
from testinfra.host import Host

from tests.infra.inventory import Service, visitor

READ = "import sys, urllib.request as r; print(r.urlopen(sys.argv[1], timeout=20).read().decode())"


@pytest.fixture(scope="module")
def owners(hosts: list[Host], cluster: list[Service]) -> dict[str, str]:
    """Of each service the host that has its storage."""
    found = {}
    for service in cluster:
        [owner] = [
            host.backend.hostname for host in hosts if host.mount_point(service.mount).exists
        ]
        found[service.name] = owner
    return found


def test_the_addresses_are_where_the_storage_is(
    host: Host, cluster: list[Service], owners: dict[str, str]
) -> None:
    here = {
        address for name in host.interface.names() for address in host.interface(name).addresses
    }
    for service in cluster:
        wanted = owners[service.name] == host.backend.hostname
        assert service.addresses
        assert all((address in here) is wanted for address in service.addresses), here


def test_the_applications_run_where_the_storage_is(
    host: Host, cluster: list[Service], owners: dict[str, str]
) -> None:
    for service in cluster:
        wanted = owners[service.name] == host.backend.hostname
        for application in service.applications:
            unit = host.service(application.unit)
            assert unit.exists and unit.is_running is wanted, application.unit


def test_they_listen_at_the_addresses_there_and_nowhere_else(
    host: Host, cluster: list[Service], owners: dict[str, str]
) -> None:
    for service in cluster:
        wanted = owners[service.name] == host.backend.hostname
        for application in service.applications:
            for address in service.addresses:
                socket = host.socket(f"tcp://{address}:{application.port}")
                assert socket.is_listening is wanted, (application, address)


def test_the_page_at_each_address_shows_what_was_acknowledged(cluster: list[Service]) -> None:
    written = os.environ.get("INFRA_WRITTEN", "").split()
    for service in cluster:
        for address in service.addresses:
            command = [*visitor(), "-c", READ, f"http://{address}/guestbook"]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
            assert "</html>" in done.stdout
            assert [line for line in written if line not in done.stdout] == []
