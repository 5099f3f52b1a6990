#!/usr/bin/python
# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: upgrade_plan
short_description: Plans how the nodes of a cluster are upgraded one after the other
description:
  - Runs on the control host only, after all nodes were asked. Changes nothing.
  - With O(downtimes) it reports what an upgrade has taken instead.
version_added: 0.1.0
author: failover.cluster contributors (@failover-cluster)
extends_documentation_fragment: failover.cluster.attributes
attributes:
  check_mode: {support: full}
  diff_mode: {support: none}
  idempotent: {support: full}
options:
  model:
    description: The model, as M(failover.cluster.model) returns it.
    type: dict
    required: true
  found:
    description: What M(failover.cluster.upgrade_info) returned as C(upgrade) for each node.
    type: dict
    required: true
  ready:
    description: What M(failover.cluster.ready) returned for each node.
    type: dict
    default: {}
  status:
    description: What M(failover.cluster.cluster_info) says on one of them.
    type: dict
    default: {}
  reboot:
    description: Whether a node may be rebooted if it needs that.
    type: str
    choices: [auto, never]
    default: auto
  home:
    description: Whether the services shall move to their preferred nodes at the end.
    type: bool
    default: false
  release:
    description: Code name of the release that the nodes are to get; empty if they keep theirs.
    type: str
    default: ""
  downtimes:
    description: For each move that was made, the seconds by service.
    type: list
    elements: dict
  before:
    description: What M(failover.cluster.availability) said as C(services) on each node before.
    type: dict
    default: {}
  after:
    description: What it said on each node afterwards.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: In which order, and at what price?
  failover.cluster.upgrade_plan:
    model: "{{ prepare_model }}"
    found:
      node1: "{{ hostvars['node1'].seen.upgrade }}"
      node2: "{{ hostvars['node2'].seen.upgrade }}"
    ready:
      node1: "{{ hostvars['node1'].answer }}"
      node2: "{{ hostvars['node2'].answer }}"
    status: "{{ asked.status }}"
"""

RETURN = r"""
lines:
  description: The plan or the report, for people.
  returned: success
  type: list
  elements: str
  sample: [shop was down for 4.2 s.]
problems:
  description: A sentence for each precondition that fails, or for what must not have happened.
  returned: success
  type: list
  elements: str
  sample: []
order:
  description: The nodes in the order in which they are upgraded.
  returned: without O(downtimes)
  type: list
  elements: str
  sample: [node2, node1]
work:
  description: Those of them that must run nothing for it.
  returned: without O(downtimes)
  type: list
  elements: str
  sample: [node2, node1]
moves:
  description: Each move, with C(service), C(from), C(to), and the node C(for) which it leaves.
  returned: without O(downtimes)
  type: list
  elements: dict
  sample: [{service: shop, from: node1, to: node2, for: node1}]
"""
