# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each resource of a CIB becomes in a service."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..._daemon import forms
from .. import fstab, text, units
from ..findings import Findings
from ..hosts import Host
from ..inventory import address as one_form
from ..inventory import named, variable
from .cib import Primitive

MASK = "***"
NEEDLESS = {
    "ocf:heartbeat:VIPcheck": "the cluster itself asks whether somebody has an address before it"
    " takes it",
    "ocf:heartbeat:ethmonitor": "the cluster itself watches the interfaces of its links",
    "ocf:heartbeat:storage-mon": "the cluster itself tries the disks",
    "ocf:pacemaker:ClusterMon": "alerts take its place (failover_notifications)",
    "ocf:pacemaker:HealthCPU": "the cluster itself watches its node",
    "ocf:pacemaker:SysInfo": "the cluster itself watches its node",
    "ocf:pacemaker:diskd": "the cluster itself tries the disks",
}
LAYERS = ("ocf:heartbeat:LVM", "ocf:heartbeat:LVM-activate", "ocf:heartbeat:mdraid")


@dataclass
class Parts:
    """What was collected of the resources of one service."""

    hosts: Sequence[Host]
    findings: Findings
    disks: list[tuple[str, str, str, str]] = field(default_factory=list)
    """Device, directory, type and options of each file system on a disk."""
    addresses: list[dict[str, Any]] = field(default_factory=list)
    applications: list[dict[str, Any]] = field(default_factory=list)
    mails: list[str] = field(default_factory=list)
    layered: bool = False
    """Whether LVM or an array lies below what comes after."""

    def tell(self, kind: str, primitive: Primitive, sentence: str) -> None:
        """Take up a finding on one resource."""
        self.findings.add(kind, f"resource {text.shown(primitive.id)}", sentence)


def collect(parts: Parts, members: Sequence[Primitive]) -> None:
    """Take up every resource in its order."""
    for one in members:
        if one.meta.get("target-role", "").lower() == "stopped":
            parts.tell("decide", one, "is stopped (target-role). In the new cluster it would run.")
        if one.meta.get("is-managed", "").lower() == "false":
            parts.tell("decide", one, "is unmanaged. In the new cluster it is managed.")
        if one.agent in NEEDLESS:
            parts.tell("note", one, f"is not needed: {NEEDLESS[one.agent]}.")
        else:
            READERS.get(one.agent, _application)(parts, one)


def _address(parts: Parts, one: Primitive) -> None:
    ip = one_form(one.parameters.get("ip") or one.parameters.get("ipv6addr", "").split("/")[0])
    if not ip:
        parts.tell("refused", one, "holds no IP address.")
        return
    interface = one.parameters.get("nic", "").partition(":")[0]
    bits = one.parameters.get("cidr_netmask", "")
    if not bits.isdecimal():
        networks = [host.lan_of(ip, interface)[1] for host in parts.hosts]
        bits = next((n.partition("/")[2] for n in networks if n), "")
    if not bits:
        parts.tell(
            "refused",
            one,
            f"{ip} has no netmask, and no interface of the nodes has a network that it lies in."
            " Give it cidr_netmask, and import again.",
        )
        return
    made = {"address": f"{ip}/{bits}"}
    parts.addresses.append({**made, "interface": interface} if interface else made)


def _filesystem(parts: Parts, one: Primitive) -> None:
    device = fstab.device(one.parameters.get("device", ""))
    directory = one.parameters.get("directory", "").rstrip("/")
    if not device or not directory.startswith("/"):
        parts.tell("refused", one, "does not name a device and a directory.")
    elif device.startswith("/dev/") and not parts.layered:
        kind, options = one.parameters.get("fstype", ""), one.parameters.get("options", "")
        parts.disks.append((device, directory, kind, options))
    else:
        _application(parts, one)


def _layer(parts: Parts, one: Primitive) -> None:
    parts.layered = True
    parts.tell(
        "changed",
        one,
        "is activated before the file system is mounted, which a storage does not know. Both stay"
        " OCF agents, and the service has no storage of its own.",
    )
    _application(parts, one)


def _mail(parts: Parts, one: Primitive) -> None:
    for address in one.parameters.get("email", "").replace(",", " ").split():
        if not forms.mail_problem(address) and address not in parts.mails:
            parts.mails.append(address)


def _application(parts: Parts, one: Primitive) -> None:
    kind, _colon, name = one.agent.partition(":")
    taken = [str(application.get("name", "")) for application in parts.applications]
    made: dict[str, Any]
    if kind == "systemd" or (kind == "service" and all(host.unit(name) for host in parts.hosts)):
        unit = name if name.endswith(".service") else f"{name}.service"
        if not units.permitted(unit):
            parts.tell("dropped", one, f"{text.shown(unit)} is not for a service.")
            return
        made = {"unit": unit}
    elif kind in ("lsb", "service"):
        if not units.permitted(f"{name}.service") or not forms.SCRIPT.fullmatch(name):
            parts.tell(
                "dropped", one, f"the script {text.shown(name)} cannot be part of a service."
            )
            return
        made = {"lsb": name}
    elif kind == "ocf" and forms.AGENT.fullmatch(name):
        made = {"ocf": name, "name": named(one.id, taken, "agent")}
        parameters = {
            key: variable(f"vault_{one.id}", key) if value == MASK else value
            for key, value in one.parameters.items()
            if forms.PARAMETER.fullmatch(key)
        }
        if parameters:
            made["parameters"] = parameters
    else:
        parts.tell(
            "dropped", one, f"has the agent {text.shown(one.agent)}, which no service takes."
        )
        return
    for operation, key in (("start", "start_timeout_s"), ("stop", "stop_timeout_s")):
        seconds = one.timeouts.get(operation, 0)
        if 1 <= seconds <= 3600:
            made[key] = int(seconds)
    if made not in parts.applications:
        parts.applications.append(made)


READERS: Mapping[str, Callable[[Parts, Primitive], None]] = {
    "ocf:heartbeat:Filesystem": _filesystem,
    "ocf:heartbeat:IPaddr": _address,
    "ocf:heartbeat:IPaddr2": _address,
    "ocf:heartbeat:IPv6addr": _address,
    "ocf:heartbeat:MailTo": _mail,
    **dict.fromkeys(LAYERS, _layer),
}
"""Agent -> what takes its place. Every other one is an application."""
