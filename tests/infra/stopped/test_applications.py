# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was configured does not run before somebody starts it."""

from __future__ import annotations

from testinfra.host import Host

from tests.infra.inventory import Service


def test_no_application_runs(host: Host, cluster: list[Service]) -> None:
    for service in cluster:
        for application in service.applications:
            unit = host.service(application.unit)
            assert unit.exists and not unit.is_running, application.unit
