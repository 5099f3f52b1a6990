# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to be said of ha.cf and authkeys, and needs no variable."""

from __future__ import annotations

from collections.abc import Sequence

from .. import text
from ..findings import Findings
from ..hosts import Host
from . import authkeys, ha_cf

PROGRAMS = {
    "ipfail": "the cluster itself watches the ping targets",
    "dopd": "the cluster's own handler outdates the peer's disk",
    "ccm": "the cluster knows its members itself",
    "ifcheckd": "the cluster itself watches the interfaces of its links",
}


def keys(hosts: Sequence[Host], findings: Findings) -> None:
    """Tell how the heartbeats were signed, and who could read the key."""
    for host in hosts:
        found = host.file("heartbeat", "authkeys")
        where = f"{host.name}: authkeys"
        if found is None:
            findings.add("danger", where, "is not there, so nothing proves who sends a heartbeat.")
            continue
        if int(str(found.get("mode", "600")), 8) & 0o077:
            findings.add(
                "danger",
                where,
                f"has mode {found['mode']}: others than root can read the key. It is not used"
                " again.",
            )
        read = authkeys.parse(str(found["text"]))
        for line in read.wrong:
            findings.add(
                "note",
                f"{where} line {line}",
                "cannot be read, and Heartbeat would not start with it (auth and its number are two"
                " words). Nothing of this file is needed: the new cluster makes keys of its own.",
            )
        if read.auth is not None:
            _method(read.auth, read.methods.get(read.auth), findings)


def _method(number: int, method: str | None, findings: Findings) -> None:
    if method is None:
        findings.add("note", "authkeys", f"has no key of number {number}, which auth names.")
    elif method == "crc":
        findings.add(
            "danger",
            "authkeys",
            "crc protects from nobody: whoever reaches the port can speak for the other node."
            " The new cluster signs heartbeats with HMAC-SHA256.",
        )
    elif method:
        findings.add(
            "changed",
            "authkeys",
            f"heartbeats are signed with HMAC-SHA256 and a new key, and no more with {method}.",
        )


def directives(config: ha_cf.Config, findings: Findings) -> None:
    """What needs no variable."""
    for number, why in config.wrong:
        findings.add("dropped", f"ha.cf line {number}", f"is not understood: {why}.")
    for number, name in config.unknown:
        findings.add("dropped", f"ha.cf line {number}", f"{text.shown(name)} has no counterpart.")
    for number in config.commas:
        findings.add(
            "note",
            f"ha.cf line {number}",
            "separates names by commas, which Heartbeat takes for a part of the name. They are read"
            " as separators.",
        )
    if config.ignored:
        findings.add(
            "note", "ha.cf", f"{', '.join(config.ignored)} concern Heartbeat's own processes."
        )
    if "autojoin" in config.ignored and not config.nodes:
        findings.add(
            "note",
            "ha.cf",
            "autojoin let hosts join by themselves; the nodes are those that were read.",
        )
    started = {program.rpartition("/")[2]: (user, program) for user, program in config.respawn}
    for name, (_user, program) in started.items():
        if name in PROGRAMS:
            findings.add("note", "ha.cf", f"{name} is not needed: {PROGRAMS[name]}.")
        else:
            findings.add(
                "dropped",
                "ha.cf",
                f"respawn starts {text.shown(program)} on both nodes. Make a systemd unit of it.",
            )
    if "ipfail" in started and not config.pings:
        findings.add(
            "danger",
            "ha.cf",
            "ipfail runs without any ping node, so it never decided anything. Name addresses of the"
            " LAN, such as the router's, as failover_ping_targets.",
        )
    if config.pings and "ipfail" not in started:
        findings.add(
            "changed",
            "ha.cf",
            "ping nodes were watched, but nothing acted on them (no ipfail). The new cluster moves"
            " services from a node that loses them to one that reaches them.",
        )
