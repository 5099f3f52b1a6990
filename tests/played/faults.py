# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""For each alert the fault that fires it, and the series that Prometheus sees then."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from failover_page.downtime import Downtime
from failover_page.metrics import exposition
from failover_page.source import Seen

from . import answers

Json = dict[str, Any]
Series = dict[str, tuple[float, float]]
"""By name and labels: value and growth in a minute."""
BEAT = 600.0


def _status(**fields: Any) -> Callable[[Json], None]:
    return lambda status: status.update(fields)


def _service(**fields: Any) -> Callable[[Json], None]:
    return lambda status: status["services"][0].update(fields)


def _disk(**fields: Any) -> Callable[[Json], None]:
    return lambda status: status["services"][0]["disk"].update(fields)


def _device(*numbers: int, **fields: Any) -> Callable[[Json], None]:
    def change(status: Json) -> None:
        for number in numbers:
            status["exclusion"][number].update(fields)

    return change


def _links(*numbers: int) -> Callable[[Json], None]:
    def change(status: Json) -> None:
        for number in numbers:
            status["links"][number].update(state="down")

    return change


def _check(status: Json) -> None:
    status["services"][0]["resources"][3]["monitor"][0].update(state="failed", reason="refused")


def _resource(number: int, **fields: Any) -> Callable[[Json], None]:
    return lambda status: status["services"][0]["resources"][number].update(fields)


def _nothing(status: Json) -> None:
    """The series say it, not the status."""


FAULTS: Mapping[str, Callable[[Json], None]] = {
    "FailoverServiceDown": _service(state="blocked", owner="", local="stopped", why="no proof"),
    "FailoverNodeUnclean": lambda status: status["peer"].update(life="silent"),
    "FailoverNodeOffline": lambda status: status["peer"].update(life="gone", proof="fenced"),
    "FailoverDaemonDown": _nothing,
    "FailoverNotReady": _service(ready={"level": "critical", "reason": "x", "seconds": None}),
    "FailoverFencingUnavailable": _device(0, 1, last="failed"),
    "FailoverFencingDegraded": _device(0, last="failed"),
    "FailoverFencingNotAsked": _device(0, age_s=4000.0),
    "FailoverMaintenance": _status(maintenance=True),
    "FailoverNodeStandby": _status(standby=["node2"]),
    "FailoverResourceDown": _resource(2, state="down"),
    "FailoverApplicationSick": _check,
    "FailoverServiceFailed": _service(failure="postgresql ended"),
    "FailoverReplicationBehind": _disk(peer_disk="Inconsistent"),
    "FailoverReplicationDown": _disk(connection="WFConnection"),
    "FailoverSplitBrain": _disk(connection="StandAlone"),
    "FailoverWritesFrozen": _disk(suspended=True),
    "FailoverLinkDown": _links(1),
    "FailoverLastLink": _links(1, 2),
    "FailoverLinkLossy": _nothing,
    "FailoverDaemonLate": lambda status: status["daemon"].update(late_ms=900.0),
    "FailoverSlow": _service(ready={"level": "ok", "reason": "", "seconds": [1.0, 2.0]}),
    "FailoverWatchdogOff": lambda status: status["watchdog"].update(why="cannot be opened"),
    "FailoverDiskFull": _resource(1, used_percent=97),
    "FailoverPingTargetLost": lambda status: status["ping"][0].update(state="lost"),
    "FailoverClock": _nothing,
    "FailoverDowntimeUnplanned": _nothing,
}
"""By alert, what is changed in the status of a cluster that is well."""


def series(alert: str = "") -> Series:
    """The series of a cluster that is well, but for what the alert is about."""
    said = answers.normal(0.0)
    if alert == "FailoverSlow":
        said["history"] = answers.after_failover(0.0)["history"]
    FAULTS.get(alert, _nothing)(said["status"])
    downtime = Downtime()
    downtime.seconds["shop", "failover"] = 0.0
    problem = "the daemon is gone" if alert == "FailoverDaemonDown" else ""
    seen = Seen(said["status"], said["history"], 1.0, 1.0, problem)
    lines = exposition(seen, downtime).decode().splitlines()
    found = (line.rpartition(" ") for line in lines if line and not line.startswith("#"))
    return {
        name.replace("}", ',instance="node1:9820"}'): _grown(name, float(value), alert)
        for name, _labels, value in found
    }


def _grown(name: str, value: float, alert: str) -> tuple[float, float]:
    if name.startswith("failover_link_heartbeats_received_total"):
        return value, BEAT
    if name.startswith("failover_link_heartbeats_missed_total"):
        return value, BEAT / 5 if alert == "FailoverLinkLossy" else 0.0
    if name.startswith("failover_node_time_seconds"):
        return (60.0 if alert == "FailoverClock" else 0.0), 60.0
    if name.startswith("failover_service_downtime") and 'cause="failover"' in name:
        return value, 5.0 if alert == "FailoverDowntimeUnplanned" else 0.0
    return value, 0.0
