# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The last entries of the history, and how many heartbeats a link lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from failoverd.journal.history import History
from failoverd.journal.recent import LONGEST, MOST, Recent
from failoverd.links.quality import Quality


def entry(code: str, at: float, **more: Any) -> dict[str, Any]:
    return {
        "time": at,
        "mono": 1.0,
        "node": "node1",
        "level": "info",
        "code": code,
        "text": "a text",
        "service": "",
        "data": {},
        **more,
    }


def codes(recent: Recent) -> list[str]:
    return [one["code"] for one in recent.entries()]


def test_entries_of_earlier_lives_come_before_those_of_this_one(tmp_path: Path) -> None:
    lines = [json.dumps(entry(f"former-{n}", float(n))) for n in range(3)]
    (tmp_path / "history.1.jsonl").write_text(lines[0] + "\n")
    (tmp_path / "history.jsonl").write_text("\n".join(lines[1:]) + '\n{"time": 3.0, "co')
    recent = Recent(tmp_path)
    history = History(tmp_path, "node1")
    history.listeners.append(recent.take)
    history.add("new", "of this life")
    assert history.drain(10.0)
    assert codes(recent) == ["new"]
    recent.read()
    assert codes(recent) == ["former-0", "former-1", "former-2", "new"]
    history.close()


def test_without_a_file_there_is_nothing_to_read(tmp_path: Path) -> None:
    recent = Recent(tmp_path)
    recent.read()
    assert recent.entries() == []


def test_number_and_length_are_bounded(tmp_path: Path) -> None:
    recent = Recent(tmp_path)
    for number in range(2 * MOST):
        recent.take(entry(f"n{number}", 1.0, text="x" * 9999, data={"a": "y" * 9999, "b": [1]}))
    kept = recent.entries()
    assert len(kept) == MOST
    assert kept[-1]["code"] == f"n{2 * MOST - 1}"
    assert len(kept[0]["text"]) == LONGEST
    assert kept[0]["data"] == {"a": "y" * LONGEST}


def test_of_a_large_file_the_end_is_read(tmp_path: Path) -> None:
    with (tmp_path / "history.jsonl").open("w") as file:
        for number in range(5000):
            file.write(json.dumps(entry(f"n{number}", float(number))) + "\n")
    recent = Recent(tmp_path)
    recent.read()
    assert codes(recent) == [f"n{number}" for number in range(5000 - MOST, 5000)]


def test_a_link_counts_the_heartbeats_that_it_lost() -> None:
    quality = Quality()
    for number in (7, 8, 11):
        quality.heard("lan", 1, number)
    quality.heard("lan", 1, 8)
    quality.heard("cross", 1, 8)
    assert quality.report("lan") == {"received": 3, "missed": 2}
    assert quality.report("cross") == {"received": 1, "missed": 0}
    assert quality.report("serial") == {"received": 0, "missed": 0}


def test_a_new_life_of_the_peer_has_missed_nothing_yet() -> None:
    quality = Quality()
    quality.heard("lan", 1, 7)
    quality.heard("lan", 2, 900)
    quality.heard("lan", 2, 902)
    quality.heard("lan", 1, 990)
    assert quality.report("lan") == {"received": 3, "missed": 1}
