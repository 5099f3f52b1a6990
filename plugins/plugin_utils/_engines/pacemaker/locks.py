# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lock of a shared disk, which the agent sfex of the distribution keeps (SF-EX of Linux-HA).

Its daemon renews the lock. Another node that wants it waits lock_timeout: the lock is its own if
nobody has renewed it meanwhile. A fence device comes first; the lock is the second guard.

Source: resource-agents 4.12, ocf:heartbeat:sfex. Its durations are whole seconds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ..._problems import Problem
from . import durations, elements
from .elements import Element, name

AGENT = "ocf:heartbeat:sfex"
LEAST_TIMEOUT_S = 10
RENEWALS = 3
"""A lock may miss so many renewals before another node takes it."""
MORE_S = 60
"""What a start and a stop may take beside the wait."""


def times(sfex: Mapping[str, Any]) -> dict[str, int]:
    """The durations of the agent. Raises Problem."""
    renew = max(1, math.ceil(sfex["renew_s"]))
    least = RENEWALS * renew
    timeout = math.ceil(sfex.get("timeout_s", max(LEAST_TIMEOUT_S, 2 * least)))
    if timeout < least:
        raise Problem(
            f"failover_sfex.timeout_s: {timeout} is less than {RENEWALS} times renew_s"
            f" ({renew}); a lock that is late once would be taken."
        )
    collision = math.ceil(sfex.get("collision_s", renew))
    return {"monitor_interval": renew, "lock_timeout": timeout, "collision_timeout": collision}


def numbered(model: Any) -> None:
    """Refuse a service whose lock has no number. Raises Problem."""
    for service in model["services"]:
        storage = service["storage"]
        if storage["type"] == "shared" and storage.get("lock") is None:
            raise Problem(
                f"{service['where']}.storage.lock: missing; a lock of the agent sfex does not tell"
                " whose it is, so each service on a shared disk needs a number of its own here,"
                " which never changes."
            )


def resources(model: Mapping[str, Any], service: Mapping[str, Any]) -> list[Element]:
    """The lock, which comes before the disk is mounted."""
    sfex, number = model["sfex"], service["storage"].get("lock")
    if sfex is None or number is None:
        return []
    owner, given = name(service["name"], "lock"), sfex["times"]
    per_node = {
        node: {"device": sfex["disk"][node], "index": number, **given} for node in model["nodes"]
    }
    wait = given["lock_timeout"] + given["collision_timeout"] + MORE_S
    ops = [
        {"name": "start", "interval": "0", "timeout": f"{wait}s"},
        {"name": "stop", "interval": "0", "timeout": f"{MORE_S}s", "on-fail": "fence"},
        {"name": "monitor", "interval": f"{durations.seconds(model['pacemaker']['monitor_s'])}s",
         "timeout": f"{MORE_S}s"},
    ]  # fmt: skip
    return [elements.primitive(owner, AGENT, elements.by_node(owner, per_node), ops=ops)]


def costs(model: Mapping[str, Any]) -> list[str]:
    """What the lock adds to a takeover."""
    if model["sfex"] is None:
        return []
    wait = model["sfex"]["times"]["lock_timeout"]
    return [
        f"{service['name']}: the node that takes it over waits {wait} s for its lock, after the"
        " owner was fenced."
        for service in model["services"]
        if service["storage"].get("lock") is not None
    ]
