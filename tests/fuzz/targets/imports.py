# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configurations of old clusters: files of any content, from which an inventory is proposed."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.fuzz.target import Target

CHECKOUT = Path(__file__).resolve().parents[3]
COLLECTIONS = CHECKOUT / "build" / "collections"
sys.path.insert(0, str(COLLECTIONS))

from ansible_collections.failover.cluster.plugins.module_utils._existing import (  # noqa: E402
    cib,
    redact,
)
from ansible_collections.failover.cluster.plugins.plugin_utils._imports import (  # noqa: E402
    proposals,
)

CORPUS = CHECKOUT / "tests" / "unit" / "imports" / "corpus"
CLEAN: Mapping[str, Callable[[str], str]] = {
    "etc/ha.d/ha.cf": redact.ha_cf,
    "etc/ha.d/haresources": redact.haresources,
    "etc/ha.d/authkeys": redact.authkeys,
    "etc/drbd.d/r0.res": redact.drbd,
    "etc/fstab": redact.fstab,
    "etc/drbd.d/files.res": redact.drbd,
    "etc/keepalived/keepalived.conf": redact.keepalived,
    "etc/corosync/corosync.conf": redact.corosync,
    "var/lib/pacemaker/cib/cib.xml": cib.clean,
}
CASES = (
    ("heartbeat", "drbd-mysql-mail"),
    ("heartbeat", "serial-stonith"),
    ("heartbeat", "watchdog-lease"),
    ("drbd", "keepalived"),
    ("pacemaker", "drbd-group"),
    ("pacemaker", "bonds-instead-of-a-group"),
)


def _host(number: int, name: str, texts: Mapping[str, str]) -> dict[str, Any]:
    files = {
        path: {"text": CLEAN[path](texts[path]), "mode": "600", "cut": False}
        for path in CLEAN
        if path in texts
    }
    return {
        "nodename": name,
        "interfaces": {
            "eth0": [f"192.168.1.1{number}/24"],
            "eth1": [f"192.168.2.1{number}/24"],
        },
        "watchdog": {"exists": True},
        "fstab": files.get("etc/fstab", {}).get("text", ""),
        "units": ["apache2.service"],
        "mounts": "/dev/drbd3 /srv/files xfs rw 0 0",
        "keepalived": files.get("etc/keepalived/keepalived.conf"),
        "corosync": files.get("etc/corosync/corosync.conf"),
        "cib": files.get("var/lib/pacemaker/cib/cib.xml", {}).get("text", ""),
        "heartbeat": {
            name: files.get(f"etc/ha.d/{name}") for name in ("ha.cf", "haresources", "authkeys")
        },
        "drbd_files": {
            f"/{path}": file for path, file in files.items() if path.startswith("etc/drbd")
        },
    }


def run(data: bytes) -> bool:
    """No file brings an exception. What is proposed is YAML, and no line commands a terminal."""
    try:
        texts = json.loads(data)
    except (ValueError, RecursionError):
        return False
    if not isinstance(texts, dict) or not all(isinstance(text, str) for text in texts.values()):
        return False
    answers = {
        name: {"host": _host(number, name, texts), "address": f"10.0.0.{number}"}
        for number, name in enumerate(("alpha", "beta"), 1)
    }
    accepted = [_proposed(kind, answers) for kind in ("heartbeat", "drbd", "pacemaker")]
    return any(accepted)


def _proposed(kind: str, answers: dict[str, Any]) -> bool:
    proposal = proposals.make(kind, answers, "", "shop.yml")
    assert proposal.report.replace("\n", "").isprintable(), "a terminal would obey this"
    json.loads(proposal.json())
    if not proposal.inventory:
        return False
    assert yaml.safe_load(proposal.inventory)
    return True


def _sample(kind: str, case: str) -> bytes:
    place = CORPUS / kind / case
    texts = {path: (place / path).read_text() for path in CLEAN if (place / path).exists()}
    return json.dumps(texts).encode()


TARGET = Target("imports", [_sample(*case) for case in CASES], run)
