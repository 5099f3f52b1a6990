# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The OCF agent vipcheck, on two hosts of one LAN."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

CHECKOUT = Path(__file__).resolve().parents[3]
AGENT = CHECKOUT / "roles/engine_pacemaker/files/vipcheck.py"
BESIDE = CHECKOUT / "roles/engine_agent/files/failoverd/resources"
FREE = ["10.9.0.10", "fd00::10"]
RUNNING, STOPPED = 0, 7


@pytest.fixture
def agent(cable: Any, tmp_path: Path) -> Any:
    """Runs an action on the first host; returns its code and what it said."""

    def run(action: str, **parameters: str) -> tuple[int, str]:
        given = {"nic": "eth0", "wait_ms": "200", **parameters}
        words = {f"OCF_RESKEY_{key}": value for key, value in given.items()}
        done = subprocess.run(
            ["ip", "netns", "exec", cable.names[0], sys.executable, str(AGENT), action],
            env={
                **os.environ,
                **words,
                "PYTHONPATH": str(BESIDE),
                "HA_RSCTMP": str(tmp_path / "run"),
                "OCF_RESOURCE_INSTANCE": "shop.check",
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        return done.returncode, done.stdout + done.stderr

    return run


@pytest.mark.parametrize("address", FREE)
def test_it_starts_where_nobody_has_the_address_and_stops(agent: Any, address: str) -> None:
    assert agent("monitor", ip=address)[0] == STOPPED
    assert agent("start", ip=address) == (RUNNING, "")
    assert agent("monitor", ip=address)[0] == RUNNING
    assert agent("stop", ip=address)[0] == 0
    assert agent("monitor", ip=address)[0] == STOPPED
    assert agent("stop", ip=address)[0] == 0


@pytest.mark.parametrize("address", FREE)
def test_it_does_not_start_while_another_host_has_the_address(
    agent: Any, cable: Any, address: str
) -> None:
    prefix = 64 if ":" in address else 24
    cable.ip(1, "address", "add", f"{address}/{prefix}", "dev", "eth0", "nodad")
    told = subprocess.run(
        ["ip", "-n", cable.names[1], "link", "show", "eth0"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    code, said = agent("start", ip=address)
    assert code == 1
    assert (
        f"ocf-exit-reason:{address} on eth0 is in use by {told[told.index('link/ether') + 1]}"
        in said
    )
    assert agent("monitor", ip=address)[0] == STOPPED
    cable.ip(1, "address", "del", f"{address}/{prefix}", "dev", "eth0")
    assert agent("start", ip=address)[0] == RUNNING


def test_it_asks_no_more_while_it_runs(agent: Any, cable: Any) -> None:
    assert agent("start", ip=FREE[0])[0] == RUNNING
    cable.ip(1, "address", "add", f"{FREE[0]}/24", "dev", "eth0")
    assert agent("start", ip=FREE[0])[0] == RUNNING


def test_an_address_of_the_node_itself_is_no_rival(agent: Any, cable: Any) -> None:
    cable.ip(0, "address", "add", f"{FREE[0]}/24", "dev", "eth0")
    assert agent("start", ip=FREE[0])[0] == RUNNING


@pytest.mark.parametrize(
    "wrong", [{"ip": "router"}, {"ip": ""}, {"nic": "eth7"}, {"count": "0"}, {"wait_ms": "x"}]
)
def test_a_wrong_parameter_is_told_and_never_fences(agent: Any, wrong: dict[str, str]) -> None:
    given = {"ip": FREE[0], **wrong}
    code, said = agent("start", **given)
    assert code == 6 and said.startswith("ocf-exit-reason:")
    assert agent("validate-all", **given)[0] == 6
    # A stop that fails would switch the node off.
    assert agent("stop", **given)[0] == 0


def test_an_interface_that_is_down_is_no_proof(agent: Any, cable: Any) -> None:
    cable.ip(0, "link", "set", "eth0", "down")
    assert agent("start", ip=FREE[0])[0] == 1
    assert agent("monitor", ip=FREE[0])[0] == STOPPED


def test_it_describes_itself(agent: Any) -> None:
    code, said = agent("meta-data")
    assert code == 0
    names = {one.get("name") for one in ET.fromstring(said).iter("parameter")}
    assert names == {"ip", "nic", "count", "wait_ms"}
    assert agent("promote", ip=FREE[0])[0] == 3
