# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs ansible-playbook on an inventory that a test makes. No host is contacted."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

CHECKOUT = Path(__file__).resolve().parents[3]
COLLECTIONS = CHECKOUT / "build" / "collections"
SECRET = "kiwi-Banana-77"


def cluster(number: int, service: str = "web", **more: Any) -> dict[str, Any]:
    """One sound cluster of two hosts, with addresses of its own."""
    nodes = [f"n{number}a", f"n{number}b"]
    return {
        "hosts": {node: {"ansible_host": f"10.0.{number}.{i}"} for i, node in enumerate(nodes, 1)},
        "vars": {
            "failover_links": [
                {"name": "lan", "interface": "eth0"},
                {"name": "cross", "interface": "eth1"},
            ],
            "failover_fencing": [
                {
                    "method": "stonith",
                    "agent": "fence_ipmilan",
                    "nodes": {n: {"ip": f"10.1.{number}.{i}"} for i, n in enumerate(nodes, 1)},
                    "parameters": {"username": "admin", "password": SECRET},
                    "timeout_s": 5,
                }
            ],
            "failover_services": [
                {
                    "name": service,
                    "storage": {
                        "type": "drbd",
                        "disk": "/dev/vdb",
                        "link": "cross",
                        "mount": f"/srv/{service}",
                    },
                    "addresses": [f"192.168.1.{10 + number}/24"],
                }
            ],
            **more,
        },
    }


@dataclass(frozen=True)
class Run:
    """What ansible-playbook ended with."""

    code: int
    text: str

    def ok(self, host: str) -> bool:
        """Whether the recap has a host without a failure."""
        lines = [line for line in self.text.splitlines() if line.split(":")[0].strip() == host]
        return any("failed=0" in line and "unreachable=0" in line for line in lines)


Play = Callable[..., Run]


SSH = """#!/bin/sh
echo "ssh: connect to host: Network is unreachable" >&2
exit 255
"""


@pytest.fixture
def play(tmp_path: Path) -> Play:
    """Runs a playbook of the collection, or one by its path. groups: or an inventory's text."""

    def run(name: str, groups: Any, *args: str, **environment: str) -> Run:
        text = groups if isinstance(groups, str) else yaml.safe_dump(groups, sort_keys=False)
        (tmp_path / "hosts.yml").write_text(text, encoding="utf-8")
        (tmp_path / "ssh").write_text(SSH, encoding="utf-8")
        (tmp_path / "ssh").chmod(0o755)
        done = subprocess.run(
            [
                Path(sys.executable).with_name("ansible-playbook"),
                "-i",
                tmp_path / "hosts.yml",
                name if name.startswith("/") else f"failover.cluster.{name}",
                *args,
            ],
            cwd=tmp_path,
            env={
                **{k: v for k, v in os.environ.items() if not k.startswith("ANSIBLE_")},
                "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
                "ANSIBLE_HOME": str(tmp_path / "home"),
                "ANSIBLE_NOCOLOR": "1",
                "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
                "ANSIBLE_LOCALHOST_WARNING": "false",
                "ANSIBLE_SSH_EXECUTABLE": str(tmp_path / "ssh"),
                "PYTHONDONTWRITEBYTECODE": "1",
                **environment,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=600,
        )
        print(done.stdout)
        return Run(done.returncode, " ".join(done.stdout.split()) + "\n" + done.stdout)

    return run
