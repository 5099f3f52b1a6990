# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which services this node was configured for, and what of each lies on it."""

from __future__ import annotations

import json
from typing import Any

CONFIGURATION = "/etc/failoverd/cluster.json"


def services(path: str = CONFIGURATION) -> dict[str, dict[str, Any]]:
    """Return mount point ("" for none) and units of each service; {} without a configuration."""
    try:
        with open(path, encoding="utf-8") as handle:
            found = json.load(handle)
        return {str(item["name"]): _parts(item["resources"]) for item in found["services"]}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        # Nothing is known of it then; the daemon tells what is wrong with the file.
        return {}


def _parts(resources: list[dict[str, Any]]) -> dict[str, Any]:
    mounts = [str(item["path"]) for item in resources if item.get("type") == "filesystem"]
    units = [str(item["unit"]) for item in resources if item.get("type") == "unit"]
    return {"mount": (mounts or [""])[0], "units": units}
