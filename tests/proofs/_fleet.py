# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook status over many clusters.

All nodes are this machine. What failoverctl says on each of them is a file: its own work is the
work of the nodes, and no part of the time of the control host.
"""

from __future__ import annotations

import json
import os
import resource
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import yaml

from tests.played import answers

from ._again import again

ROOT = Path(__file__).resolve().parents[2]
CLUSTERS, LIMIT_S, PATIENCE_S = 200, 60.0, 400.0
FORKS = "20"
ROUNDS = 2
Row = dict[str, Any]


SHELL = """#!/bin/sh
case "$2" in
  *failoverctl*status*) exec cat {answer} ;;
esac
exec /bin/sh "$@"
"""


def _inventory(shell: Path) -> dict[str, Any]:
    nodes = {
        "ansible_connection": "local",
        "ansible_become": False,
        "ansible_shell_executable": str(shell),
    }
    return {
        f"c{number}": {
            "hosts": {f"c{number}{side}": dict(nodes) for side in "ab"},
            "vars": {
                "failover_links": [{"name": "lan", "interface": "eth0"}],
                "failover_services": [{"name": "web"}],
            },
        }
        for number in range(CLUSTERS)
    }


def rows(directory: Path) -> list[Row]:
    """One row: how long it takes until the table, the page and the JSON are there."""
    place = directory / "fleet"
    place.mkdir()
    answer, shell = place / "answer.json", place / "shell"
    answer.write_text(json.dumps(answers.normal()["status"]), encoding="utf-8")
    shell.write_text(SHELL.format(answer=answer), encoding="utf-8")
    shell.chmod(stat.S_IRWXU)
    (place / "hosts.yml").write_text(yaml.safe_dump(_inventory(shell)), encoding="utf-8")
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith("ANSIBLE_")},
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "build/collections"),
        "ANSIBLE_HOME": str(place / "home"),
        "ANSIBLE_FORKS": FORKS,
    }
    command = [
        str(Path(sys.executable).with_name("ansible-playbook")), "-i", "hosts.yml",
        "failover.cluster.status", "-e", "output=all.json", "-e", "page=all.html",
    ]  # fmt: skip
    figures = again(lambda: _run(command, place, environment), _whole_in_time, ROUNDS)
    return [
        {
            "what": f"the state of {CLUSTERS} clusters in one run",
            "ok": _whole_in_time(figures),
            "figures": {**figures, "limit_s": LIMIT_S},
        }
    ]


def _whole_in_time(figures: Row) -> bool:
    whole = (figures.get("clusters"), figures.get("nodes that answered"))
    return whole == (CLUSTERS, 2 * CLUSTERS) and figures["seconds"] < LIMIT_S


def _run(command: list[str], place: Path, environment: dict[str, str]) -> Row:
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        command, cwd=place, env=environment, stdin=subprocess.DEVNULL, capture_output=True,
        text=True, check=False, timeout=PATIENCE_S,
    )  # fmt: skip
    took, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        return {"why": done.stdout[-1000:]}
    found = json.loads((place / "all.json").read_text(encoding="utf-8"))["clusters"]
    heard = sum(node["answers"] for row in found for node in row["nodes"])
    return {
        "seconds": round(took, 1),
        "clusters": len(found),
        "nodes that answered": heard,
        "processor_s": round(
            after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 1
        ),
    }
