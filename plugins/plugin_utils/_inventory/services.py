# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""failover_services: what moves together."""

from __future__ import annotations

from collections.abc import Mapping

from .. import _storage
from .._applications import KINDS
from .._daemon import timing
from .._engines import ENGINES
from .addresses import Interface, VirtualAddress
from .applications import APPLICATIONS
from .kinds import Key, Name, Number, Text, Whole
from .nested import Choice, Each, Keys, ListOf

TYPES = {name: kind.keys for name, kind in _storage.KINDS.items()}

RESERVED = (
    "all",
    "failover",
    "localhost",
    "root",
    "ungrouped",
    *(name for storage in _storage.KINDS.values() for name in storage.reserved),
    *(name for kind in KINDS.values() for name in kind.reserved),
    *(name for engine in ENGINES.values() for name in engine.names),
)
"""Names of services that mean something else to their parts, to Ansible or to an engine."""
FAILBACK = ("manual", "automatic")

ADDRESSES = ListOf(
    Keys(
        {
            "address": Key(VirtualAddress(), "The address.", required=True),
            "link": Key(
                Text(words="name of a link"),
                "Link whose interface gets it.",
                otherwise="the link whose network it lies in",
            ),
            "interface": Key(Each(Interface()), "Interface that gets it, instead of a link."),
        },
        short="address",
        placed=True,
    )
)
SERVICE: Mapping[str, Key] = {
    "name": Key(Name(RESERVED), "Name of the service.", required=True),
    "preferred": Key(
        Text(words="node"), "Node that runs it first.", otherwise="the first node of the group"
    ),
    "storage": Key(Choice("type", TYPES, "What its data lies on."), "Storage.", otherwise="none"),
    "addresses": Key(ADDRESSES, "Virtual addresses.", default=()),
    "applications": Key(APPLICATIONS, "What runs there.", default=()),
    "restarts": Key(Whole(0, 1000), "Restarts in place before the service moves.", otherwise="`3`"),
    "failure_expiry_s": Key(
        Number(*timing.LIMITS["failure_expiry_s"]),
        "How long its failures are remembered, in seconds.",
        otherwise="failover_timing.failure_expiry_s",
    ),
    "failback": Key(
        Text(FAILBACK),
        "Whether it goes back to the preferred node by itself.",
        otherwise="`manual`",
    ),
    "failback_delay_s": Key(
        Number(0, 86400),
        "How long that has to be possible before it does, in seconds.",
        otherwise="`300`",
    ),
}
SERVICES = ListOf(Keys(SERVICE, placed=True), empty="a cluster needs at least one service.")
