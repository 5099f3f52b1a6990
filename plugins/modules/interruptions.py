#!/usr/bin/python
# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tells which running services a change interrupts, and whether that was asked for."""

from __future__ import annotations

DOCUMENTATION = r"""
module: interruptions
short_description: Tells which running services a change would interrupt
description:
  - Compares what a change would do to services with what the engine of this node says of them.
  - A service that does not run is not interrupted.
  - Changes nothing, and refuses nothing by itself.
version_added: 0.1.0
author: failover.cluster contributors (@failover-cluster)
extends_documentation_fragment: failover.cluster.attributes
attributes:
  check_mode: {support: full}
  diff_mode: {support: none}
  idempotent: {support: full}
options:
  found:
    description:
      - What the change would do. Each has C(service), a sentence C(text), and C(here), whether it
        happens only where the service runs on this node.
    type: list
    elements: dict
    required: true
  permitted:
    description: Services that may be interrupted.
    type: list
    elements: str
    default: []
  leaving:
    description: Services whose stop was asked for, so that O(permitted) is not needed for them.
    type: list
    elements: str
    default: []
  alone:
    description:
      - Whether no other node lives. Then nobody can fail to hear this one, so only what happens
        here counts.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Would the new configuration stop what runs?
  failover.cluster.interruptions:
    found:
      - {service: shop, text: shop is stopped and started again, here: true}
  register: answer
"""

RETURN = r"""
lines:
  description: What would happen to running services, one sentence each.
  returned: success
  type: list
  elements: str
  sample:
    - >-
      shop is stopped and started again, because of address-192.168.1.10; its last stop and start
      took 4.2 s when last measured.
refused:
  description: Why the change may not be made, with the word that permits it; else empty.
  returned: success
  type: str
  sample: ""
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.cluster.plugins.module_utils import _engines, _interruptions
from ansible_collections.failover.cluster.plugins.module_utils._command import runner


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "found": {"type": "list", "elements": "dict", "required": True},
            "permitted": {"type": "list", "elements": "str", "default": []},
            "leaving": {"type": "list", "elements": "str", "default": []},
            "alone": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    found, permitted = module.params["found"], module.params["permitted"]
    for one in found:
        if not {"service", "text", "here"} <= one.keys():
            module.fail_json(msg="found: each needs service, text and here.")
    engine = _engines.here()
    status = engine.status(runner(module)) if engine else {}
    real = _interruptions.real(found, status, module.params["leaving"], module.params["alone"])
    seconds = _engines.measured(engine, runner(module)) if engine and real else {}
    lines = _interruptions.lines(real, seconds)
    names = [one["service"] for one in real]
    refused = _interruptions.refusal(lines, names, permitted)
    module.exit_json(changed=False, lines=lines, refused=refused)


if __name__ == "__main__":
    main()
