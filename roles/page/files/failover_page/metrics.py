# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The status as metrics of Prometheus.

Seconds, bytes and ratios are base units; a counter ends in _total. docs/page.md lists them.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from .downtime import Downtime
from .phases import last_failovers
from .reading import flag, listing, mapping, number, others, text, texts
from .source import Seen

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
LIVES = ("unseen", "alive", "suspect", "silent", "gone")
LINK_STATES = ("up", "one-way", "down")
STATES = ("running", "starting", "stopping", "stopped", "blocked", "broken", "open for repair")
ROLES = ("owner", "standby", "none")
DEVICE_STATES = ("ok", "failed", "unknown")
LEVELS = ("ok", "warning", "critical", "unknown")
SEVERITIES = ("info", "warning", "critical")


class Families(Collector):
    """Collects samples. The families come out in the order of their first sample."""

    def __init__(self, cluster: str) -> None:
        """cluster: a label of every sample, because clusters may have equal service names."""
        self._families: dict[str, Metric] = {}
        self._common = {"cluster": cluster}

    def gauge(self, name: str, says: str, value: float | None, **labels: str) -> None:
        """Add one sample; None adds nothing."""
        self._add(GaugeMetricFamily, name, says, value, labels)

    def counter(self, name: str, says: str, value: float | None, **labels: str) -> None:
        """Add one sample of a counter; name without _total."""
        self._add(CounterMetricFamily, name, says, value, labels)

    def states(
        self, name: str, says: str, present: str, states: Iterable[str], **labels: str
    ) -> None:
        """Add one sample for each state: 1 for the present one, 0 for the others."""
        known = tuple(states)
        for state in known if present in known or not present else (*known, present):
            self.gauge(name, says, float(state == present), **labels, state=state)

    def _add(
        self, kind: Any, name: str, says: str, value: float | None, labels: Mapping[str, str]
    ) -> None:
        if value is None:
            return
        labels = {**self._common, **labels}
        family = self._families.get(name)
        if family is None:
            family = self._families[name] = kind(f"failover_{name}", says, labels=list(labels))
        family.add_metric(list(labels.values()), value)

    def collect(self) -> Iterable[Metric]:
        """For the registry."""
        return self._families.values()


def exposition(seen: Seen, downtime: Downtime) -> bytes:
    """The text for Prometheus. Nothing old is told: without the daemon only few metrics are."""
    began = time.perf_counter()
    families = Families(text(seen.status, "cluster"))
    families.gauge(
        "daemon_up", "Whether the cluster software answers on this node.", float(seen.up)
    )
    if seen.up:
        for part in PARTS:
            part(families, seen.status)
        _failovers(families, seen)
    _account(families, seen.record)
    for (service, cause), seconds in sorted(downtime.seconds.items()):
        families.counter(
            "service_downtime_seconds",
            "Time without the service since the page started, by cause.",
            seconds,
            service=service,
            cause=cause,
        )
    families.gauge(
        "scrape_duration_seconds",
        "Time that it took to make these metrics.",
        time.perf_counter() - began,
    )
    registry = CollectorRegistry(auto_describe=False)
    registry.register(families)
    return bytes(generate_latest(registry))


def _account(out: Families, record: Mapping[str, Any]) -> None:
    """The account of the history. It holds also while the daemon does not answer."""
    out.gauge("account_timestamp_seconds", "When the account was made.", number(record, "at"))
    for service in listing(mapping(record, "availability"), "services"):
        name, share = text(service, "name"), number(service, "availability")
        for key, says, value in (
            (
                "availability_ratio",
                "Share of the known time of the account in which the service was up.",
                None if share is None else share / 100,
            ),
            (
                "availability_budget_left_seconds",
                "Downtime that the target still allows in the period of the account.",
                number(mapping(service, "budget"), "left_s"),
            ),
            (
                "availability_unknown_seconds",
                "Time of the account of which no record tells anything.",
                number(service, "unknown_s"),
            ),
        ):
            out.gauge(f"service_{key}", says, value, service=name)
        seen = set()
        for cause in listing(service, "causes"):
            planned = "true" if flag(cause, "planned") else "false"
            code = text(cause, "cause")
            if (code, planned) not in seen:
                seen.add((code, planned))
                out.gauge(
                    "service_account_downtime_seconds",
                    "Downtime in the account, by cause.",
                    number(cause, "seconds"),
                    service=name,
                    cause=code,
                    planned=planned,
                )


def _node(out: Families, status: Mapping[str, Any]) -> None:
    own, peers = text(status, "node"), others(status)
    out.gauge(
        "daemon_info",
        "Cluster, node and version of failoverd.",
        1.0,
        node=own,
        peer=",".join(text(peer, "name") for peer in peers),
        version=text(status, "version"),
    )
    out.gauge("node_time_seconds", "Wall clock of the node.", number(status, "time"))
    out.gauge("daemon_uptime_seconds", "Age of this life of failoverd.", number(status, "uptime_s"))
    out.gauge(
        "maintenance",
        "Whether the maintenance mode is on.",
        float(flag(status, "maintenance")),
    )
    quorum = mapping(status, "quorum")
    if quorum:
        out.gauge(
            "quorum",
            "Whether this part of the cluster may run services.",
            float(flag(quorum, "now")),
        )
    standby = texts(status, "standby")
    for node in _nodes(status):
        out.gauge(
            "node_standby",
            "Whether the node is in standby mode.",
            float(node in standby),
            node=node,
        )
    for peer in peers:
        out.states(
            "peer_state",
            "What this node knows of the life of another one.",
            text(peer, "life"),
            LIVES,
            peer=text(peer, "name"),
        )
        out.gauge(
            "peer_state_age_seconds",
            "Since when that is known.",
            number(peer, "since_s"),
            peer=text(peer, "name"),
        )
    findings = listing(mapping(status, "health"), "findings")
    for severity in SEVERITIES:
        out.gauge(
            "findings",
            "What is wrong, as failoverctl status says it.",
            float(sum(text(one, "severity") == severity for one in findings)),
            severity=severity,
        )
    out.gauge(
        "warnings", "Warnings that failoverctl status shows.", float(len(texts(status, "warnings")))
    )


def _nodes(status: Mapping[str, Any]) -> list[str]:
    """Their names; this one is the first."""
    return [text(status, "node"), *(text(one, "name") for one in others(status))]


def _daemon(out: Families, status: Mapping[str, Any]) -> None:
    daemon = mapping(status, "daemon")
    for name, says, key, unit in (
        ("daemon_late_seconds", "Longest delay of failoverd's loop of late.", "late_ms", 1000),
        ("daemon_late_max_seconds", "Longest delay in this life.", "latest_ms", 1000),
        ("daemon_resident_memory_bytes", "Resident memory of failoverd.", "memory_bytes", 1),
    ):
        value = number(daemon, key)
        out.gauge(name, says, None if value is None else value / unit)
    out.counter(
        "daemon_cpu_seconds", "Time of the processor in this life.", number(daemon, "cpu_s")
    )
    watchdog = mapping(status, "watchdog")
    if watchdog:
        out.gauge(
            "watchdog_protecting",
            "Whether a watchdog would reset this node if it hangs.",
            float(not text(watchdog, "why")),
        )


def _links(out: Families, status: Mapping[str, Any]) -> None:
    ages = []
    for link in listing(status, "links"):
        name = text(link, "name")
        age = number(link, "age_s")
        ages += [] if age is None else [age]
        out.states(
            "link_state", "State of a heartbeat link.", text(link, "state"), LINK_STATES, link=name
        )
        out.gauge(
            "link_heartbeat_age_seconds", "Age of the last heartbeat of the link.", age, link=name
        )
        for key, says in (
            ("received", "Heartbeats that came over the link."),
            ("missed", "Heartbeats that were lost on the link."),
        ):
            out.counter(f"link_heartbeats_{key}", says, number(link, key), link=name)
    out.gauge(
        "heartbeat_age_seconds", "Age of the last heartbeat of any link.", min(ages, default=None)
    )
    for key, says in (
        ("refused", "Datagrams that were refused."),
        ("dropped", "Heartbeats that were dropped."),
    ):
        counts = mapping(mapping(status, "heartbeats"), key)
        for reason in counts:
            out.counter(f"heartbeats_{key}", says, number(counts, reason), reason=reason)
    for target in listing(status, "ping"):
        address, rtt = text(target, "address"), number(target, "rtt_ms")
        if text(target, "state") in ("ok", "lost"):
            up = text(target, "state") == "ok"
            out.gauge(
                "ping_target_up", "Whether the ping target answers.", float(up), target=address
            )
            out.gauge(
                "ping_target_round_trip_seconds",
                "Round trip to the ping target.",
                rtt / 1000 if up and rtt is not None else None,
                target=address,
            )


def _fencing(out: Families, status: Mapping[str, Any]) -> None:
    for device in listing(status, "exclusion"):
        labels = {"device": text(device, "name"), "method": text(device, "method")}
        out.states(
            "fence_device_state",
            "Last answer of the device.",
            text(device, "last"),
            DEVICE_STATES,
            **labels,
        )
        out.gauge(
            "fence_device_answer_age_seconds",
            "Time since the device was last asked and answered or failed.",
            number(device, "age_s"),
            **labels,
        )
        _span(
            out,
            "takeover_expected_seconds",
            "Expected time from the last sign of life to the proof by this device.",
            device.get("takeover_s"),
            **labels,
        )


def _span(out: Families, name: str, says: str, value: Any, **labels: str) -> None:
    """A time that is at least and at most so long."""
    if isinstance(value, list) and len(value) == 2:
        for bound, seconds in zip(("least", "most"), value, strict=True):
            out.gauge(name, says, number({"s": seconds}, "s"), **labels, bound=bound)


def _services(out: Families, status: Mapping[str, Any]) -> None:
    for service in listing(status, "services"):
        _service(out, status, service, text(service, "name"))


def _service(
    out: Families, status: Mapping[str, Any], service: Mapping[str, Any], name: str
) -> None:
    owner, standby = text(service, "owner"), mapping(service, "standby")
    role = "owner" if owner == text(status, "node") else "standby" if owner else "none"
    out.states(
        "service_state", "State of the service.", text(service, "state"), STATES, service=name
    )
    for each in ROLES:
        out.gauge(
            "service_role",
            "Role of this node for the service.",
            float(each == role),
            service=name,
            role=each,
        )
    for node in _nodes(status):
        out.gauge(
            "service_owner",
            "Whether the node runs the service.",
            float(node == owner),
            service=name,
            node=node,
        )
    for key, metric, says in (
        ("generation", "service_generation", "Number of changes of the owner."),
        ("since_s", "service_state_age_seconds", "Time in the present state."),
        ("restarts", "service_restarts", "Restarts in place that still count as failures."),
    ):
        out.gauge(metric, says, number(service, key), service=name)
    out.gauge(
        "service_failed",
        "Whether a failure of the service on this node is remembered.",
        float(bool(text(service, "failure"))),
        service=name,
    )
    out.gauge(
        "standby_ready",
        "Whether the node could take the service over now.",
        float(flag(standby, "able")),
        service=name,
        node=text(standby, "node"),
    )
    ready = mapping(service, "ready")
    out.states(
        "ready_state",
        "Whether a failover would succeed now.",
        text(ready, "level"),
        LEVELS,
        service=name,
    )
    _span(
        out,
        "predicted_duration_seconds",
        "Expected time of a failover.",
        ready.get("seconds"),
        service=name,
    )
    _drbd(out, mapping(service, "disk"), name)
    sync = mapping(service, "sync")
    done = number(sync, "done_percent")
    out.gauge(
        "drbd_sync_done_ratio",
        "Part of the resync or verification that is done.",
        None if done is None else done / 100,
        service=name,
    )
    out.gauge(
        "drbd_sync_left_seconds",
        "The kernel's estimate of the rest.",
        number(sync, "left_s"),
        service=name,
    )
    for resource in listing(service, "resources"):
        _resource(out, resource, name, text(status, "node"))


def _drbd(out: Families, disk: Mapping[str, Any], name: str) -> None:
    if not disk:
        return
    for side, role, state in (("local", "role", "disk"), ("peer", "peer_role", "peer_disk")):
        out.gauge(
            "drbd_info",
            "Role and state of the replicated disk, in DRBD's words.",
            1.0,
            service=name,
            side=side,
            role=text(disk, role),
            disk=text(disk, state),
            connection=text(disk, "connection"),
        )
        out.gauge(
            "drbd_up_to_date",
            "Whether the copy is up to date.",
            float(text(disk, state) == "UpToDate"),
            service=name,
            side=side,
        )
    connection = text(disk, "connection")
    out.gauge(
        "drbd_connected",
        "Whether the copies are connected.",
        float(
            connection
            not in (
                "",
                "Unknown",
                "StandAlone",
                "WFConnection",
                "Connecting",
                "Disconnecting",
                "Unconnected",
                "Timeout",
                "BrokenPipe",
                "NetworkFailure",
                "ProtocolError",
                "TearDown",
                "WFReportParams",
            )
        ),
        service=name,
    )
    out.gauge(
        "drbd_standalone",
        "Whether the kernels refuse each other, as after a split brain.",
        float(connection == "StandAlone"),
        service=name,
    )
    out.gauge(
        "drbd_suspended",
        "Whether writes wait until the peer is excluded.",
        float(flag(disk, "suspended")),
        service=name,
    )
    out.gauge(
        "drbd_out_of_sync_bytes",
        "Bytes in which the copies differ.",
        number(disk, "out_of_sync_bytes"),
        service=name,
    )


def _resource(out: Families, resource: Mapping[str, Any], service: str, node: str) -> None:
    # An engine that tells where a resource is tells its state there.
    here = text(resource, "node") in ("", node)
    labels = {
        "service": service,
        "resource": text(resource, "name"),
        "type": text(resource, "type"),
    }
    out.gauge(
        "resource_up",
        "Whether the resource is up on this node.",
        float(here and text(resource, "state") == "up"),
        **labels,
    )
    counts = mapping(resource, "fail_counts")
    for each in counts:
        out.gauge(
            "resource_fail_count",
            "How often the resource has failed on the node and counts.",
            number(counts, each),
            **labels,
            node=each,
        )
    used = number(resource, "used_percent")
    out.gauge(
        "filesystem_used_ratio",
        "Used part of the file system.",
        None if used is None else used / 100,
        **labels,
    )
    for check in listing(resource, "monitor"):
        if text(check, "state") not in ("ok", "doubtful", "failed"):
            continue
        check_labels = {**labels, "check": text(check, "name")}
        took = number(check, "ms")
        out.gauge(
            "check_ok",
            "Whether the application answers.",
            float(text(check, "state") == "ok"),
            **check_labels,
        )
        out.gauge(
            "check_duration_seconds",
            "Time of the last check.",
            None if took is None else took / 1000,
            **check_labels,
        )


def _failovers(out: Families, seen: Seen) -> None:
    for failover in last_failovers(seen.history):
        out.gauge(
            "last_failover_timestamp_seconds",
            "When the last failover to this node had ended.",
            failover.ended,
            service=failover.service,
        )
        out.gauge(
            "last_failover_duration_seconds",
            "Time from the last sign of life of the other node to the running service.",
            failover.seconds,
            service=failover.service,
        )
        for phase, seconds in failover.phases.items():
            out.gauge(
                "last_failover_phase_seconds",
                "Time of a phase; phases may overlap.",
                seconds,
                service=failover.service,
                phase=phase,
            )


PARTS = (_node, _daemon, _links, _fencing, _services)
