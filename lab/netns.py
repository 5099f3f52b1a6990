# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's network: one namespace, a bridge per LAN, a tap per node and LAN.

Nothing of it exists outside the namespace, so two labs never meet and no packet leaves.
"""

from __future__ import annotations

import os
from pathlib import Path

from lab.command import run
from lab.errors import LabError
from lab.process import ProcessId, pids_in_namespace
from lab.spec import LabSpec
from lab.uml import bridge_name, tap_name

LINK_STATES = ("up", "down", "isolate", "mute", "deaf", "no-udp")
_TABLE = "lab"
_UDP = "ip protocol udp drop"


def namespace_name(lab: str) -> str:
    """Name of the lab's network namespace."""
    return f"failover-{lab}"


def handle(namespace: str) -> Path:
    """The file that holds the namespace open."""
    return Path("/run/netns") / namespace


def inside(namespace: str, argv: list[str]) -> list[str]:
    """The command that runs ``argv`` in the namespace, as the very process it starts."""
    return ["nsenter", f"--net={handle(namespace)}", "--", *argv]


def create(namespace: str, spec: LabSpec) -> None:
    """Make the namespace with all bridges, taps and the host's own addresses."""
    if not Path("/dev/net/tun").exists():
        raise LabError("/dev/net/tun is missing: the lab needs tap devices (modprobe tun)")
    run(["ip", "netns", "add", namespace])
    lines = ["link set lo up"]
    for number, link in enumerate(spec.lans):
        bridge = bridge_name(number)
        lines.append(f"link add {bridge} type bridge stp_state 0 forward_delay 0")
        # A bridge without a fixed address takes that of a port, and changes it with the ports.
        lines.append(f"link set {bridge} address 52:00:00:00:{number:02x}:fe")
        lines.append(f"link set {bridge} up")
        if link.gateway:
            lines.append(f"addr add {link.gateway}/{link.network.prefixlen} dev {bridge}")
        if link is spec.main:
            for node in spec.nodes:
                if node.bmc:
                    lines.append(f"addr add {node.bmc}/{link.network.prefixlen} dev {bridge}")
        for index, node in enumerate(spec.nodes):
            if link.name in node.addresses:
                tap = tap_name(index, number)
                lines.append(f"tuntap add dev {tap} mode tap")
                lines.append(f"link set {tap} master {bridge}")
                lines.append(f"link set {tap} up")
    run(["ip", "-n", namespace, "-batch", "-"], input="\n".join(lines) + "\n")
    chain = "{ type filter hook forward priority 0; policy accept; }"
    script = f"add table bridge {_TABLE}\nadd chain bridge {_TABLE} between {chain}\n"
    run(inside(namespace, ["nft", "-f", "-"]), input=script)


def exists(namespace: str) -> bool:
    """True when the namespace is there."""
    return handle(namespace).exists()


def in_any_lab() -> bool:
    """True when this very process runs in the namespace of a lab."""
    own = Path("/proc/self/ns/net").stat().st_ino
    labs = handle(namespace_name("")).parent.glob(f"{namespace_name('')}*")
    return any(lab.stat().st_ino == own for lab in labs)


def remove(namespace: str) -> None:
    """End every process inside and remove the namespace with everything in it."""
    if not exists(namespace):
        return
    kill_inside(namespace)
    run(["ip", "netns", "del", namespace])


def kill_inside(namespace: str) -> None:
    """Kill every process in the namespace: all of them belong to the lab."""
    identity = f"net:[{handle(namespace).stat().st_ino}]"
    for _round in range(10):
        found = [ProcessId.of(pid) for pid in pids_in_namespace("net", identity)]
        left = [process for process in found if process and process.pid != os.getpid()]
        if not left:
            return
        for process in left:
            process.signal(9)
        for process in left:
            process.wait(1.0)
    raise LabError(f"processes in the namespace {namespace} do not end")


def set_port(namespace: str, tap: str, state: str) -> None:
    """Cut or mend one node's port of a LAN.

    ``down`` cuts it from everything. ``isolate`` drops frames between it and the other nodes and
    leaves the gateway and the BMCs reachable; ``mute`` and ``deaf`` drop one direction (F17).
    ``no-udp`` drops only datagrams to and from the other nodes: heartbeats, not replication (F12).
    """
    if state not in LINK_STATES:
        raise LabError(f"link state {state} is none of {', '.join(LINK_STATES)}")
    rules = _rules_without(namespace, tap)
    if state in ("isolate", "mute"):
        rules.append(f'iifname "{tap}" drop')
    if state in ("isolate", "deaf"):
        rules.append(f'oifname "{tap}" drop')
    if state == "no-udp":
        rules += [f'{way} "{tap}" {_UDP}' for way in ("iifname", "oifname")]
    script = [f"flush chain bridge {_TABLE} between"]
    script += [f"add rule bridge {_TABLE} between {rule}" for rule in rules]
    run(inside(namespace, ["nft", "-f", "-"]), input="\n".join(script) + "\n")
    # Taken off the bridge, not set down: a node's network driver does not survive the latter.
    wanted = ["nomaster"] if state == "down" else ["master", _bridge(tap)]
    run(["ip", "-n", namespace, "link", "set", tap, *wanted])


def port_state(namespace: str, tap: str) -> str:
    """Present state of a port, one of LINK_STATES."""
    if not _is_plugged_in(namespace, tap):
        return "down"
    rules = _rules(namespace)
    mute, deaf = f'iifname "{tap}" drop' in rules, f'oifname "{tap}" drop' in rules
    if f'iifname "{tap}" {_UDP}' in rules:
        return "no-udp"
    if mute and deaf:
        return "isolate"
    return "mute" if mute else "deaf" if deaf else "up"


def _bridge(tap: str) -> str:
    """The bridge of the LAN that the tap belongs to."""
    return bridge_name(int(tap.rpartition("l")[2]))


def _is_plugged_in(namespace: str, tap: str) -> bool:
    """The tap is a port of its bridge."""
    text = run(["ip", "-n", namespace, "-o", "link", "show", "dev", tap])
    return f" master {_bridge(tap)} " in text


def _rules(namespace: str) -> list[str]:
    text = run(inside(namespace, ["nft", "list", "chain", "bridge", _TABLE, "between"]))
    return [line.strip() for line in text.splitlines() if line.strip().endswith(" drop")]


def _rules_without(namespace: str, tap: str) -> list[str]:
    return [rule for rule in _rules(namespace) if f'"{tap}"' not in rule]
