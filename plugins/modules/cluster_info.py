#!/usr/bin/python
# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the daemon of a node knows about its cluster."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_info
short_description: Reads the state of a cluster from the daemon of a node
description:
  - Returns what C(failoverctl status --json) says, and can wait until services run.
version_added: 0.1.0
author: failover.cluster contributors (@failover-cluster)
extends_documentation_fragment: failover.cluster.attributes
attributes:
  check_mode: {support: full}
  diff_mode: {support: none}
  idempotent: {support: full}
options:
  running:
    description: Services that must run somewhere in the cluster.
    type: list
    elements: str
    default: []
  stopped:
    description: Services that must not run on this node, such as those that were removed.
    type: list
    elements: str
    default: []
  watching:
    description:
      - Whether the daemon must have looked at all its services, and hear its peer.
      - A peer that is not heard is waited for, but is no error.
    type: bool
    default: false
  wait_s:
    description:
      - How long to wait for the daemon, for O(running), O(stopped) and O(watching), in seconds.
    type: int
    default: 0
"""

EXAMPLES = r"""
- name: Wait until the shop is served
  failover.cluster.cluster_info:
    running: [shop]
    wait_s: 120
"""

RETURN = r"""
status:
  description: The whole status.
  returned: always
  type: dict
  sample: {cluster: shop, node: node1, services: [{name: shop, owner: node1, state: running}]}
"""

import time
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.cluster.plugins.module_utils import _control

POLL_S = 0.5
PEER_S = 10.0
"""For so long a peer that is not heard is waited for."""


def missing(status: dict[str, Any], wanted: list[str]) -> str:
    """Return one sentence on the first service that does not run, "" if all do."""
    if not status:
        return "failoverd does not run on this node."
    services = {service["name"]: service for service in status.get("services", [])}
    for name in wanted:
        service = services.get(name)
        if service is None:
            return f"service {name} is not a service of cluster {status.get('cluster')}."
        if service.get("state") != "running" or not service.get("owner"):
            why = service.get("why") or "no reason given"
            return f"service {name} does not run: it is {service.get('state')} ({why})."
    return ""


def going(status: dict[str, Any], unwanted: list[str]) -> str:
    """Return one sentence on the first service that is up on this node and must not be."""
    for service in status.get("services", []):
        if service["name"] in unwanted and service["local"] != "stopped":
            why = service.get("why") or "no reason given"
            return (
                f"service {service['name']} is not stopped here: it is {service['local']} ({why})."
            )
    return "" if status else "failoverd does not run on this node."


def blind(status: dict[str, Any]) -> str:
    """Return one sentence on the first service that was not looked at yet, "" if none."""
    for service in status.get("services", []):
        if service["local"] == "unknown":
            return f"failoverd has not looked at service {service['name']} yet."
    return "" if status else "failoverd does not run on this node."


def alone(status: dict[str, Any]) -> bool:
    """Return whether the daemon does not hear its peer."""
    return status.get("peer", {}).get("life") != "alive"


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "running": {"type": "list", "elements": "str", "default": []},
            "stopped": {"type": "list", "elements": "str", "default": []},
            "watching": {"type": "bool", "default": False},
            "wait_s": {"type": "int", "default": 0},
        },
        supports_check_mode=True,
    )
    began = time.monotonic()
    while True:
        status, waited_s = _control.status(module), time.monotonic() - began
        problem = missing(status, module.params["running"])
        problem = problem or going(status, module.params["stopped"])
        lonely = False
        if module.params["watching"]:
            problem = problem or blind(status)
            lonely = alone(status) and waited_s < PEER_S
        if not (problem or lonely) or waited_s > module.params["wait_s"]:
            break
        time.sleep(POLL_S)
    if problem:
        module.fail_json(msg=problem, status=status)
    module.exit_json(changed=False, status=status)


if __name__ == "__main__":
    main()
