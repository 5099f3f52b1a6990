#!/usr/bin/python
# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Plans moves of services, and tells what forbids them."""

from __future__ import annotations

DOCUMENTATION = r"""
module: move_plan
short_description: Plans moves of services without moving anything
description:
  - Returns what would be done in which order, how long each service would be down, and each
    precondition that fails.
  - Asks the engine of this node; it does not matter which node of the cluster is asked.
version_added: 0.1.0
author: failover.cluster contributors (@failover-cluster)
extends_documentation_fragment: failover.cluster.attributes
attributes:
  check_mode: {support: full}
  diff_mode: {support: none}
  idempotent: {support: full}
options:
  moves:
    description:
      - Each C(service) with the node C(to) that is to run it. Without C(to) it is the other one of
        two nodes, or the one that the engine chooses.
    type: list
    elements: dict
    default: []
  empty:
    description: Node that all services leave; instead of O(moves).
    type: str
"""

EXAMPLES = r"""
- name: What would a move of the shop do?
  failover.cluster.move_plan:
    moves: [{service: shop, to: node1}]
  register: plan
"""

RETURN = r"""
steps:
  description:
    - For each service C(from), C(to), and the C(seconds) that a move took when it was last
      measured, none if it was not.
  returned: success
  type: list
  elements: dict
  sample: [{service: shop, from: node2, to: node1, seconds: 4.2}]
problems:
  description: A sentence for each precondition that fails.
  returned: success
  type: list
  elements: str
  sample: ["service shop: node1 is in standby mode; end that first (playbook online)."]
lines:
  description: The plan for people.
  returned: success
  type: list
  elements: str
  sample: [1. shop stays on node1.]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.cluster.plugins.module_utils import _engines, _moves
from ansible_collections.failover.cluster.plugins.module_utils._command import runner


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "moves": {"type": "list", "elements": "dict", "default": []},
            "empty": {"type": "str"},
        },
        supports_check_mode=True,
    )
    engine = _engines.here()
    status = engine.status(runner(module)) if engine else {}
    if not engine or not status:
        module.fail_json(msg=_engines.NOT_RUNNING)
    empty = module.params["empty"]
    if empty and empty not in status["nodes"]:
        known = ", ".join(status["nodes"])
        module.fail_json(msg=f"empty: {empty} is not a node of the cluster; they are {known}.")
    moves = [
        {"service": str(move.get("service", "")), "to": str(move.get("to") or "")}
        for move in module.params["moves"]
    ]
    moves = _moves.emptied(status, empty) if empty else moves
    steps, problems = _moves.plan(status, _engines.measured(engine, runner(module)), moves)
    module.exit_json(changed=False, steps=steps, problems=problems, lines=_moves.lines(steps))


if __name__ == "__main__":
    main()
