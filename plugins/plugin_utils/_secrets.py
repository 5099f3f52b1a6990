# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a model anybody may see, and what nobody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import _applications, _fencing, _notifications, _page


def public(model: Mapping[str, Any]) -> dict[str, Any]:
    """Return the model without secrets, fit to be shown."""
    result = dict(model)
    result["fencing"] = [
        {
            **method,
            "parameters": _fencing.public(method["parameters"]),
            "nodes": {n: _fencing.public(item) for n, item in method["nodes"].items()},
        }
        for method in model["fencing"]
    ]
    result["notifications"] = [_notifications.public(item) for item in model["notifications"]]
    result["page"] = _page.public(model["page"])
    result["services"] = [
        {
            **service,
            "applications": [_shown(application) for application in service["applications"]],
        }
        for service in model["services"]
    ]
    return result


def _shown(application: Mapping[str, Any]) -> dict[str, Any]:
    keys = _applications.of(application).keys
    hidden = {name for name, key in keys.items() if key.kind.secret}
    return {key: item for key, item in application.items() if key not in hidden}


def devices(model: Mapping[str, Any], host: str) -> list[dict[str, Any]]:
    """Return the access to the fence devices of the other nodes.

    Each node asks the devices of the others, as it will when it must fence them.
    """
    return [
        {
            "where": method["where"],
            "agent": method["agent"],
            "node": node,
            "timeout_s": method["timeout_s"],
            "parameters": {**method["parameters"], **method["nodes"][node]},
        }
        for method in model["fencing"]
        for node in model["nodes"]
        if node != host and method["agent"]
    ]
