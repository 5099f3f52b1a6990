#!/usr/bin/python
# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: replacement
short_description: Plans how a bare machine takes the place of a dead node
description:
  - Runs on the control host only, after both machines were asked. Changes nothing.
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
  node:
    description: The node whose machine is replaced.
    type: str
    required: true
  found:
    description:
      - What M(failover.cluster.node_info) returned as C(node) for each machine, by its name; empty
        for one that does not answer.
      - It was asked for the text of C(/var/lib/failover/replaces).
    type: dict
    required: true
  status:
    description:
      - What M(failover.cluster.cluster_info) says on the other node; empty without an engine.
    type: dict
    default: {}
  keeps:
    description:
      - Whether the new machine keeps no secrets of a cluster, those of the other node, or others.
    type: str
    choices: [none, same, other]
    required: true
"""

EXAMPLES = r"""
- name: May node2 be replaced?
  failover.cluster.replacement:
    model: "{{ prepare_model }}"
    node: node2
    found:
      node1: "{{ hostvars['node1'].machine.node }}"
      node2: "{{ hostvars['node2'].machine.node }}"
    status: "{{ hostvars['node1'].asked.status }}"
    keeps: none
"""

RETURN = r"""
lines:
  description: The plan for people.
  returned: success
  type: list
  elements: str
  sample: [An earlier run began to replace node2; this run finishes it.]
problems:
  description: A sentence for each precondition that fails.
  returned: success
  type: list
  elements: str
  sample: []
begun:
  description: Whether an earlier run began it.
  returned: success
  type: bool
  sample: false
renews:
  description: Whether the keys have to be renewed now.
  returned: success
  type: bool
  sample: true
secrets:
  description: Names of the secrets besides those of the engine that get new values then.
  returned: success
  type: list
  elements: str
  sample: [drbd-shop]
"""
