# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of the status socket: a cluster that is well, degraded, blocked, moving, failed over.

tests/unit/failoverd/test_pair_page.py compares their keys with those of a real daemon.
"""

from __future__ import annotations

import copy
import time
from typing import Any

from failoverd.control.health import health
from failoverd.record.entries import Record, entry_of
from failoverd.record.published import published

Json = dict[str, Any]


def normal(now: float | None = None) -> Json:
    """All is well: node1 owns the service, node2 is ready."""
    now = time.time() if now is None else now
    return _judged({"ok": True, "status": _status(now), "history": _quiet(now)})


def standby(now: float | None = None) -> Json:
    """The same cluster as the standby node2 sees it."""
    said = normal(now)
    status = said["status"]
    status["node"] = "node2"
    status["peer"]["name"] = "node1"
    service = status["services"][0]
    service["local"] = "stopped"
    disk = service["disk"]
    disk["role"], disk["peer_role"] = disk["peer_role"], disk["role"]
    for resource in service["resources"]:
        resource["state"] = "down"
        resource["monitor"] = []
        resource.pop("used_percent", None)
    return _judged(said)


def degraded(now: float | None = None) -> Json:
    """One link down, one fence device without an answer, the standby resynchronises."""
    said = normal(now)
    status = said["status"]
    status["links"][1].update(state="down", age_s=412.0, problem="eth1: no carrier", missed=4120)
    status["exclusion"][0].update(
        last="failed", age_s=25.0, detail="node2: connection timed out after 10 s"
    )
    service = status["services"][0]
    service["disk"].update(
        peer_disk="Inconsistent", connection="SyncSource", out_of_sync_bytes=1_610_612_736
    )
    service["standby"].update(able=False, why="its disk is Inconsistent")
    service["sync"] = {"done_percent": 42.5, "left_s": 310}
    service["ready"].update(level="critical", reason="its disk is Inconsistent", seconds=None)
    service["resources"][3]["monitor"][0].update(
        state="doubtful", ms=3000.0, reason="no answer within 3 s"
    )
    status["warnings"] = ["link cross: eth1: no carrier"]
    at = now or time.time()
    said["history"] += [
        _entry(at - 412, "link-down", "link cross is down", alert=True),
        _entry(at - 85, "fence-device-failed", "the fence device bmc does not answer", alert=True),
    ]
    return _judged(said)


def blocked(now: float | None = None) -> Json:
    """The peer is silent and could not be fenced: the service stays down and says why."""
    said = normal(now)
    status = said["status"]
    status["peer"].update(life="silent", since_s=95.0)
    for link in status["links"]:
        link.update(state="down", age_s=97.0)
    why = "node1 is silent, and no exclusion method has succeeded: bmc: connection refused"
    service = status["services"][0]
    status["node"], status["peer"]["name"] = "node2", "node1"
    service.update(local="stopped", owner="", state="blocked", why=why, since_s=95.0, moving_to="")
    service["standby"] = {"node": "node1", "able": False, "why": "node1 is silent", "told": False}
    service["ready"] = {"level": "critical", "reason": "node1 is silent", "seconds": None}
    service["disk"].update(
        role="Secondary", peer_role="Unknown", peer_disk="Unknown", connection="WFConnection"
    )
    for resource in service["resources"]:
        resource.update(state="down", monitor=[])
        resource.pop("used_percent", None)
    status["exclusion"][0].update(last="failed", age_s=4.0, detail="node1: connection refused")
    at = now or time.time()
    said["history"] += [
        _entry(at - 97, "peer-suspect", "node1 has not been heard for 1.0 s", node="node2"),
        _entry(at - 95, "peer-silent", "node1 is silent on every link", alert=True, node="node2"),
        _entry(
            at - 90,
            "fence-failed",
            "fencing node1 failed: bmc: connection refused",
            alert=True,
            node="node2",
        ),
        _entry(at - 90, "blocked", f"shop stays down: {why}", "shop", alert=True, node="node2"),
    ]
    return _judged(said)


def after_failover(now: float | None = None) -> Json:
    """node2 has taken the service over from node1, which was fenced and is off."""
    at = time.time() if now is None else now
    said = normal(at)
    status = said["status"]
    status["node"] = "node2"
    status["peer"] = {
        "name": "node1",
        "life": "gone",
        "proof": "fenced and verified off",
        "since_s": 50.0,
    }
    for link in status["links"]:
        link.update(state="down", age_s=60.0)
    service = status["services"][0]
    service.update(owner="node2", since_s=47.5, generation=8)
    service["standby"] = {"node": "node1", "able": False, "why": "node1 is gone", "told": False}
    service["ready"] = {"level": "critical", "reason": "node1 is gone", "seconds": None}
    service["disk"].update(
        peer_role="Unknown",
        peer_disk="Outdated",
        connection="WFConnection",
        out_of_sync_bytes=65_536,
    )
    said["history"] = _quiet(at) + _failover(at)
    return _judged(said)


def taking_over(now: float | None = None) -> Json:
    """In the middle of a failover: node1 is switched off, and node2 starts the service."""
    at = time.time() if now is None else now
    said = after_failover(at)
    status, begun = said["status"], 6.0
    status["peer"]["since_s"] = begun
    service = status["services"][0]
    service.update(local="starting", state="starting", since_s=begun)
    service["doing"] = "postgresql: recovers, 3 of 7 segments"
    for resource in service["resources"][3:]:
        resource.update(state="unknown", monitor=[])
    early = {"postgresql", "apache"}
    said["history"] = [
        {**entry, "time": entry["time"] + 54.0 - begun} if entry in _failover(at) else entry
        for entry in said["history"]
        if entry["code"] != "running" or entry["time"] < at - 60
        if not early & {entry["data"].get("resource")}
    ]
    return _judged(said)


def moving(now: float | None = None) -> Json:
    """A planned move is under way."""
    said = normal(now)
    service = said["status"]["services"][0]
    service.update(state="stopping", local="stopping", moving_to="node2", since_s=1.0)
    service["resources"][3].update(state="down", monitor=[])
    return _judged(said)


def large(services: int = 50) -> Json:
    """As many services as a cluster may have."""
    said = normal()
    one = said["status"]["services"][0]
    said["status"]["services"] = [
        {**copy.deepcopy(one), "name": f"service{number}"} for number in range(services)
    ]
    said["history"] = said["history"] * 30
    return _judged(said)


def record(now: float | None = None) -> Json:
    """What failoverctl writes down for the page: the account, and one failover as a story."""
    at = time.time() if now is None else now
    entries = [
        {"time": at - 86_423, "node": "node2", "code": "daemon-start", "text": "", "data": {}},
        {
            "time": at - 86_400, "node": "node2", "code": "seen", "service": "shop",
            "text": "", "data": {"node": "node1", "local": "running"},
        },
        {
            "time": at - 59, "node": "node2", "code": "last-heard",
            "text": "node1 was heard last 1.0 s ago", "data": {"node": "node1", "heard": at - 60},
        },
        *_failover(at),
    ]  # fmt: skip
    read = [found for found in map(entry_of, entries) if found is not None]
    read.sort(key=lambda entry: entry.time)
    records = [Record("node2", tuple(read), at)]
    return published(records, [], at - 90 * 86_400, at, 99.99)


def _judged(said: Json) -> Json:
    """The answer with what is wrong, as the daemon itself judges it, and the last heartbeats."""
    said["status"]["reports"] = _reports(said["status"])
    said["status"]["health"] = health(said["status"])
    return said


def _reports(status: Json) -> list[Json]:
    """What each node has said last, which both know."""
    peer = status["peer"]
    lives = {status["node"]: "alive", peer["name"]: peer["life"]}
    heard = peer["life"] == "alive"
    return [
        {
            "name": name,
            "life": life,
            "age_s": 0.0 if life == "alive" else peer["since_s"] + 12.5,
            "reach": "reached",
            "standby": name in status["standby"],
            "goodbye": False,
            "hears": [
                link["name"]
                for link in status["links"]
                if (link["state"] == "up" if heard else name != status["node"])
            ],
            "services": [
                _report(service, name, lost=life != "alive") for service in status["services"]
            ],
        }
        for name, life in sorted(lives.items())
    ]


def _report(service: Json, name: str, *, lost: bool) -> Json:
    # A node that is lost ran the service when it was heard last.
    up, standby = lost or name == service["owner"], service["standby"]
    word = "starting" if service["state"] == "starting" and not lost else "running"
    able = up or name != standby["node"] or bool(standby["able"])
    return {
        "name": service["name"],
        "local": word if up else "stopped",
        "generation": service["generation"],
        "able": able,
        "why": "" if able else standby["why"],
    }


def _status(now: float) -> Json:
    return {
        "format": 1,
        "cluster": "shop",
        "node": "node1",
        "version": "0.1.0",
        "time": now,
        "incarnation": 41,
        "uptime_s": 86423.5,
        "leaving": False,
        "maintenance": False,
        "standby": [],
        "reach": "reached",
        "peer": {"name": "node2", "life": "alive", "proof": "", "since_s": 86400.0},
        "links": [
            _link("lan", 0.08),
            _link("cross", 0.08),
            _link("serial", 0.31),
        ],
        "exclusion": [
            {
                "name": "bmc",
                "method": "stonith",
                "last": "ok",
                "age_s": 20.4,
                "detail": "",
                "takeover_s": [3.5, 9.0],
            },
            {
                "name": "watchdog",
                "method": "watchdog",
                "last": "ok",
                "age_s": 20.4,
                "detail": "",
                "takeover_s": [21.0, 21.0],
            },
        ],
        "services": [_service()],
        "warnings": [],
        "heartbeats": {"keys": ["0f3ca711"], "refused": {}, "dropped": {"heard before": 3}},
        "watchdog": {
            "device": "/dev/watchdog",
            "identity": "iTCO_wdt",
            "timeout_s": 10,
            "counts_s": 10.0,
            "software": False,
            "open": True,
            "why": "",
        },
        "ping": [{"address": "192.0.2.254", "state": "ok", "rtt_ms": 0.4, "weight": 1}],
        "carrier": {"eth0": True, "eth1": True},
        "daemon": {
            "late_ms": 0.2,
            "latest_ms": 12.5,
            "memory_bytes": 41_943_040,
            "cpu_s": 301.2,
            "cpu_percent": 0.35,
            "real_time": True,
        },
        "disks": [],
    }


def _link(name: str, age_s: float) -> Json:
    return {
        "name": name,
        "state": "up",
        "age_s": age_s,
        "problem": "",
        "received": 864_000,
        "missed": 12,
    }


def _service() -> Json:
    return {
        "name": "shop",
        "retired": False,
        "local": "running",
        "owner": "node1",
        "state": "running",
        "generation": 7,
        "since_s": 28_800.0,
        "why": "",
        "standby": {"node": "node2", "able": True, "why": "", "told": False},
        "ready": {"level": "ok", "reason": "", "seconds": [5.5, 11.0]},
        "sync": None,
        "doing": "",
        "moving_to": "",
        "restarts": 0,
        "failure": "",
        "disk": {
            "role": "Primary",
            "disk": "UpToDate",
            "peer_role": "Secondary",
            "peer_disk": "UpToDate",
            "connection": "Connected",
            "suspended": False,
            "out_of_sync_bytes": 0,
        },
        "frozen": "",
        "resources": [
            _resource("disk", "drbd", "drbd shop"),
            {**_resource("mount", "filesystem", "/srv/shop"), "used_percent": 41},
            _resource("address", "virtual_ip", "192.0.2.10 on eth0"),
            {
                **_resource("postgresql", "unit", "postgresql-shop.service"),
                "monitor": [_check("query", "postgres", 3.1)],
            },
            {
                **_resource("apache", "unit", "apache-shop.service"),
                "monitor": [_check("page", "http", 1.2)],
            },
        ],
    }


def _resource(name: str, kind: str, label: str) -> Json:
    return {"name": name, "type": kind, "label": label, "state": "up", "monitor": []}


def _check(name: str, kind: str, ms: float) -> Json:
    return {"name": name, "type": kind, "state": "ok", "ms": ms, "reason": ""}


def _entry(
    at: float,
    code: str,
    text: str,
    service: str = "",
    *,
    alert: bool = False,
    node: str = "node1",
    data: Json | None = None,
) -> Json:
    return {
        "time": at,
        "node": node,
        "level": "alert" if alert else "info",
        "code": code,
        "text": text,
        "service": service,
        "data": data or {},
    }


def _quiet(now: float) -> list[Json]:
    return [
        _entry(now - 86_423, "daemon-start", "failoverd starts on node1"),
        _entry(now - 86_400, "peer-alive", "node2 is alive"),
        _entry(now - 28_806, "switchover", "shop moves to node1", "shop"),
        _entry(now - 28_800, "running", "shop is running on node1", "shop"),
    ]


def _failover(now: float) -> list[Json]:
    """The peer was heard last at now - 60; the service runs at now - 47.5."""

    def up(at: float, kind: str, name: str, seconds: float) -> Json:
        data = {"resource": name, "type": kind, "began": at - seconds, "seconds": seconds}
        return _entry(at, "resource-up", f"{name} is up", "shop", node="node2", data=data)

    return [
        _entry(now - 59.0, "peer-suspect", "node1 has not been heard for 1.0 s", node="node2"),
        _entry(
            now - 58.0, "peer-silent", "node1 is silent on every link", alert=True, node="node2"
        ),
        _entry(now - 58.0, "fence", "fencing node1: it is silent", alert=True, node="node2"),
        _entry(now - 58.0, "fence-begin", "node1 is switched off by bmc", node="node2"),
        _entry(now - 54.0, "peer-gone", "node1 is gone: fenced and verified off", node="node2"),
        _entry(
            now - 54.0,
            "takeover",
            "shop: taking over, fenced and verified off",
            "shop",
            node="node2",
        ),
        up(now - 53.5, "drbd", "disk", 0.5),
        up(now - 53.0, "filesystem", "mount", 0.25),
        up(now - 52.9, "virtual_ip", "address", 0.125),
        up(now - 48.0, "unit", "postgresql", 5.0),
        up(now - 47.6, "unit", "apache", 0.375),
        _entry(now - 47.5, "running", "shop is running on node2", "shop", node="node2"),
    ]
