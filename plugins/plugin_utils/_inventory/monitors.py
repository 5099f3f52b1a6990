# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""failover_monitors and failover_ping_targets."""

from __future__ import annotations

from .._daemon import monitors
from .addresses import Address
from .kinds import Key, Kind, Number, Whole
from .nested import Keys, ListOf

SAYS = {
    "ping": "When the service LAN counts as lost.",
    "space": "How the mounted file systems are watched.",
    "disk": "How the backing disks are tried.",
    "ping.needed": "Sum of the weights of the targets that have to answer.",
    "ping.interval_s": "Pause between two rounds, in seconds.",
    "ping.deadline_s": "How long a round waits for answers, in seconds.",
    "ping.confirmations": "Rounds in a row without enough answers until it counts.",
    "space.interval_s": "Pause between two looks at a file system, in seconds.",
    "disk.interval_s": "Pause between two reads, in seconds.",
    "disk.deadline_s": "How long a read may take, in seconds.",
    "disk.confirmations": "Reads in a row that fail until it counts.",
}


def _limited(limits: tuple[float, float, float]) -> Kind:
    default, least, most = limits
    return Whole(least, most) if isinstance(default, int) else Number(least, most)


MONITORS = Keys(
    {
        section: Key(
            Keys(
                {
                    name: Key(
                        _limited(limits), SAYS[f"{section}.{name}"], otherwise=f"`{limits[0]:g}`"
                    )
                    for name, limits in section_limits.items()
                }
            ),
            SAYS[section],
        )
        for section, section_limits in monitors.LIMITS.items()
    }
)
TARGETS = ListOf(
    Keys(
        {
            "address": Key(Address(), "Address that answers pings.", required=True),
            "weight": Key(Whole(*monitors.WEIGHT), "How much its answer counts.", default=1),
        },
        short="address",
        placed=True,
    )
)
