# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each script of haresources becomes in a service."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..._daemon import forms
from .. import fstab, text, units
from ..drbd.resources import Resource as Drbd
from ..findings import Findings
from ..hosts import Host
from ..inventory import address as one_form
from .haresources import Group, Resource

NAMES = (
    "apache",
    "AudibleAlarm",
    "Delay",
    "drbddisk",
    "drbdupper",
    "Filesystem",
    "IPaddr",
    "IPaddr2",
    "IPsrcaddr",
    "IPv6addr",
    "LinuxSCSI",
    "LVM",
    "MailTo",
    "portblock",
    "Raid1",
    "SendArp",
    "ServeRAID",
    "WinPopup",
    "Xinetd",
)
"""Scripts that came with Heartbeat or DRBD, as they are spelt."""
SPELT = {name.lower(): name for name in NAMES}
NETWORKED = ("nfs", "nfs4", "cifs", "smbfs", "bind", "none", "tmpfs", "fuse")


@dataclass
class Parts:
    """What was collected of one group."""

    group: Group
    hosts: list[Host]
    drbd: Mapping[str, Drbd]
    findings: Findings
    where: str
    disks: list[tuple[str, str, str, str]] = field(default_factory=list)
    """Device, directory, type and options of each file system on a disk."""
    resources: list[str] = field(default_factory=list)
    """Names of DRBD's resources."""
    addresses: list[dict[str, Any]] = field(default_factory=list)
    """Address with prefix; interface, if one was named."""
    applications: list[dict[str, Any]] = field(default_factory=list)
    scripts: list[Resource] = field(default_factory=list)
    """Programs, in their order; which unit they are depends on the file system."""
    mails: list[str] = field(default_factory=list)
    layers: list[str] = field(default_factory=list)
    """LVM and RAID, which lie below a file system."""

    def tell(self, kind: str, sentence: str) -> None:
        """Take up a finding on this group."""
        self.findings.add(kind, self.where, sentence)


def collect(parts: Parts) -> None:
    """Take up every resource of the group, from left to right."""
    for resource in parts.group.resources:
        script = resource.script
        known = SPELT.get(script.lower(), script)
        if known != script and not any(known == s for s in (script,)):
            parts.tell(
                "note",
                f"{text.shown(script)} is spelt {known}; Heartbeat would not find the script. It is"
                " taken for that.",
            )
        for argument in resource.arguments:
            if text.placeholder(argument):
                parts.tell(
                    "refused", f"{text.shown(argument)} was never filled in; write the real value."
                )
        READERS.get(known, _program)(parts, resource)


def _address(parts: Parts, resource: Resource) -> None:
    given = resource.arguments[0] if resource.arguments else ""
    # As the script does it: any number of slashes separates.
    base, *rest = [part for part in given.split("/") if part] if given else ("",)
    if "//" in given:
        parts.tell(
            "note",
            f"{text.shown(resource.word)} has a slash too many; it is read as Heartbeat reads it,"
            f" as {'/'.join([base, *rest])}.",
        )
    ip = one_form(base)
    if not ip:
        if not text.placeholder(base):
            parts.tell("refused", f"{text.shown(resource.word)} holds no IP address.")
        return
    mask, interface = (rest[0] if rest else ""), ""
    if len(rest) > 1 and not rest[1][0].isdigit():
        interface = rest[1]
    if (len(rest) > 1 and rest[1][0].isdigit()) or len(rest) > 2:
        parts.tell("note", f"the broadcast address of {ip} follows from its network.")
    if ":" in interface:
        parts.tell("note", f"the alias {text.shown(interface)} of {ip} is a label only.")
        interface = interface.partition(":")[0]
    bits = _prefix(mask, ip)
    if mask and bits is None:
        parts.tell("refused", f"{text.shown(mask)} of {ip} is no netmask.")
        return
    if bits is None:
        bits = _found_prefix(parts, ip, interface)
        if bits is None:
            parts.tell(
                "refused",
                f"{ip} has no netmask, and no interface of the nodes has a network that it lies in."
                f" Write the netmask behind it, such as {ip}/24.",
            )
            return
    made: dict[str, Any] = {"address": f"{ip}/{bits}"}
    if interface:
        made["interface"] = interface
    if any(one["address"].partition("/")[0] == ip for one in parts.addresses):
        parts.tell("note", f"{ip} is named twice; once is enough.")
        return
    parts.addresses.append(made)


def _prefix(mask: str, ip: str) -> int | None:
    """The number of bits of a netmask in either form."""
    most = 128 if ":" in ip else 32
    if re.fullmatch(r"[0-9]{1,3}", mask) and 1 <= int(mask) <= most:
        return int(mask)
    if re.fullmatch(r"[0-9]+(\.[0-9]+){3}", mask):
        numbers = [int(part) for part in mask.split(".") if len(part) < 4]
        bits = "".join(f"{number:08b}" for number in numbers)
        if len(bits) == 32 and re.fullmatch(r"1+0*", bits):
            return bits.count("1")
    return None


def _found_prefix(parts: Parts, ip: str, interface: str) -> int | None:
    """The prefix of the LAN in which an address lies, as Heartbeat takes it from the routes."""
    for host in parts.hosts:
        _name, network = host.lan_of(ip, interface)
        if network:
            return int(network.partition("/")[2])
    return None


def _filesystem(parts: Parts, resource: Resource) -> None:
    device, directory, kind, options = (*resource.arguments, "", "", "", "")[:4]
    if not device or not directory.startswith("/"):
        parts.tell(
            "refused", f"{text.shown(resource.word)} does not name a device and a directory."
        )
        return
    label = re.fullmatch(r"-([LU])(.+)", device)
    if label:
        device = f"/dev/disk/by-{'label' if label[1] == 'L' else 'uuid'}/{label[2]}"
    device = fstab.device(device)
    if device.startswith("/dev/"):
        parts.disks.append((device, directory.rstrip("/"), kind, options))
    elif kind in NETWORKED or ":" in device or device.startswith("/"):
        parameters = {"device": device, "directory": directory, "fstype": kind or "none"}
        if options:
            parameters["options"] = options
        parts.applications.append(
            {
                "ocf": "heartbeat:Filesystem",
                "name": _named(parts, "mount"),
                "parameters": parameters,
            }
        )
        parts.tell(
            "changed",
            f"{text.shown(device)} is no disk; it is mounted by the agent heartbeat:Filesystem.",
        )
    else:
        parts.tell("refused", f"{text.shown(device)} is no device that a service can mount.")


def _drbd(parts: Parts, resource: Resource) -> None:
    name = resource.arguments[0] if resource.arguments else ""
    if not name:
        parts.tell(
            "refused",
            "drbddisk names no resource, so it means all of them. Name the one of this group.",
        )
    elif name not in parts.drbd:
        known = ", ".join(sorted(parts.drbd)) or "none"
        parts.tell(
            "refused",
            f"the resource {text.shown(name)} stands in no file of DRBD that could be read; they"
            f" describe {known}.",
        )
    elif name not in parts.resources:
        parts.resources.append(name)


def _layer(parts: Parts, resource: Resource) -> None:
    parts.layers.append(text.shown(resource.word))


def _mail(parts: Parts, resource: Resource) -> None:
    address = resource.arguments[0] if resource.arguments else ""
    if not address or forms.mail_problem(address):
        parts.tell("dropped", f"{text.shown(resource.word)} names no mail address.")
        return
    if address not in parts.mails:
        parts.mails.append(address)
    if len(resource.arguments) > 1:
        parts.tell("note", f"the subject of the mail to {address} is that of each alert.")


def _source(parts: Parts, resource: Resource) -> None:
    ip = one_form(resource.arguments[0].partition("/")[0]) if resource.arguments else ""
    if not ip:
        parts.tell("refused", f"{text.shown(resource.word)} holds no IP address.")
        return
    parts.applications.append(
        {
            "ocf": "heartbeat:IPsrcaddr",
            "name": _named(parts, "source"),
            "parameters": {"ipaddress": ip},
        }
    )


def _needless(parts: Parts, resource: Resource) -> None:
    parts.tell("note", f"{text.shown(resource.word)}: {NEEDLESS[SPELT[resource.script.lower()]]}")


def _lost(parts: Parts, resource: Resource) -> None:
    parts.tell(
        "dropped",
        f"{text.shown(resource.word)} has no counterpart. If you need it, write a unit or an OCF"
        " agent that does the same, and name it under applications.",
    )


def _program(parts: Parts, resource: Resource) -> None:
    parts.scripts.append(resource)


def _named(parts: Parts, wish: str) -> str:
    taken = [str(one.get("name")) for one in parts.applications]
    number = next(n for n in range(1, 1000) if f"{wish}{n}" not in taken)
    return f"{wish}{number}"


NEEDLESS = {
    "AudibleAlarm": "alerts take its place (failover_notifications).",
    "Delay": "the cluster waits until each part runs, and for no fixed time.",
    "SendArp": "the cluster announces an address itself when it takes it.",
    "WinPopup": "alerts take its place (failover_notifications).",
}
READERS: Mapping[str, Callable[[Parts, Resource], None]] = {
    "AudibleAlarm": _needless,
    "Delay": _needless,
    "Filesystem": _filesystem,
    "IPaddr": _address,
    "IPaddr2": _address,
    "IPsrcaddr": _source,
    "IPv6addr": _address,
    "LVM": _layer,
    "LinuxSCSI": _lost,
    "MailTo": _mail,
    "Raid1": _layer,
    "SendArp": _needless,
    "ServeRAID": _lost,
    "WinPopup": _needless,
    "Xinetd": _lost,
    "drbddisk": _drbd,
    "drbdupper": _drbd,
    "portblock": _lost,
}
"""Script -> what takes its place. Every other one is a program."""


def programs(parts: Parts, mount: str) -> None:
    """Find the unit of each program, now that the file system is known."""
    own = {script for host in parts.hosts for script in host.answer.get("resource_scripts") or ()}
    for resource in parts.scripts:
        name = text.shown(resource.script)
        custom = resource.script in own and resource.script not in NAMES
        made = None if custom else units.application(resource.script, mount, parts.hosts)
        if made is not None and resource.arguments:
            parts.tell(
                "changed",
                f"{name} was given arguments, which its unit does not take; put them into the"
                " configuration of the program.",
            )
        if made is None:
            made = _own_script(parts, resource, custom)
        if made is not None and made not in parts.applications:
            parts.applications.append(made)


def _own_script(parts: Parts, resource: Resource, custom: bool) -> dict[str, Any] | None:
    name = text.shown(resource.script)
    usable = forms.SCRIPT.fullmatch(resource.script) and units.permitted(
        f"{resource.script}.service"
    )
    if not custom or not usable:
        parts.tell(
            "dropped",
            f"{name} is neither a unit nor an init script of both nodes, or it belongs to the"
            " system. Name what it stands for under applications.",
        )
        return None
    if resource.arguments:
        parts.tell(
            "dropped",
            f"/etc/ha.d/resource.d/{name} takes {len(resource.arguments)} arguments, and an init"
            " script takes none. Write a unit, or an OCF agent with parameters, and name it under"
            " applications.",
        )
        return None
    parts.tell(
        "decide",
        f"{name} is a script of your own in /etc/ha.d/resource.d. Copy it to /etc/init.d/{name} on"
        " both nodes; its status must end with 0 if the program runs and with 3 if it does not. A"
        " systemd unit is better.",
    )
    return {"lsb": resource.script}
