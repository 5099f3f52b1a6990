# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""failover_pacemaker: what only this engine reads."""

from __future__ import annotations

from ..._inventory.addresses import Address
from ..._inventory.kinds import Flag, Key, Number, Text, Whole
from ..._inventory.nested import Keys, ListOf

ALGORITHMS = ("ffsplit", "lms")
QUORUM_DEVICE = Keys(
    {
        "host": Key(Address(), "Address of the host that runs corosync-qnetd.", required=True),
        "algorithm": Key(
            Text(ALGORITHMS),
            "Which half of a split cluster gets its vote: ffsplit the one that it chooses, lms each"
            " single node that it still hears.",
            default="ffsplit",
        ),
        "port": Key(Whole(1, 65535), "TCP port of corosync-qnetd.", default=5403),
    },
    short="host",
)
PACEMAKER = Keys(
    {
        "standby": Key(
            ListOf(Text(words="node")),
            "Nodes that run a service only after a failure, the first choice for it.",
            default=(),
        ),
        "share": Key(
            Flag(),
            "Whether services with different preferred nodes may run on one node. With false, a"
            " second failover to a node that carries a service already is suppressed: the service"
            " stays stopped.",
            default=True,
        ),
        "stickiness": Key(
            Whole(10, 10000),
            "How much each part of a service that runs wants to stay where it is. A service goes"
            " back to its preferred node only with failback: automatic.",
            default=1000,
        ),
        "monitor_s": Key(
            Number(1, 3600), "Pause between two looks at a part of a service.", default=10
        ),
        "device_monitor_s": Key(
            Number(10, 86400), "Pause between two looks at a fence device.", default=60
        ),
        "vipcheck": Key(
            Flag(),
            "Whether a service starts only where nobody on the LAN answers for its addresses.",
            default=True,
        ),
        "quorum_device": Key(
            QUORUM_DEVICE, "A third machine that has a vote.", otherwise="no such machine"
        ),
    }
)
