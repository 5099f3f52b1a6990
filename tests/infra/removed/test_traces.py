# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster that was removed leaves packages, accounts and data, and nothing else."""

from __future__ import annotations

import pytest
from testinfra.host import Host

from tests.infra.inventory import Service

PATTERNS = (
    "/usr/lib/failoverd*",
    "/usr/lib/failoverctl",
    "/usr/lib/ocf/resource.d/failover/*",
    "/usr/lib/ocf/lib/failover/*",
    "/etc/corosync/corosync.conf",
    "/etc/corosync/authkey",
    "/etc/systemd/system/corosync.service.d/*",
    "/etc/systemd/system/pacemaker.service.d/*",
    "/usr/sbin/failoverctl",
    "/usr/local/share/man/man8/failover*",
    "/usr/local/share/bash-completion/completions/failoverctl",
    "/usr/local/share/zsh/site-functions/_failoverctl",
    "/etc/failoverd/*",
    "/etc/failover/*/*",
    "/etc/systemd/system/failover*",
    "/etc/failover-page",
    "/etc/tmpfiles.d/failover*",
    "/usr/lib/failover-page",
    "/run/failoverd-page",
    "/etc/postgresql-common/createcluster.conf",
    "/var/lib/failoverd/last-good.json",
)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_no_file_of_the_cluster_is_left(host: Host, pattern: str) -> None:
    left = host.run(f"ls -d {pattern}").stdout.split()
    # What the scenario itself put there for its containers stays.
    assert [path for path in left if path != "/etc/systemd/system/failoverd.service.d"] == []


def test_no_unit_no_address_no_resource_of_a_service_is_left(
    host: Host, cluster: list[Service]
) -> None:
    here = {
        address for name in host.interface.names() for address in host.interface(name).addresses
    }
    for unit in ("failoverd.service", "corosync.service", "pacemaker.service"):
        assert not host.service(unit).is_running, unit
    for service in cluster:
        assert not host.file(f"/etc/drbd.d/{service.name}.res").exists
        assert not here & set(service.addresses)
        for application in service.applications:
            assert not host.service(application.unit).is_running, application.unit
            assert not host.file(f"/etc/systemd/system/{application.unit}").exists


def test_accounts_stay_for_the_data_that_they_own(host: Host) -> None:
    assert host.user("postgres").exists
    assert host.user("www-data").exists
