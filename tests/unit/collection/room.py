# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a module with DRBD's own tools on a /etc/drbd.d that only this run sees."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from .conftest import CHECKOUT, COLLECTIONS, VARIABLES

INSIDE = """
import json, sys
from tests.unit.collection.modules import run
name, arguments = json.loads(sys.stdin.read())
print(json.dumps(run(name, **arguments)))
"""
PREPARE = f"""
mount --bind "$0" /etc/drbd.d
ip address add {VARIABLES["failover_links"][1]["address"]["node1"]} dev lo
ip link set lo up
exec "$@"
"""
"""DRBD refuses an address that its host does not have."""
KERNEL = "8.4.11"
"""The grammar of the tools follows the kernel's module, which this machine need not have."""


def run(etc: Path, name: str, /, kernel: str = KERNEL, **arguments: Any) -> dict[str, Any]:
    """Return what the module says; ``etc`` stands where /etc/drbd.d is."""
    environment = {
        **os.environ,
        # Behind them what this process has, wherever Ansible is.
        "PYTHONPATH": os.pathsep.join([str(CHECKOUT), str(COLLECTIONS), *sys.path]),
        "DRBD_DRIVER_VERSION_OVERRIDE": kernel,
    }
    done = subprocess.run(
        [
            *("unshare", "--mount", "--net", "sh", "-c", PREPARE),
            *(str(etc), sys.executable, "-c", INSIDE),
        ],
        input=json.dumps([name, arguments]),
        env=environment,
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result
