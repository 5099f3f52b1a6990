# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Corosync and Pacemaker run on every host, see each other, and fence."""

from __future__ import annotations

import json

import pytest
from testinfra.host import Host

from tests.infra.inventory import Service

UNITS = ("corosync.service", "pacemaker.service")


@pytest.mark.parametrize("unit", UNITS)
def test_they_run_and_come_back_after_a_boot(host: Host, unit: str) -> None:
    assert host.service(unit).is_running
    assert host.service(unit).is_enabled


def test_the_key_of_the_links_is_for_root_alone(host: Host) -> None:
    key = host.file("/etc/corosync/authkey")
    assert (key.user, key.group, key.mode) == ("root", "root", 0o400)


def test_all_hosts_are_members(host: Host, hosts: list[Host]) -> None:
    said = host.check_output("crm_node --list")
    members = sorted(line.split()[1] for line in said.splitlines() if line.endswith(" member"))
    assert members == sorted(each.backend.hostname for each in hosts)


def test_pacemaker_finds_nothing_wrong_with_its_configuration(host: Host) -> None:
    done = host.run("crm_verify --live-check")
    assert done.rc == 0, done.stderr


def test_a_silent_host_is_fenced(host: Host) -> None:
    assert host.check_output("crm_attribute --query --name stonith-enabled --quiet") == "true"
    assert "Started" in host.check_output("crm_mon --one-shot --group-by-node | grep stonith:")


def test_no_resource_has_failed(host: Host) -> None:
    assert "Failed Resource Actions" not in host.check_output("crm_mon --one-shot")


def test_the_status_names_the_host_with_the_storage(
    host: Host, hosts: list[Host], cluster: list[Service]
) -> None:
    told = json.loads(host.check_output("failoverctl status --json"))
    owners = {service["name"]: service["owner"] for service in told["services"]}
    for service in cluster:
        [owner] = [
            each.backend.hostname for each in hosts if each.mount_point(service.mount).exists
        ]
        assert owners[service.name] == owner
