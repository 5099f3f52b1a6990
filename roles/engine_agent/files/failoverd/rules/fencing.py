# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The exclusion methods, where their devices may be, and the risks that are accepted by name."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection

METHODS = ("stonith", "sfex", "watchdog")
ONCE = ("sfex", "watchdog")
"""Methods without a device of their own. A cluster has each of them once at most."""
DEVICE_KEYS = ("ip", "ipaddr", "ip_address")
"""Parameters of agents that hold the address of the device."""
RISKS = {
    "no_exclusion": "nothing can exclude a silent peer: its services wait for an operator",
    "single_link": "there is one heartbeat link only: one cable decides",
    "software_watchdog": "the watchdog is software: it does not fire in a machine that is frozen",
    "sfex_without_watchdog": "without a watchdog a frozen owner goes on writing when it wakes up,"
    " after its lock was taken",
}
"""Risk that has to be accepted by its name: what it means. The status shows each accepted one."""
SOFTWARE_DRIVER = "softdog"
SOFTWARE_IDENTITY = "Software Watchdog"
"""The kernel's software watchdog: its driver, and how the device calls itself."""


def unprotected(methods: Collection[str], watchdog: bool) -> bool:
    """Whether the cluster takes the risk sfex_without_watchdog."""
    return "sfex" in methods and not watchdog


def device_problem(address: str, link: str, network: str) -> str:
    """The error in the address of a fence device, empty if there is none.

    network: of a link that carries the replication. A device that has a host name is not judged:
    only the network can tell.
    """
    try:
        inside = ipaddress.ip_address(address) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return ""
    if not inside:
        return ""
    return (
        f"{address} lies in the replication LAN of link {link} ({network}); a fence device must be"
        " reachable when that link is lost"
    )
