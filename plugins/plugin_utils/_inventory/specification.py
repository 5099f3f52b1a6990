# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""All variables of a cluster."""

from __future__ import annotations

from collections.abc import Mapping

from .._daemon import fencing
from .._engines import DEFAULT, ENGINES
from .fencing import FENCING
from .guard import SFEX, WATCHDOG
from .kinds import Flag, Key, Name, Text
from .links import LINKS
from .monitors import MONITORS, TARGETS
from .nested import Keys, ListOf
from .notifications import NOTIFICATIONS
from .page import PAGE
from .services import SERVICES
from .timing import TIMING

COMMON: Mapping[str, Key] = {
    "failover_name": Key(
        Name(("all", "ungrouped")), "Name of the cluster.", otherwise="the name of the group"
    ),
    "failover_group": Key(
        Text(words="group"),
        "Group that is the cluster, where a host is in several groups.",
        otherwise="the group of the variables",
    ),
    "failover_engine": Key(Text(tuple(ENGINES)), "What keeps the services.", default=DEFAULT),
    "failover_links": Key(LINKS, "Heartbeat links between the nodes.", required=True),
    "failover_services": Key(
        SERVICES, "Services: storage, addresses and applications that move together.", required=True
    ),
    "failover_fencing": Key(
        FENCING,
        "Exclusion methods in the order in which they are tried; the first that succeeds counts.",
        default=(),
    ),
    "failover_watchdog": Key(
        WATCHDOG,
        "Device that resets a node that hangs.",
        otherwise="none; /dev/watchdog with the method watchdog",
    ),
    "failover_sfex": Key(SFEX, "Disk of the locks of shared storage."),
    "failover_power_on": Key(Flag(), "Whether a fenced node is powered on again.", default=True),
    "failover_timing": Key(TIMING, "Durations in seconds."),
    "failover_ping_targets": Key(
        TARGETS, "Addresses that tell whether the service LAN works.", default=()
    ),
    "failover_monitors": Key(MONITORS, "How the nodes are watched."),
    "failover_notifications": Key(NOTIFICATIONS, "Who is told of alerts.", default=()),
    "failover_page": Key(
        PAGE, "Status page and metrics of each node.", otherwise="none; `{}` for localhost alone"
    ),
    "failover_firewall": Key(
        Flag(),
        "Whether a table of nftables lets in what the cluster needs, and guards its ports.",
        default=False,
    ),
    "failover_acknowledged": Key(
        ListOf(
            Keys(
                {
                    "finding": Key(
                        Text(form=r"[a-z][a-z-]*(:\S+)?", rule="is not the name of a finding."),
                        "Name of the finding.",
                        required=True,
                    ),
                    "reason": Key(Text(), "Why it is accepted.", required=True),
                }
            )
        ),
        "Findings of the audit of single points of failure that are known and accepted.",
        default=(),
    ),
    "failover_unsafe": Key(
        ListOf(Text(tuple(fencing.RISKS))), "Risks that are accepted by name.", default=()
    ),
}
"""Variables of every engine."""
VARIABLES: Mapping[str, Key] = {
    **COMMON,
    **{name: key for engine in ENGINES.values() for name, key in engine.variables.items()},
}
"""With those of single engines."""
