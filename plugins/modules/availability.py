#!/usr/bin/python
# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Asks a node how long its services were up and down."""

from __future__ import annotations

DOCUMENTATION = r"""
module: availability
short_description: Tells how long each service of a cluster was up and down, and why
description:
  - Reads the history of this node, which also tells what it has seen of the other one.
  - Time of which no record tells is unknown. It never counts as up.
version_added: 0.1.0
author: failover.cluster contributors (@failover-cluster)
extends_documentation_fragment: failover.cluster.attributes
attributes:
  check_mode: {support: full}
  diff_mode: {support: none}
  idempotent: {support: full}
options:
  since:
    description: The period, such as V(90d), V(12h), V(4w), V(3m), V(1y), or a date. It ends now.
    type: str
    default: 90d
  target:
    description: What was promised, in percent.
    type: float
    default: 99.99
"""

EXAMPLES = r"""
- name: Ask for the availability of the last year
  failover.cluster.availability:
    since: 1y
"""

RETURN = r"""
begin:
  description: Begin of the period, as Unix time.
  returned: always
  type: float
  sample: 1787000000.0
end:
  description: End of the period.
  returned: always
  type: float
  sample: 1794776000.0
services:
  description:
    - Each service with its seconds up (C(up_s)), down (C(planned_s), C(unplanned_s)) and unknown,
      its C(availability) in percent, its C(budget), its causes and its outages.
  returned: always
  type: list
  elements: dict
  sample: [{name: web, known_s: 7776000.0, unknown_s: 0, up_s: 7775862.8, planned_s: 41.2,
            unplanned_s: 96.0, moves: 8, failures: 2, availability: 99.9982}]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.cluster.plugins.module_utils import _engines
from ansible_collections.failover.cluster.plugins.module_utils._command import runner


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "since": {"type": "str", "default": "90d"},
            "target": {"type": "float", "default": 99.99},
        },
        supports_check_mode=True,
    )
    engine = _engines.here()
    if not engine:
        module.fail_json(msg=_engines.NOT_RUNNING)
    try:
        told = engine.availability(runner(module), module.params["since"], module.params["target"])
    except _engines.Refused as refused:
        module.fail_json(msg=f"availability: {refused}")
    module.exit_json(changed=False, begin=told["begin"], end=told["end"], services=told["services"])


if __name__ == "__main__":
    main()
