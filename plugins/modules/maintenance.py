#!/usr/bin/python
# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Begins or ends the maintenance of a cluster."""

from __future__ import annotations

DOCUMENTATION = r"""
module: maintenance
short_description: Makes the cluster leave everything as it is while people work on it
description:
  - During maintenance no service is started, stopped or moved, and no node is fenced.
  - Asks the engine of this node; it does not matter which node of the cluster is asked.
version_added: 0.1.0
author: failover.cluster contributors (@failover-cluster)
extends_documentation_fragment: failover.cluster.attributes
attributes:
  check_mode: {support: full}
  diff_mode: {support: full}
  idempotent: {support: full}
options:
  state:
    description: Whether maintenance is to be V(on) or V(off).
    type: str
    choices: ["on", "off"]
    required: true
"""

EXAMPLES = r"""
- name: Work on the cluster
  failover.cluster.maintenance:
    state: "on"
"""

RETURN = r"""
before:
  description: Maintenance before the run.
  returned: always
  type: str
  sample: "off"
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.cluster.plugins.module_utils import _engines
from ansible_collections.failover.cluster.plugins.module_utils._command import runner


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={"state": {"type": "str", "choices": ["on", "off"], "required": True}},
        supports_check_mode=True,
    )
    engine = _engines.here()
    status = engine.status(runner(module)) if engine else {}
    if not engine or not status:
        module.fail_json(msg=_engines.NOT_RUNNING)
    before, after = "on" if status["maintenance"] else "off", module.params["state"]
    if before != after and not module.check_mode:
        try:
            engine.maintenance(runner(module), after == "on")
        except _engines.Refused as refused:
            module.fail_json(msg=f"state: maintenance stays {before}: {refused}")
    module.exit_json(
        changed=before != after,
        before=before,
        diff={"before": f"maintenance {before}\n", "after": f"maintenance {after}\n"},
    )


if __name__ == "__main__":
    main()
