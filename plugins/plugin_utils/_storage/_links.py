# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The link over which a storage replicates."""

from __future__ import annotations

from typing import Any

from .._inventory.reading import every
from .._problems import refuse


def replication_link(where: str, link: str, links: Any, who: str) -> str:
    """Return the name of a network link, or refuse it. who: what replicates."""
    found = next((one for one in every(links) if one["name"] == link), None)
    if found is None:
        names = ", ".join(one["name"] for one in links)
        refuse(where, link, f"is not a link of the cluster; they are {names}.")
    if found["type"] != "udp":
        refuse(where, link, f"is a serial line; {who} replicates over a network.")
    return link
