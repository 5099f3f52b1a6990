# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that each kind of import reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from . import cib, host, read, redact, server

Run = host.Run
CIB = "/var/lib/pacemaker/cib/cib.xml"


def heartbeat(run: Run, root: str = "") -> dict[str, Any]:
    """Heartbeat's configuration, without its keys."""
    place = "/etc/ha.d"
    found = {}
    for name, clean in (
        ("ha.cf", redact.ha_cf),
        ("haresources", redact.haresources),
        ("authkeys", redact.authkeys),
    ):
        found[name] = read.file(f"{place}/{name}", clean, root)
    return {
        "heartbeat": found,
        "resource_scripts": read.names(f"{place}/resource.d", root),
        "drbd_files": host.drbd(root),
    }


def drbd(run: Run, root: str = "") -> dict[str, Any]:
    """DRBD's configuration, and what may stand around it."""
    return {
        "drbd_files": host.drbd(root),
        "keepalived": read.file("/etc/keepalived/keepalived.conf", redact.keepalived, root),
    }


def pacemaker(run: Run, root: str = "") -> dict[str, Any]:
    """The cluster information base, live or as it lies on the disk."""
    tool = host.program("cibadmin") if not root else ""
    code, out, _err = run([tool, "--query", "--local"]) if tool else (1, "", "")
    live = cib.clean(out) if code == 0 else ""
    stored = read.file(CIB, cib.clean, root, cib.LONGEST) if not live else None
    return {
        "cib": live or (stored["text"] if stored else ""),
        "cib_live": bool(live),
        "corosync": read.file("/etc/corosync/corosync.conf", redact.corosync, root),
        "drbd_files": host.drbd(root),
    }


KINDS: Mapping[str, Callable[..., dict[str, Any]]] = {
    "heartbeat": heartbeat,
    "drbd": drbd,
    "pacemaker": pacemaker,
    "server": server.kind,
}
"""Kind -> what reads it."""
