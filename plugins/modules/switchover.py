#!/usr/bin/python
# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Moves a service to another node and measures the time."""

from __future__ import annotations

DOCUMENTATION = r"""
module: switchover
short_description: Moves a service to another node and waits until it serves there
description:
  - Asks the engine of this node; it does not matter which node of the cluster is asked.
version_added: 0.1.0
author: failover.cluster contributors (@failover-cluster)
extends_documentation_fragment: failover.cluster.attributes
attributes:
  check_mode: {support: full}
  diff_mode: {support: full}
  idempotent:
    support: partial
    details: With O(to) a service that runs there already stays; without it each run moves it.
options:
  service:
    description: Name of the service.
    type: str
    required: true
  to:
    description: Node that is to run it. In a cluster of two nodes, the default is the other node.
    type: str
  wait_s:
    description: Longest time of the move, in seconds.
    type: int
    default: 120
"""

EXAMPLES = r"""
- name: Move the shop home
  failover.cluster.switchover:
    service: shop
    to: node1
"""

RETURN = r"""
before:
  description: Node that ran the service before.
  returned: always
  type: str
  sample: node2
after:
  description: Node that runs it now, or would.
  returned: always
  type: str
  sample: node1
seconds:
  description: Time of the move, 0 if there was none.
  returned: always
  type: float
  sample: 2.4
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.cluster.plugins.module_utils import _engines
from ansible_collections.failover.cluster.plugins.module_utils._command import runner


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "service": {"type": "str", "required": True},
            "to": {"type": "str"},
            "wait_s": {"type": "int", "default": 120},
        },
        supports_check_mode=True,
    )
    name = module.params["service"]
    engine = _engines.here()
    status = engine.status(runner(module)) if engine else {}
    if not engine or not status:
        module.fail_json(msg=_engines.NOT_RUNNING)
    services = {service["name"]: service for service in status["services"]}
    if name not in services:
        known = ", ".join(sorted(services)) or "none"
        module.fail_json(msg=f"service: {name} is not a service of the cluster; they are {known}.")
    before = services[name].get("owner") or ""
    nodes = status["nodes"]
    other = next(node for node in nodes if node != before)
    to = module.params["to"] or (other if len(nodes) == 2 else "")
    if to not in nodes:
        what = f"{to} is not a node of the cluster" if to else "missing; several nodes could run it"
        module.fail_json(msg=f"to: {what}; they are {', '.join(nodes)}.")
    seconds = 0.0
    if to != before and not module.check_mode:
        try:
            seconds = engine.switchover(runner(module), name, to, module.params["wait_s"])
        except _engines.Refused as refused:
            module.fail_json(msg=f"service {name} was not moved: {refused}")
    module.exit_json(
        changed=to != before,
        before=before,
        after=to,
        seconds=seconds,
        diff={"before": f"{name}: {before}\n", "after": f"{name}: {to}\n"},
    )


if __name__ == "__main__":
    main()
