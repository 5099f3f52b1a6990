#!/usr/bin/python
# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tells the engine of a node that another node is switched off."""

from __future__ import annotations

DOCUMENTATION = r"""
module: confirm_fenced
short_description: Confirms that a node is switched off
description:
  - The services of that node start on another node. If that node still runs in fact, their data
    are destroyed.
  - Run it on a node that is in service, never on the one that is off.
version_added: 0.1.0
author: failover.cluster contributors (@failover-cluster)
extends_documentation_fragment: failover.cluster.attributes
attributes:
  check_mode: {support: full}
  diff_mode: {support: none}
  idempotent:
    support: none
    details: The engine refuses a node that it hears.
options:
  node:
    description: The node that is off.
    type: str
    required: true
  who:
    description: Who confirms it; the engine records the name.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Node2 was pulled out of the rack
  failover.cluster.confirm_fenced:
    node: node2
    who: alice
"""

RETURN = r"""
answer:
  description: Answer of the engine, empty in check mode.
  returned: always
  type: str
  sample: node2 is taken for fenced; recorded
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.cluster.plugins.module_utils import _engines
from ansible_collections.failover.cluster.plugins.module_utils._command import runner


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "node": {"type": "str", "required": True},
            "who": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )
    node, answer = module.params["node"], ""
    engine = _engines.here()
    if engine is None:
        module.fail_json(msg=_engines.NOT_RUNNING)
    if not module.check_mode:
        try:
            answer = engine.confirm_fenced(runner(module), node, module.params["who"])
        except _engines.Refused as refused:
            module.fail_json(msg=f"node: {node} was not confirmed: {refused}")
    module.exit_json(changed=True, answer=answer)


if __name__ == "__main__":
    main()
