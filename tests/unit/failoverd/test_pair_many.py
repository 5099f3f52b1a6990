# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two real daemons with fifty services of 31 letters: they meet, begin anew and fail over."""

from __future__ import annotations

import json
import random
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .test_pair import AGENT, Pair

pytestmark = pytest.mark.finding("S3")

COUNT = 50
NAMES = [
    f"s{number:02d}-" + "".join(random.Random(number).choices("abcdefghijklmnopqrstuvwxyz", k=27))
    for number in range(COUNT)
]


class Many(Pair):
    """Each service is one address."""

    @staticmethod
    def _config(node: str, agent: str) -> dict[str, Any]:
        config = Pair._config(node, agent)
        # A daemon that begins anew is no silent one, however busy this machine is.
        config["timing"] |= {"dead_s": 8, "fence_delay_s": 1}
        config["services"] = [
            {
                "name": name,
                "preferred": "node1",
                "resources": [
                    {
                        "name": "address",
                        "type": "virtual_ip",
                        "address": f"10.9.0.{100 + number}/24",
                        "interface": "eth0",
                    }
                ],
            }
            for number, name in enumerate(NAMES)
        ]
        return config

    def all_on(self, node: str) -> bool:
        """Every service runs there, says each daemon that lives."""
        for asked in self.processes:
            services = self.status(asked).get("services", [])
            if {(s["owner"], s["state"]) for s in services} != {(node, "running")}:
                return False
        return True

    def addresses(self, node: str) -> int:
        """How many addresses of services the node has."""
        namespace = self.wire.names[int(node[-1]) - 1]
        argv = ["ip", "-n", namespace, "-4", "-o", "address", "show", "dev", "eth0"]
        found = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=300).stdout
        return sum(f" 10.9.0.{100 + number}/" in found for number in range(COUNT))


@pytest.fixture
def many(tmp_path: Path, cable: Any, script: Callable[[str, str], str]) -> Iterator[Many]:
    pair = Many(tmp_path, cable, script("agent", AGENT))
    try:
        cable.ip(1, "address", "add", "10.9.0.99", "dev", "lo")
        for node in ("node1", "node2"):
            pair.start(node)
        pair.wait(lambda: pair.all_on("node1"))
        yield pair
    finally:
        for node in list(pair.processes):
            pair.end(node, signal.SIGKILL)


def test_f74_fifty_services_run_are_adopted_and_fail_over(many: Many) -> None:
    assert (many.addresses("node1"), many.addresses("node2")) == (COUNT, 0)
    many.end("node1", signal.SIGKILL)
    many.start("node1")
    many.wait(lambda: many.all_on("node1"))
    assert many.addresses("node1") == COUNT
    for node in ("node1", "node2"):
        assert not {"fence", "peer-silent", "self-slow"} & set(many.codes(node))
        heartbeats = json.loads(many.ctl(node, "status", "--json").stdout)["heartbeats"]
        assert heartbeats["refused"] == {} and "too many" not in heartbeats["dropped"]
    many.end("node1", signal.SIGKILL)
    for number in range(COUNT):
        many.wire.ip(0, "address", "del", f"10.9.0.{100 + number}/24", "dev", "eth0")
    many.wait(lambda: many.all_on("node2"))
    assert many.addresses("node2") == COUNT
    codes = many.codes("node2")
    assert codes.count("fence") == 1 and codes.count("takeover") == COUNT
    done = many.ctl("node2", "replay", "--json", str(many.path / "node2/state/journal"))
    assert done.returncode == 0, done.stdout
