# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The environment variables of an OCF agent. Pure except for the name of the host."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PROMOTABLE = {
    "clone_max": "1",
    "clone_node_max": "1",
    "master_max": "1",
    "promoted_max": "1",
    "promotable": "true",
}
"""Only for an agent that is promoted: Filesystem refuses to be a clone."""


@dataclass(frozen=True)
class Use:
    """One instance of an agent."""

    agent: str
    """Provider and type, like heartbeat:nginx."""
    instance: str
    promoted: bool


def variables(
    use: Use, root: Path, parameters: Mapping[str, str], timeout_s: float, interval_s: float
) -> dict[str, str]:
    """The variables of OCF 1.1, and those of Pacemaker that agents read."""
    provider, _colon, kind = use.agent.partition(":")
    meta = {
        "timeout": str(int(timeout_s * 1000)),
        "interval": str(int(interval_s * 1000)),
        "name": "monitor",
        "on_node": os.uname().nodename,
        "notify": "false",
        **(PROMOTABLE if use.promoted else {}),
    }
    return {
        "OCF_ROOT": str(root),
        "OCF_RA_VERSION_MAJOR": "1",
        "OCF_RA_VERSION_MINOR": "1",
        "OCF_RESOURCE_INSTANCE": use.instance,
        "OCF_RESOURCE_TYPE": kind,
        "OCF_RESOURCE_PROVIDER": provider,
        "OCF_CHECK_LEVEL": "0",
        **{f"OCF_RESKEY_CRM_meta_{key}": value for key, value in meta.items()},
        **{f"OCF_RESKEY_{key}": value for key, value in parameters.items()},
    }
