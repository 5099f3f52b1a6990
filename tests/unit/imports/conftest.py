# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts that are read from small directories: what lies below etc is what the host has."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.unit.collection.conftest import COLLECTIONS

assert COLLECTIONS.exists()

from ansible_collections.failover.cluster.plugins.module_utils._existing import (  # noqa: E402
    host,
    kinds,
    read,
    redact,
)

CORPUS = Path(__file__).parent / "corpus"
HOSTS = ("alpha", "beta")
SECRET = "swordfish"
"""Begins every secret of the corpus."""


def run(argv: Sequence[str]) -> tuple[int, str, str]:
    """No program of this machine is asked; ip and du answer for every host of the corpus."""
    if list(argv) == ["ip", "-j", "address"]:
        told = {"local": "192.168.1.11", "prefixlen": 24, "scope": "global", "family": "inet"}
        return 0, json.dumps([{"ifname": "eth0", "addr_info": [told]}]), ""
    if argv[0] == "du":
        return 0, "230\t/var/lib\n", ""
    return 1, "", ""


def case(kind: str, name: str) -> dict[str, Any]:
    """What a case expects, and what its hosts have besides."""
    loaded: dict[str, Any] = yaml.safe_load((CORPUS / kind / name / "expect.yml").read_text())
    return loaded


def answers(kind: str, name: str, room: Path) -> dict[str, dict[str, Any]]:
    """What the hosts of a case answer to existing_info."""
    place, expect = CORPUS / kind / name, case(kind, name)
    result = {}
    for number, host_name in enumerate(expect.get("nodes", HOSTS), 1):
        root = room / host_name
        for tree in (place, place / host_name):
            if (tree / "etc").is_dir():
                shutil.copytree(tree / "etc", root / "etc", dirs_exist_ok=True)
            if (tree / "var").is_dir():
                shutil.copytree(tree / "var", root / "var", dirs_exist_ok=True)
        keys = root / "etc/ha.d/authkeys"
        if keys.exists():
            keys.chmod(int(expect.get("mode", "600"), 8))
        told = _told(host_name, number, root)
        told.update(kinds.KINDS[kind](run, str(root)))
        more = dict(expect.get("hosts", {}).get(host_name, {}))
        told.setdefault("server", {}).update(more.pop("server", {}))
        told.update(more)
        result[host_name] = {"host": told, "address": f"10.0.0.{number}"}
    return result


def _told(name: str, number: int, root: Path) -> dict[str, Any]:
    """What every host of the corpus has, if its case does not say otherwise."""
    table = read.file("/etc/fstab", redact.fstab, str(root))
    return {
        "nodename": name,
        "os": {"id": "debian", "version": "12"},
        "interfaces": {
            "lo": ["127.0.0.1/8"],
            "eth0": [f"192.168.1.1{number}/24"],
            "eth1": [f"192.168.2.1{number}/24"],
        },
        "watchdog": {"exists": False, "loadable": False, "identity": ""},
        "mounts": "",
        "fstab": table["text"] if table else "",
        "drbd_version": "8.4.11",
        "drbd_state": {},
        "postgresql": host.postgresql(str(root)),
        "units": ["apache2.service", "mariadb.service", "postgresql.service"],
        "running": [],
        "scripts": ["apache2", "mariadb", "postgresql"],
    }
