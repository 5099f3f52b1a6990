# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""site.yml makes a cluster of two bare hosts that only an inventory describes."""

from __future__ import annotations

import json

from .conftest import Built, Cluster


def test_the_second_run_changes_nothing(built: Built) -> None:
    assert built.first.changed > 0
    assert built.second.changed == 0, built.second.log.read_text(encoding="utf-8")[-3000:]


def test_the_service_runs_on_its_preferred_node_and_only_there(cluster: Cluster) -> None:
    assert cluster.owner == "osaka"


def test_secrets_are_readable_by_root_only_and_in_no_log(built: Built) -> None:
    lab = built.site.lab
    for node in lab.nodes:
        modes = lab.ssh(node, "stat -c '%a %U' /etc/failoverd /etc/failoverd/*").stdout.split("\n")
        assert all(line.endswith(" root") for line in modes if line), modes
        assert all(int(line.split()[0], 8) & 0o077 == 0 for line in modes if line), modes
    secrets = (lab.bmc_password, built.site.target.password)
    for log in (built.first.log, built.second.log):
        assert not any(secret in log.read_text(encoding="utf-8") for secret in secrets)
    for node in lab.nodes:
        journal = lab.ssh(
            node, "journalctl --no-pager -o cat; cat /var/lib/failoverd/history.jsonl"
        )
        assert not any(secret in journal.stdout for secret in secrets)


def test_status_says_in_json_what_is_seen_from_outside(cluster: Cluster) -> None:
    status = json.loads(cluster.lab.ssh(cluster.standby, "failoverctl status --json").stdout)
    service = status["services"][0]
    assert service["owner"] == cluster.owner
    assert service["state"] == "running"
    assert {link["name"]: link["state"] for link in status["links"]} == {
        "office": "up",
        "mirror": "up",
        "wire": "up",
    }
