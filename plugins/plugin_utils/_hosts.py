# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges what else lives on the nodes: units, agents, serial lines, mounts, kernels. No I/O."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from . import _applications, _packages, _storage

ETHERNET = 1
"""Hardware type of an interface, as in linux/if_arp.h."""
BY_PACKAGE = "/usr/lib/ocf/resource.d/heartbeat/"
AGENTS_PACKAGE = "resource-agents"


def problems(
    model: Mapping[str, Any], node: str, info: Mapping[str, Any], repair: bool
) -> Iterator[str]:
    """One sentence for each thing of this node that a cluster cannot live with.

    repair: a role disables afterwards the units that it can disable.
    """
    yield from _mounts(node, info)
    for storage in _storage.KINDS.values():
        services = [
            one
            for one in model["services"]
            if _storage.of(one) is storage and node in one["storage"]["nodes"]
        ]
        yield from storage.host(services, node, info)
    yield from _interfaces(model, node, info)
    if not info["running"]:
        yield from _serial(node, info)
    for kind, _where, service, application in _applications.each(model["services"]):
        if service["name"] in info.get("adopting", ()):
            continue  # It runs there in its old place, and leaves it later.
        if kind.made_by != "daemon":
            unit = application["unit"]
            yield from _unit(node, unit, kind.made_by, info["units"][unit], repair)
    if not repair:
        yield from _stock(model, node, info)
    yield from missing_programs(node, info)


def missing_programs(node: str, info: Mapping[str, Any]) -> Iterator[str]:
    """Agents and scripts that are not there, but for those of a package that is still to come."""
    for path, there in info["programs"].items():
        to_come = path.startswith(BY_PACKAGE) and AGENTS_PACKAGE in info["packages"]["missing"]
        if not there and not to_come:
            yield (
                f"{node}: {path} is missing or cannot be executed there; a cluster needs the same"
                " agents and scripts on every node."
            )


def _mounts(node: str, info: Mapping[str, Any]) -> Iterator[str]:
    for path in info["fstab"]:
        yield f"{node}: {path} stands in /etc/fstab; only the cluster may mount it."
    for path, unit in info["mount_units"].items():
        yield (
            f"{node}: {unit} mounts {path}; only the cluster may mount it (remove that unit, then"
            " systemctl daemon-reload)."
        )


def _interfaces(model: Mapping[str, Any], node: str, info: Mapping[str, Any]) -> Iterator[str]:
    for service in model["services"]:
        for address in service["addresses"]:
            interface = address["interface"].get(node, "")
            kind = info["interface_types"].get(interface, ETHERNET)
            if kind != ETHERNET:
                yield (
                    f"{address['where']}: {interface} on {node} is no Ethernet interface (type"
                    f" {kind}); virtual addresses are probed and announced by Ethernet ARP only."
                )


def _serial(node: str, info: Mapping[str, Any]) -> Iterator[str]:
    for device, seen in info["serial"].items():
        getty = f"serial-getty@{seen['name']}.service"
        if not seen["exists"]:
            yield f"{node}: the serial line {device} of failover_links does not exist there."
        elif seen["console"]:
            yield (
                f"{node}: {device} is a console of the kernel (console= in its command line), so it"
                " cannot carry heartbeats; take that word off the boot loader's configuration and"
                f" reboot, with systemctl mask {getty}, or use another line."
            )
        elif seen["readers"]:
            yield (
                f"{node}: {device} is open in {', '.join(seen['readers'])}, so it cannot carry"
                f" heartbeats; end that (a log-in prompt: systemctl mask --now {getty}), or use"
                " another line."
            )


def _unit(
    node: str, unit: str, made_by: str, seen: Mapping[str, Any], repair: bool
) -> Iterator[str]:
    if seen["masked"]:
        yield f"{node}: {unit} is masked there, so it could never start (systemctl unmask {unit})."
        return
    if not seen["exists"] and made_by == "host":
        yield (
            f"{node}: there is no unit {unit}; install on every node what the cluster shall start"
            " there."
        )
    if seen["enabled"] and not (repair and seen["mendable"]):
        yield (
            f"{node}: {unit} is started at boot; only the cluster may start it ({seen['boot']})."
        )
    if not repair:
        for trigger in seen["triggers"]:
            yield (
                f"{node}: {unit} is started by {trigger}; only the cluster may start it"
                f" (systemctl disable --now {trigger})."
            )


def _stock(model: Mapping[str, Any], node: str, info: Mapping[str, Any]) -> Iterator[str]:
    """Units that came with packages which the collection installed (F59)."""
    for unit in _packages.ours(_packages.stock(model), info["packages"]["ours"]):
        if info["units"].get(unit, {}).get("enabled"):
            yield (
                f"{node}: {unit} is started at boot; only the cluster may start it"
                f" (systemctl disable {unit})."
            )
