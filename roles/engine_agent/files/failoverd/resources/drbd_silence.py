# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""For how long the peer's kernel has been silent on the connections of a DRBD resource.

A live kernel is never silent for longer than ping-int, whatever its node is doing: it asks, or
answers, once in that time. So a device that calls a living peer off is found out (F12).
"""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path

from failoverd.system import sockdiag

FILES = Path("/etc/drbd.d")
ADDRESS = re.compile(r"^\s*address\s+(?:ipv[46]\s+)?\[?([0-9A-Fa-f.:]+?)\]?:(\d+)\s*;", re.M)
CONNECTIONS = 2
"""DRBD has one for data and one for everything else."""


def silent_s(resource: str) -> float:
    """In seconds; 0 if it is not known, or if the connections are not complete.

    Raises OSError if the kernel or the file of the resource cannot be read.
    """
    ends = _ends((FILES / f"{resource}.res").read_text(encoding="utf-8"))
    if len(ends) != CONNECTIONS:
        return 0.0
    version = ipaddress.ip_address(next(iter(ends))[0]).version
    hosts = {address for address, _port in ends}
    silences = [
        connection.silent_s
        for connection in sockdiag.established(version)
        if {connection.here[0], connection.there[0]} == hosts
        and not ends.isdisjoint((connection.here, connection.there))
    ]
    return min(silences) if len(silences) >= CONNECTIONS else 0.0


def _ends(text: str) -> set[sockdiag.Endpoint]:
    return {
        (str(ipaddress.ip_address(address)), int(port)) for address, port in ADDRESS.findall(text)
    }
