# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the roles leave on a host, whatever runs there."""

from __future__ import annotations

import pytest
from testinfra.host import Host

from tests.infra.inventory import PACKAGED, Service

ACCOUNTS = ("postgres", "www-data")


@pytest.mark.parametrize("account", ACCOUNTS)
def test_an_account_has_the_same_numbers_on_all_hosts(hosts: list[Host], account: str) -> None:
    """What it owns on the storage is its own on each host."""
    numbers = {(user.uid, user.gid) for user in (host.user(account) for host in hosts)}
    assert len(numbers) == 1
    assert all(number > 0 for pair in numbers for number in pair)


def test_only_the_cluster_starts_an_application(host: Host, cluster: list[Service]) -> None:
    mine = [application.unit for service in cluster for application in service.applications]
    for unit in (*mine, *PACKAGED):
        # A static unit, which nothing but the cluster starts, counts as enabled for systemctl.
        state = host.service(unit).systemd_properties.get("UnitFileState", "")
        assert state in ("", "static", "disabled", "masked"), (unit, state)
    for unit in PACKAGED:
        assert not host.service(unit).is_running, unit


def test_each_application_has_a_unit_and_its_configuration(
    host: Host, cluster: list[Service]
) -> None:
    for service in cluster:
        for application in service.applications:
            for path in (
                f"/etc/systemd/system/{application.unit}",
                f"/etc/failover/{service.name}/{application.kind}.conf",
            ):
                file = host.file(path)
                assert (file.is_file, file.user, file.group, file.mode) == (
                    *(True, "root", "root"),
                    0o644,
                ), path


def test_who_is_not_the_web_server_reads_no_password(host: Host, cluster: list[Service]) -> None:
    for service in cluster:
        file = host.file(f"/etc/failover/{service.name}/database.ini")
        assert (file.user, file.group, file.mode) == ("root", "www-data", 0o640)
