#!/usr/bin/python
# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Asks a node whether a failover would succeed now."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ready
short_description: Tells whether a failover would succeed now, and how long it would take
description:
  - Asks the engine of this node. The standby of a service gives the most complete answer, so ask
    all nodes.
  - Changes nothing. The engine looks at the node anew before it answers.
version_added: 0.1.0
author: failover.cluster contributors (@failover-cluster)
extends_documentation_fragment: failover.cluster.attributes
attributes:
  check_mode: {support: full}
  diff_mode: {support: none}
  idempotent: {support: full}
options:
  demand:
    description:
      - Fail unless a failover of every service has at most this level of doubt.
      - V(ok) demands that nothing is wrong, V(warning) that it would succeed, V(never) demands
        nothing.
    type: str
    choices: [ok, warning, never]
    default: never
"""

EXAMPLES = r"""
- name: Go on only if a failover would succeed
  failover.cluster.ready:
    demand: warning
"""

RETURN = r"""
level:
  description: The worst level of all services, V(ok), V(warning), V(unknown) or V(critical).
  returned: always
  type: str
  sample: ok
services:
  description:
    - For each service C(level), the C(reason) for it, the least and most C(seconds) of a failover,
      and C(items) with C(what) was judged, C(level), C(text) and C(remedy).
  returned: always
  type: list
  elements: dict
  sample: [{name: shop, level: ok, reason: "", seconds: [4.5, 11.5], items: []}]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.cluster.plugins.module_utils import _engines
from ansible_collections.failover.cluster.plugins.module_utils._command import runner

ENOUGH = {"ok": ("ok",), "warning": ("ok", "warning")}


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "demand": {"type": "str", "choices": ["ok", "warning", "never"], "default": "never"}
        },
        supports_check_mode=True,
    )
    engine = _engines.here()
    if not engine:
        module.fail_json(msg=_engines.NOT_RUNNING)
    try:
        told = engine.ready(runner(module))
    except _engines.Refused as refused:
        module.fail_json(msg=f"ready: {refused}")
    result = {"level": told["level"], "services": told["services"]}
    enough = ENOUGH.get(module.params["demand"])
    if enough is not None and told["level"] not in enough:
        wrong = [s for s in told["services"] if s["level"] not in enough]
        sentences = [f"service {s['name']} is {s['level']}: {s['reason']}" for s in wrong]
        module.fail_json(msg=f"{'; '.join(sentences)} (demand).", **result)
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
