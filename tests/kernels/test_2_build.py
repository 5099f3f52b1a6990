# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""site.yml makes a cluster of two bare hosts that only an inventory describes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest

from lab.demo.playbook import CHECKOUT

from .conftest import Built, Cluster, watched


@pytest.fixture(scope="module")
def cluster(built: Built) -> Iterator[Cluster]:
    """One client and one observer for all tests of this file: they only look at the cluster."""
    with watched(built.site, "built", []) as cluster:
        yield cluster


def test_the_second_run_changes_nothing(built: Built) -> None:
    assert built.first.changed > 0
    assert built.second.changed == 0, built.second.log.read_text(encoding="utf-8")[-3000:]


def test_the_service_runs_on_its_preferred_node_and_only_there(cluster: Cluster) -> None:
    assert cluster.owner == "osaka"


def test_the_hosts_look_as_in_containers(cluster: Cluster) -> None:
    """What Molecule's scenarios verify, on real kernels."""
    site, lab = cluster.site, cluster.lab
    environment = {
        "INFRA_INVENTORY": ":".join(str(path.resolve()) for path in site.target.inventories(lab)),
        "INFRA_VISITOR": " ".join(lab.inside([sys.executable])),
    }
    hosts = ",".join(f"ssh://{node}" for node in lab.nodes)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
            *(f"--hosts={hosts}", f"--ssh-config={lab.ssh_config}"),
            *(f"tests/infra/{moment}" for moment in ("prepared", "service", "daemon")),
        ],
        cwd=CHECKOUT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_secrets_are_in_no_log(built: Built) -> None:
    lab = built.site.lab
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


@pytest.mark.finding("X9")
def test_drbd_proves_its_secret_by_sha256(cluster: Cluster) -> None:
    for node in cluster.lab.nodes:
        shown = cluster.lab.ssh(node, "drbdsetup show; cat /proc/drbd").stdout
        assert re.search(r'cram-hmac-alg\s+"?sha256"?;', shown), shown
        assert "cs:Connected" in shown, shown


@pytest.mark.finding("X2", "X9")
def test_root_runs_nothing_of_a_prepared_directory(cluster: Cluster) -> None:
    """On a node as it was installed: the command, the daemon's unit, and no core dumps."""
    plant = (
        "mkdir -p /tmp/trap/failoverd && cd /tmp/trap"
        " && for f in failoverd/__init__ failoverd/cli argparse json sitecustomize start;"
        ' do echo \'open("/tmp/ran", "a").write(__name__)\' >$f.py; done; rm -f /tmp/ran; '
    )
    node = cluster.standby
    done = cluster.lab.ssh(
        node, f"{plant} PYTHONPATH=/tmp/trap failoverctl status; cat /tmp/ran || true"
    )
    assert "running on" in done.stdout and "argparse" not in done.stdout
    unit = cluster.lab.ssh(node, "systemctl show -P LimitCORE -P Environment failoverd").stdout
    assert unit.split() == ["0"]
