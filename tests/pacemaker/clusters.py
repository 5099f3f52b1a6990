# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Models of clusters with the engine pacemaker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.failover.cluster.plugins.plugin_utils import _engines, _model

DEVICES = "fence_dummy"
"""An agent of Debian's Pacemaker that says done to everything."""


def variables(addresses: Mapping[str, str]) -> dict[str, Any]:
    """What an inventory says of some nodes with their addresses, but for the services."""
    return {
        "failover_engine": "pacemaker",
        "failover_links": [
            {
                "name": "lan",
                "interface": "eth0",
                "address": {node: f"{address}/24" for node, address in addresses.items()},
            }
        ],
        "failover_unsafe": ["single_link"],
        "failover_fencing": [
            {
                "method": "stonith",
                "agent": DEVICES,
                "nodes": {node: {"status_file": f"/run/plug-{node}"} for node in addresses},
                "parameters": {"password": "hidden-word"},
            }
        ],
    }


def model(addresses: Mapping[str, str], **more: Any) -> dict[str, Any]:
    """The model of some nodes; more: variables."""
    given = {**variables(addresses), **more}
    each = {n: {**given, "ansible_host": address} for n, address in addresses.items()}
    made: dict[str, Any] = _model.build("shop", list(addresses), each)
    return made


def files(of: dict[str, Any]) -> dict[str, str]:
    """Its files; every node has the same."""
    made: dict[str, str] = _engines.of(of).files(of, of["nodes"][0], {"corosync": "ab" * 32})
    return made
