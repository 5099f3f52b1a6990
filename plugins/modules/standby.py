#!/usr/bin/python
# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Begins or ends the standby mode of a node."""

from __future__ import annotations

DOCUMENTATION = r"""
module: standby
short_description: Has a node run nothing, or lets it run services again
description:
  - With V(on), waits until all services have left the node, and measures how long each was down.
  - With V(off), nothing moves back by itself, unless the C(failback) of a service says so.
  - Asks the engine of this node; it does not matter which node of the cluster is asked.
version_added: 0.1.0
author: failover.cluster contributors (@failover-cluster)
extends_documentation_fragment: failover.cluster.attributes
attributes:
  check_mode: {support: full}
  diff_mode: {support: full}
  idempotent: {support: full}
options:
  node:
    description: The node.
    type: str
    required: true
  state:
    description: Whether its standby mode is to be V(on) or V(off).
    type: str
    choices: ["on", "off"]
    required: true
  wait_s:
    description: How long to wait until all services have left, in seconds.
    type: int
    default: 600
"""

EXAMPLES = r"""
- name: Empty a node before work on it
  failover.cluster.standby:
    node: node1
    state: "on"
"""

RETURN = r"""
before:
  description: The standby mode of the node before the run.
  returned: always
  type: str
  sample: "off"
downtimes:
  description:
    - How long each service was down that left the node, in seconds, from the last look at which it
      ran there to the first at which it ran elsewhere.
  returned: success
  type: dict
  sample: {shop: 4.3}
"""

import time
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.cluster.plugins.module_utils import _engines, _moves
from ansible_collections.failover.cluster.plugins.module_utils._command import Run, runner

POLL_S = 0.1


CHANGING = ("starting", "stopping")


def left(status: dict[str, Any], node: str) -> list[str]:
    """Return the services that are on the node, or on their way."""
    services = status["services"]
    return sorted(s["name"] for s in services if s.get("owner") == node or s["state"] in CHANGING)


def emptied(
    engine: _engines.Engine, run: Run, node: str, wait_s: int, downtimes: _moves.Downtimes
) -> str:
    """Wait until nothing is on a node, and measure. Return what is wrong if something stays."""
    until = time.monotonic() + wait_s
    rest: list[str] = []
    while True:
        status = engine.status(run)
        if status:
            downtimes.look(status, time.monotonic())
            rest = left(status, node)
            if not rest:
                return ""
        if time.monotonic() > until:
            why = {s["name"]: s.get("why") for s in status.get("services", ())}
            said = "; ".join(f"{name} ({why.get(name) or 'no reason given'})" for name in rest)
            return f"after {wait_s} s not yet gone: {said or 'no answer'}"
        time.sleep(POLL_S)


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "node": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["on", "off"], "required": True},
            "wait_s": {"type": "int", "default": 600},
        },
        supports_check_mode=True,
    )
    node, after = module.params["node"], module.params["state"]
    run = runner(module)
    engine = _engines.here()
    status = engine.status(run) if engine else {}
    if not engine or not status:
        module.fail_json(msg=_engines.NOT_RUNNING)
    if node not in status["nodes"]:
        known = ", ".join(status["nodes"])
        module.fail_json(msg=f"node: {node} is not a node of the cluster; they are {known}.")
    before = "on" if node in status["standby"] else "off"
    downtimes = _moves.Downtimes()
    downtimes.look(status, time.monotonic())
    wrong = ""
    if not module.check_mode:
        try:
            if before != after:
                engine.standby(run, node, after == "on")
        except _engines.Refused as refused:
            module.fail_json(msg=f"state: the standby mode of {node} stays {before}: {refused}")
        if after == "on":
            # Also after a run that was cut off: its services may still be leaving.
            wrong = emptied(engine, run, node, module.params["wait_s"], downtimes)
    result = {
        "before": before,
        "downtimes": downtimes.seconds,
        "diff": {
            "before": f"standby of {node} {before}\n",
            "after": f"standby of {node} {after}\n",
        },
    }
    if wrong:
        module.fail_json(
            msg=f"{node} is in standby mode, but services are on it: {wrong}.", **result
        )
    module.exit_json(changed=before != after, **result)


if __name__ == "__main__":
    main()
