# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A history: what failoverctl availability and history --explain make of it."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from failoverd.record import account, entries, story
from tests.fuzz.target import Target

from . import journal

PLACE = Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
BEGIN = 1.7e9
NOW = BEGIN + 1000
ROWS: list[tuple[float, str, str, str, dict[str, Any]]] = [
    (0, "daemon-start", "failoverd starts on b", "", {"boot": "x", "before": BEGIN - 9}),
    (1, "seen", "shop is running on a", "shop", {"node": "a", "local": "running", "heard": BEGIN}),
    (8, "peer-silent", "a is silent on every link", "", {}),
    (8, "last-heard", "a was heard last 3.0 s ago", "", {"node": "a", "heard": BEGIN + 5}),
    (
        9,
        "fence-end",
        "bmc: off of a: unknown",
        "",
        {"ask": "off", "power": "unknown", "seconds": 1},
    ),
    (10, "confirmed", "root confirmed that a is off", "", {}),
    (10, "peer-gone", "a is gone: fenced and verified off", "", {}),
    (11, "start-begin", "shop: start begins", "shop", {"generation": 2}),
    (12, "resource-up", "shop: db is up", "shop", {"resource": "db", "seconds": 0.9}),
    (12, "running", "shop is running on b", "shop", {}),
    (50, "mode", "maintenance mode is on, asked by root", "", {}),
    (60, "resource-failed", "shop: db was killed", "shop", {}),
    (90, "mode", "maintenance mode is off, asked by root", "", {}),
    (95, "history-lost", "3 entries were lost", "", {"lost": 3}),
    (99, "daemon-end", "failoverd ends on b", "", {}),
]


def run(data: bytes) -> bool:
    """Each sum adds up, and every text can be shown on a terminal."""
    (PLACE / "history.jsonl").write_bytes(data)
    record = entries.read(PLACE)
    if record is None:
        return False
    try:
        found = account.report([record], [], BEGIN - 10, NOW, 99.99)
    except account.Wrong:
        return False
    for service in found["services"]:
        assert abs(service["known_s"] + service["unknown_s"] - service["period_s"]) < 1
    shown = account.text(found)
    for number, outage in enumerate(story.every([record], NOW), 1):
        shown += story.text(story.story(outage, [record]), number, number)
    json.dumps(found)
    return bool(shown)


def _sample() -> bytes:
    (PLACE / "journal").mkdir(exist_ok=True)
    (PLACE / "journal/0000000001.jsonl").write_bytes(journal.TARGET.samples[0])
    rows = [
        {"time": BEGIN + at, "node": "b", "code": code, "text": text, "service": service, "data": d}
        for at, code, text, service, d in ROWS
    ]
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


TARGET = Target("history", [_sample()], run)
