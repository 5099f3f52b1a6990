#!/usr/bin/python
# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Has a Pacemaker cluster let go of nodes."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pacemaker_nodes
short_description: Has a Pacemaker cluster let go of nodes
description:
  - Compares the nodes that the running cluster knows with those that it shall have.
  - >-
    A node that is known, and not wanted, is forgotten with C(crm_node --remove) if it is shut down,
    or fenced. One that is a member still, or lost and not fenced yet, is refused.
  - Nodes that are wanted and not known yet are not looked at.
  - With O(leaving) nothing is forgotten; it is asked whether the others can do without that node.
  - Asks the engine of this node; it does not matter which node of the cluster is asked.
version_added: 0.1.0
author: failover.cluster contributors (@failover-cluster)
extends_documentation_fragment: failover.cluster.attributes
attributes:
  check_mode: {support: full}
  diff_mode: {support: full}
  idempotent: {support: full}
options:
  nodes:
    description: Names of the nodes that the cluster shall have.
    type: list
    elements: str
    required: true
  leaving:
    description: >-
      A node that is to leave. It is refused if it runs a service or has a copy of a disk, if the
      cluster is in maintenance, or if another node is not heard.
    type: str
"""

EXAMPLES = r"""
- name: Forget nodes that the inventory does not name any more
  failover.cluster.pacemaker_nodes:
    nodes: "{{ prepare_model.nodes }}"

- name: Check that node3 can leave
  failover.cluster.pacemaker_nodes:
    nodes: [node1, node2]
    leaving: node3
"""

RETURN = r"""
forgotten:
  description: Nodes that the cluster has forgotten, or would forget in check mode.
  returned: always
  type: list
  elements: str
  sample: [node3]
refused:
  description: In check mode, why a run would refuse it; else empty.
  returned: always
  type: str
  sample: ""
"""

from collections.abc import Collection, Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.cluster.plugins.module_utils import _engines
from ansible_collections.failover.cluster.plugins.module_utils._command import Run, runner

LEAVE = "ansible-playbook failover.cluster.remove_node"
EMPTY = "ansible-playbook failover.cluster.standby"
LEAST = 2
CONFIRM = "ansible-playbook failover.cluster.confirm_fenced"


def refusal(status: Mapping[str, Any], wanted: Collection[str]) -> str:
    """Why the cluster cannot forget the nodes that are not wanted, "" if it can."""
    findings = status["health"]["findings"]
    unclean = {one["about"] for one in findings if one["code"] == "node-unclean"}
    for node in sorted(set(status["nodes"]) - set(wanted)):
        if node not in status["silent"]:
            return (
                f"{node} is a member of the cluster {status['cluster']}, and the inventory does not"
                f" name it. Put it back into the inventory, and take it out with {LEAVE}"
                f" -e cluster={status['cluster']} -e node={node}."
            )
        if node in unclean:
            return (
                f"{node} is lost and not fenced yet, and the inventory does not name it; it may"
                " still write. Put it back into the inventory, and if it is off for sure:"
                f" {CONFIRM} -e node={node}."
            )
    return ""


def bound(status: Mapping[str, Any], node: str, rest: Collection[str]) -> str:
    """Why the other nodes cannot do without a node, "" if they can."""
    if len(rest) < LEAST:
        return (
            f"a cluster of the engine pacemaker has {LEAST} nodes at least; the playbook remove"
            " takes it off all of them."
        )
    if status["maintenance"]:
        return "the cluster is in maintenance, which leaves everything as it is."
    silent = sorted(set(status["silent"]) & set(rest))
    if silent:
        return f"{', '.join(silent)} is not heard, and the rest might lose its quorum."
    for service in status["services"]:
        name = service["name"]
        if service["owner"] == node:
            return f"{name} runs on it. Move it away first: {EMPTY} -e node={node}."
        if service["state"] == "changing":
            return f"{name} is about to move or to change; wait until that is over."
        if node in service.get("copies", ()):
            return f"it has a copy of the disk of {name}."
    return ""


def forget(run: Run, nodes: Collection[str]) -> str:
    """Have the cluster forget nodes. Return what is wrong, "" if nothing is."""
    for node in nodes:
        code, out, err = run(["crm_node", "--force", "--remove", node])
        if code != 0:
            return f"the cluster did not forget {node}: {' '.join((err or out).split())}"
    return ""


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "nodes": {"type": "list", "elements": "str", "required": True},
            "leaving": {"type": "str"},
        },
        supports_check_mode=True,
    )
    wanted, leaving, run = module.params["nodes"], module.params["leaving"], runner(module)
    engine = _engines.here()
    status = engine.status(run) if engine else {}
    if not status:
        module.fail_json(msg=_engines.NOT_RUNNING)
    gone = [] if leaving else sorted(set(status["nodes"]) - set(wanted))
    refused = bound(status, leaving, wanted) if leaving else refusal(status, wanted)
    if not module.check_mode:
        wrong = refused or forget(run, gone)
        if wrong:
            module.fail_json(msg=wrong)
    module.exit_json(
        changed=bool(gone),
        forgotten=gone,
        refused=refused,
        diff={
            "before": "".join(f"{node}\n" for node in status["nodes"]),
            "after": "".join(f"{node}\n" for node in status["nodes"] if node not in gone),
        },
    )


if __name__ == "__main__":
    main()
