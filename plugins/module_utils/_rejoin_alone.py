# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A node's copy of a replicated database comes back by itself, where the user chose that.

It does what the playbook rejoin does, and less (_rejoin.person). It begins only after the cluster
has given the copy up, so that the cluster starts no server meanwhile, and only while the cluster
and the other server both say that the other node is the primary.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as ET

from . import _rejoin_node

LOOK_S = 15.0
"""Pause between two looks."""
RETRY_S = 600.0
"""Pause after an attempt that failed: a base backup costs the primary something."""
PROMOTED = ("Promoted", "Master")
HEAD = "#"
Ask = Callable[[], "ET.Element | None"]


@dataclass(frozen=True)
class Look:
    """What came of one look."""

    said: str
    """For the journal; "" if there is nothing to say."""
    pause_s: float = LOOK_S


def look(params: Mapping[str, Any], ask: Ask) -> Look:
    """Bring the copy back if it may. ask: what crm_mon says, None while it says nothing."""
    if _rejoin_node.Node(params).runs():
        return Look("")
    answer = ask()
    if answer is None or not given_up(answer, params):
        return Look("")
    reason = obstacle(answer, params)
    if reason:
        return Look(f"{params['service']}: {params['node']} does not come back: {reason}.")
    try:
        done = _rejoin_node.rejoined({**params, "by_itself": True})
    except _rejoin_node.Refused as refused:
        return Look(f"{params['service']}: {refused}")
    except _rejoin_node.Failed as failed:
        return Look(f"{params['service']}: {failed}", RETRY_S)
    kept = f" What was taken away lies in {done['kept']}." if done["kept"] else ""
    return Look(
        f"{params['service']}: {done['action']}; {done['why']}{kept} {done['lock']}".strip()
    )


def given_up(answer: ET.Element, params: Mapping[str, Any]) -> bool:
    """Whether the cluster remembers a failure of the copy here, and runs none."""
    node, resource = params["node"], params["resource"]
    failed = any(
        one.get("node") == node and one.get("op_key", "").startswith(f"{resource}_")
        for one in answer.iterfind("failures/failure")
    )
    return failed and not any(
        place.get("name") == node
        for copy in _copies(answer, resource)
        for place in copy.iter("node")
    )


def obstacle(answer: ET.Element, params: Mapping[str, Any]) -> str:
    """Why the cluster speaks against it, "" if it does not."""
    node, other = params["node"], params["other"]
    quorum, options = answer.find("summary/current_dc"), answer.find("summary/cluster_options")
    if quorum is None or quorum.get("with_quorum") != "true":
        return "this part of the cluster has no quorum"
    if options is None or options.get("maintenance-mode") != "false":
        return "the cluster is in maintenance"
    own = answer.find(f"nodes/node[@name='{node}']")
    if own is None or own.get("online") != "true":
        return "this node is no member"
    if "true" in (own.get("standby"), own.get("maintenance"), own.get("pending")):
        return "this node is in standby, in maintenance, or not yet a full member"
    for copy in _copies(answer, params["resource"]):
        places = [place.get("name") for place in copy.iter("node")]
        healthy = (copy.get("managed"), copy.get("failed"), copy.get("blocked"))
        if copy.get("role") in PROMOTED and places == [other]:
            return "" if healthy == ("true", "false", "false") else f"{other} has a failure, too"
    return f"{other} is not the primary"


def _copies(answer: ET.Element, resource: str) -> list[ET.Element]:
    return [one for one in answer.iter("resource") if one.get("id") == resource]


def read(text: str) -> dict[str, Any]:
    """Read the file that says how a service is brought back. Raises ValueError, KeyError."""
    lines = [line for line in text.splitlines() if line and not line.startswith(HEAD)]
    given: dict[str, Any] = dict(line.split("=", 1) for line in lines)
    return {
        **given,
        "port": int(given["port"]),
        "wait_s": int(given["wait_s"]),
        "discard": False,
        "only_empty": False,
    }
