#!/usr/bin/python
# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads what the engine of a node knows about its cluster."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_info
short_description: Reads the state of a cluster from the engine of a node
description:
  - Returns the state in the same form for every engine, and can wait until services run.
  - Without options the control host runs the commands of the engine on the node, and sends no
    module there. That is much quicker over many nodes.
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
      - Whether the engine must have probed all its services, and must hear the other nodes.
      - It waits for a silent node, but a silent node is no error.
    type: bool
    default: false
  wait_s:
    description:
      - How long to wait for the engine, for O(running), O(stopped) and O(watching), in seconds.
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
  description:
    - The whole status. C(silent) are the nodes that this one does not hear; C(local) is the state
      of a service on this node. An engine may tell more.
  returned: always
  type: dict
  sample: {cluster: shop, node: node1, nodes: [node1, node2], silent: [], maintenance: false,
           standby: [], services: [{name: shop, owner: node1, state: running, local: running,
           why: ""}]}
"""

import time
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.cluster.plugins.module_utils import _engines
from ansible_collections.failover.cluster.plugins.module_utils._command import runner

POLL_S = 0.5
SILENT_S = 10.0
"""For so long a node that is not heard is waited for."""


def missing(status: dict[str, Any], wanted: list[str]) -> str:
    """Return one sentence on the first service that does not run, "" if all do."""
    if not status:
        return _engines.NOT_RUNNING
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
    return "" if status else _engines.NOT_RUNNING


def blind(status: dict[str, Any]) -> str:
    """Return one sentence on the first service that was not looked at yet, "" if none."""
    for service in status.get("services", []):
        if service["local"] == "unknown":
            return f"service {service['name']} was not looked at yet."
    return "" if status else _engines.NOT_RUNNING


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
        status = _engines.status(runner(module))
        waited_s = time.monotonic() - began
        problem = missing(status, module.params["running"])
        problem = problem or going(status, module.params["stopped"])
        lonely = False
        if module.params["watching"]:
            problem = problem or blind(status)
            lonely = bool(status.get("silent")) and waited_s < SILENT_S
        if not (problem or lonely) or waited_s > module.params["wait_s"]:
            break
        time.sleep(POLL_S)
    if problem:
        module.fail_json(msg=problem, status=status)
    module.exit_json(changed=False, status=status)


if __name__ == "__main__":
    main()
