# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What systemd has to leave to Pacemaker at a shutdown of the node (F61).

systemd unmounts every disk then, and it knows of no program that uses one: what runs on it would
write into the empty directory below.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

HEAD = "# Written by failover.cluster; changes are overwritten.\n"


def drop_in(model: Mapping[str, Any]) -> str:
    """The part of pacemaker.service that keeps the disks of services until Pacemaker has ended."""
    mounts = [service["storage"]["mount"] for service in model["services"]]
    return HEAD + "[Unit]\n" + "".join(f"After={unit(path)}\n" for path in mounts if path)


def unit(path: str) -> str:
    """The name of the unit that systemd makes of a mounted directory (systemd.unit(5))."""
    name = re.sub(r"[^A-Za-z0-9:_./]|^\.", lambda found: f"\\x{ord(found[0]):02x}", path.strip("/"))
    return name.replace("/", "-") + ".mount"
