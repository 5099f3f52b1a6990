# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""failoverd manages the services of its hosts."""

from __future__ import annotations

import json

from testinfra.host import Host

from tests.infra.inventory import Service

READABLE = {
    "/usr/sbin/failoverctl": 0o755,
    "/usr/local/share/man/man8/failoverd.8": 0o644,
    "/usr/local/share/man/man8/failoverctl.8": 0o644,
    "/usr/local/share/bash-completion/completions/failoverctl": 0o644,
    "/usr/local/share/zsh/site-functions/_failoverctl": 0o644,
}


def test_the_daemon_runs_now_and_after_a_boot(host: Host) -> None:
    daemon = host.service("failoverd.service")
    assert daemon.is_running
    assert daemon.is_enabled


def test_the_command_and_the_manual_pages_are_there_for_everybody(host: Host) -> None:
    for path, mode in READABLE.items():
        file = host.file(path)
        assert (file.is_file, file.user, file.mode) == (True, "root", mode), path


def test_only_root_reads_the_configuration_and_the_secrets(host: Host) -> None:
    where = host.file("/etc/failoverd")
    assert (where.is_directory, where.user) == (True, "root")
    assert where.mode & 0o077 == 0
    names = where.listdir()
    assert {"cluster.json", "key"} <= set(names)
    for name in names:
        file = host.file(f"/etc/failoverd/{name}")
        assert file.user == "root" and file.mode & 0o077 == 0, name


def test_every_host_tells_the_owner_that_has_the_storage(
    hosts: list[Host], cluster: list[Service]
) -> None:
    for host in hosts:
        told = json.loads(host.check_output("failoverctl status --json"))["services"]
        assert [service["name"] for service in told] == [service.name for service in cluster]
        for service, known in zip(told, cluster, strict=True):
            assert service["state"] == "running"
            assert service["standby"]["able"]
            [owner] = [h for h in hosts if h.backend.hostname == service["owner"]]
            mounted = owner.mount_point(known.mount)
            assert mounted.exists and mounted.filesystem == known.filesystem
            assert mounted.device.startswith(known.device)
