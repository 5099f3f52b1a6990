# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What cannot be safe is refused with its numbers: by the playbook, and by the node itself.

Neither changes anything; the running daemon keeps the configuration that it has.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from lab.errors import LabError
from tests.kernels.conftest import OUT, Built, Cluster

Change = Callable[[dict[str, Any]], None]


def _timing(config: dict[str, Any]) -> None:
    config["timing"]["fence_delay_s"] = 0.4


def _lease(config: dict[str, Any]) -> None:
    config["watchdog"] = {"device": "/dev/watchdog1", "timeout_s": 3, "module": "softdog"}
    config["unsafe"] = ["software_watchdog"]
    config["fencing"] = [{"name": "lease", "method": "watchdog"}]


def _margin(config: dict[str, Any]) -> None:
    _lease(config)
    config["watchdog"]["timeout_s"] = 10
    config["fencing"][0]["margin_s"] = 0.2


def _one_link(config: dict[str, Any]) -> None:
    config["links"] = config["links"][:1]


def _no_exclusion(config: dict[str, Any]) -> None:
    config["fencing"] = []


def _near_device(config: dict[str, Any]) -> None:
    config["fencing"][0]["nodes"]["tokyo"]["ip"] = "172.20.7.5"


STONITH = {
    "method": "stonith",
    "agent": "fence_ipmilan",
    "nodes": {"tokyo": {"ip": "172.20.7.5"}, "osaka": {"ip": "10.44.8.106"}},
    "parameters": {"username": "admin", "password": "unused", "lanplus": True},
}
WATCHDOG = {"device": "/dev/watchdog1", "module": "softdog"}
SOFT = {"failover_watchdog": WATCHDOG, "failover_unsafe": ["software_watchdog"]}
CASES: dict[str, tuple[dict[str, Any], Change, tuple[str, ...]]] = {
    "f16_a_fence_delay_not_above_its_jitter": (
        {"failover_timing": {"fence_delay_s": 0.4}},
        _timing,
        ("fence_delay_s", "0.4", "two heartbeats"),
    ),
    "a_watchdog_shorter_than_a_tolerated_pause": (
        {
            **SOFT,
            "failover_watchdog": {**WATCHDOG, "timeout_s": 3},
            "failover_fencing": [{"method": "watchdog"}],
        },
        _lease,
        ("watchdog", "3 is not longer than dead_s (3)"),
    ),
    "a_lease_whose_margin_is_below_the_drift_of_the_clocks": (
        {**SOFT, "failover_fencing": [{"method": "watchdog", "margin_s": 0.2}]},
        _margin,
        ("margin_s", "0.2", "two heartbeats", "lease_s + watchdog + margin_s"),
    ),
    "one_link_only": (
        {"failover_links": [{"name": "mirror", "interface": "rep0"}]},
        _one_link,
        ("one", "link", "single_link"),
    ),
    "a_fence_device_on_the_replication_lan": (
        {"failover_fencing": [STONITH]},
        _near_device,
        ("172.20.7.5", "172.20.7.0/29", "must be reachable when that link is lost"),
    ),
    "no_exclusion_at_all": (
        {"failover_fencing": []},
        _no_exclusion,
        ("no_exclusion",),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_refused(built: Built, request: pytest.FixtureRequest, case: str) -> None:
    site, (variables, change, words) = built.site, CASES[case]
    with pytest.raises(LabError):
        site.play("site", "-e", json.dumps(variables))
    said = " ".join((OUT / "site.log").read_text(encoding="utf-8").split())
    assert all(word in said for word in words), said[-1500:]
    assert set(re.findall(r"changed=(\d+)", said)) == {"0"}, said[-1500:]
    node = site.lab.nodes[0]
    config = json.loads(site.lab.ssh(node, "cat /etc/failoverd/cluster.json").stdout)
    change(config)
    copy = "rm -rf /root/broken && cp -a /etc/failoverd /root/broken"
    site.lab.ssh(node, f"{copy} && cat >/root/broken/cluster.json", input=json.dumps(config))
    done = site.lab.ssh(node, "failoverctl check /root/broken", check=False)
    site.lab.ssh(node, "rm -r /root/broken")
    assert done.returncode != 0 and done.stdout == ""
    assert all(word in done.stderr for word in words), done.stderr
    request.node.user_properties.append(("failoverctl_check_says", done.stderr.strip()))


def test_no_exclusion_is_shown_for_as_long_as_it_lasts(cluster: Cluster) -> None:
    """Accepted by name, it is a line of the status on both nodes until it is taken back."""
    accepted = {"failover_fencing": [], "failover_unsafe": ["no_exclusion"]}
    cluster.site.play("site", "-e", json.dumps(accepted))
    try:
        for node in cluster.lab.nodes:
            shown = cluster.lab.ssh(node, "failoverctl status").stdout
            assert "no_exclusion" in shown or "can exclude a silent peer" in shown, shown
    finally:
        cluster.site.play("site")
    for node in cluster.lab.nodes:
        shown = cluster.lab.ssh(node, "failoverctl status").stdout
        assert "ever be excluded" not in shown, shown
