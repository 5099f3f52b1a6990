# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes recordings of what real kernels did with DRBD, for the simulator's model to be held to.

``python -m tests.kernels.recording build/lab-test tests/simulation/recorded TEST...`` after a
session of lab tests. Put together are, in order of time: what was done to the lab (marks, power
supplies), what the core ordered (journals), and what /proc/drbd showed on each node (journals).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lab.paths import LabPaths

ORDERS = {
    "Start": "promote",
    "Stop": "demote",
    "Outdate": "outdate",
    "ResumeIO": "resume",
    "AnswerHandler": "answer",
}
Line = dict[str, Any]


def jsonl(path: Path) -> Iterator[Line]:
    """The whole lines of a file; the end may be cut off by a loss of power."""
    for line in path.read_text(encoding="utf-8", errors="replace").split("\n"):
        try:
            yield json.loads(line)
        except ValueError:
            return


def seen(disk: dict[str, Any]) -> list[Any]:
    """One state as a list: role, disk, peer's role, peer's disk, connection, frozen."""
    names = ("role", "disk", "peer_role", "peer_disk", "connection")
    return [*(disk.get(name, "Unknown") for name in names), bool(disk.get("suspended"))]


def of_journal(node: str, path: Path) -> Iterator[Line]:
    """What one life of a daemon saw of its disk and ordered."""
    lines = jsonl(path)
    head = next(lines, None)
    if head is None:
        return  # the power went before any of it was on the disk
    zero = float(head["wall"]) - float(head["t"])
    now = float(head["wall"])
    handing_over = False
    for line in lines:
        if "t" in line:
            now = zero + float(line["t"])
        event = line.get("e", {})
        if event.get("$") == "DiskChanged":
            yield {"t": now, "node": node, "saw": seen(event["disk"])}
        handing_over |= event.get("$") == "Command" and event["verb"] == "handover"
        decided = line.get("d", ())
        for action in decided if isinstance(decided, list) else ():
            kind = action["$"]
            if kind in ORDERS:
                order: Line = {"t": now, "node": node, "do": ORDERS[kind]}
                if kind == "AnswerHandler":
                    order["code"] = action["code"]
                if kind == "Start":
                    order["code"] = 7 if action["peer_gone"] else 1
                yield order
            elif kind == "Leave" and handing_over:
                yield {"t": now, "node": node, "do": "leave"}


def of_power(node: str, path: Path) -> Iterator[Line]:
    """What the node's power supply did, the node itself included."""
    frozen = False
    for line in jsonl(path):
        if line["what"] == "asked":
            continue
        if line["what"] != "thawed" or frozen:
            yield {"t": line["time"], "node": node, "power": line["what"]}
        frozen = line["what"] == "frozen"


def of_path(marks: list[Line], link: str) -> Iterator[Line]:
    """When the replication link carried and when not."""
    ends: dict[str, str] = {}
    whole = True
    for line in marks:
        if line.get("link") != link:
            continue
        ends[line["node"]] = line["state"]
        now = all(state in ("up", "no-udp") for state in ends.values())
        if now != whole:
            whole = now
            yield {"t": line["time"], "path": whole}


def recording(place: Path, logs: Path, test: str, link: str) -> list[Line]:
    """All lines of one test; times in seconds since it began."""
    marks = list(jsonl(place / "marks.jsonl"))
    begin, end = (
        next(line["time"] for line in marks if line.get("test") == test and line["what"] == what)
        for what in ("begins", "ends")
    )
    nodes = sorted(path.name for path in (place / "journals" / test).iterdir())
    lines: list[Line] = [*of_path(marks, link)]
    for line in marks:
        if "disk" in line:
            lines.append({"t": line["time"], "node": line["node"], "disk": line["disk"]})
    for node in nodes:
        lines += of_power(node, logs / f"{node}-power.jsonl")
        for segment in sorted((place / "journals" / test / node / "journal").glob("*.jsonl")):
            lines += of_journal(node, segment)
    lines.sort(key=lambda line: float(line["t"]))
    before = [line for line in lines if "saw" in line and line["t"] < begin]
    last = next(line for line in reversed(before) if whole(line["saw"]))
    kept: list[Line] = [{"test": test, "nodes": nodes}, *first(nodes, last)]
    for line in lines:
        if begin <= line["t"] <= end:
            kept.append({**line, "t": round(line["t"] - begin, 3)})
    return kept


def first(nodes: list[str], line: Line) -> Iterator[Line]:
    """Both nodes when a test begins: whole, as the fixture made sure of.

    The last lines of a journal may be lost with the power; then the other node tells for both.
    """
    role, disk, peer_role, peer_disk, connection, still = line["saw"]
    for node in nodes:
        mine = (
            [role, disk, peer_role, peer_disk]
            if node == line["node"]
            else [peer_role, peer_disk, role, disk]
        )
        yield {"t": 0.0, "node": node, "saw": [*mine, connection, still]}


def whole(saw: list[Any]) -> bool:
    """Connected, and both copies are current."""
    return saw[1] == saw[3] == "UpToDate" and saw[4] == "Connected"


def main() -> None:
    """Write the recordings of the named tests."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("place", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("tests", nargs="+")
    parser.add_argument("--lab", default="test")
    parser.add_argument("--link", default="mirror")
    given = parser.parse_args()
    logs = LabPaths.of(given.lab).logs
    given.out.mkdir(parents=True, exist_ok=True)
    for test in given.tests:
        lines = recording(given.place, logs, test, given.link)
        path = given.out / f"{test.removeprefix('test_')}.jsonl"
        path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        print(f"{path}: {len(lines)} lines")


if __name__ == "__main__":
    main()
