# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A drill on a cluster of real kernels, measured in the network of its clients.

Each test goes on where the one before it ended. S1 and S2 are checked by the fixture.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from lab.demo.playbook import CHECKOUT, collections_path, program
from lab.errors import LabError
from tests.kernels.conftest import BUILD, Cluster

from .test_copies import ASKED, log

LIMIT_S = 1800
STEPS = {"fencing", "daemon", "application", "there", "back"}


def words(place: Path) -> tuple[str, ...]:
    """What an operator says."""
    return (*ASKED, "-e", "confirm=orders", "-e", f"reports={place}")


def rehearse(cluster: Cluster, place: Path) -> str:
    """Run a drill on a control host among the clients; return what it said, on one line."""
    site = cluster.site
    inventories = [f"-i{path}" for path in site.target.inventories(site.lab)]
    book = str(CHECKOUT / "playbooks" / "drill.yml")
    child = site.lab.run_in(
        [program("ansible-playbook"), *inventories, *words(place), book],
        cwd=str(CHECKOUT),
        env={
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(collections_path(BUILD)),
            "ANSIBLE_CONFIG": str(CHECKOUT / "ansible.cfg"),
            "ANSIBLE_NOCOLOR": "1",
            **site.target.environment(site.lab),
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        said, _none = child.communicate(timeout=LIMIT_S)
    finally:
        child.kill()
    assert child.returncode == 0, said[-4000:]
    return " ".join(str(said).split())


def reports(place: Path) -> list[dict[str, float]]:
    """The downtime of each step, by report, the oldest first."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(place.iterdir())]
    return [{step["name"]: step["downtime_s"] for step in one["steps"]} for one in found]


def test_a_control_host_that_does_not_reach_the_service_begins_no_drill(
    cluster: Cluster, tmp_path: Path
) -> None:
    """The lab's networks are not those of the host that runs the other playbooks."""
    owner = cluster.owner
    with pytest.raises(LabError):
        cluster.site.play("drill", *words(tmp_path))
    assert "does not answer this host, so nothing could be measured." in log("drill")
    assert cluster.owner == owner
    assert not list(tmp_path.iterdir())


def test_a_drill_measures_each_step_and_shows_the_last_one_beside_it(
    cluster: Cluster, tmp_path: Path
) -> None:
    owner = cluster.owner
    rehearse(cluster, tmp_path)
    assert cluster.owner == owner, "it was brought back"
    said = rehearse(cluster, tmp_path)
    first, second = reports(tmp_path)
    assert set(first) == set(second) == STEPS
    for one in (first, second):
        assert min(one["application"], one["there"], one["back"]) > 0
    assert said.count("(last time ") == len(STEPS)
