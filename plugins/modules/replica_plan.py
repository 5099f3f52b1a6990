# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: replica_plan
short_description: Plans work on the two copies of a service
description:
  - Runs on the control host only, after M(failover.cluster.drbd_info) has read both copies.
version_added: 0.1.0
author: failover.cluster contributors (@failover-cluster)
extends_documentation_fragment: failover.cluster.attributes
attributes:
  check_mode: {support: full}
  diff_mode: {support: none}
  idempotent: {support: full}
options:
  service:
    description: Name of the service.
    type: str
    required: true
  copies:
    description: What M(failover.cluster.drbd_info) returned for each node, by its name.
    type: dict
    required: true
  work:
    description: V(verify) compares the copies, V(grow) makes them larger.
    type: str
    choices: [grow, verify]
    required: true
"""

EXAMPLES = r"""
- name: What would a verification do?
  failover.cluster.replica_plan:
    service: shop
    copies:
      node1: "{{ hostvars['node1'].copy }}"
      node2: "{{ hostvars['node2'].copy }}"
    work: verify
"""

RETURN = r"""
lines:
  description: The plan for people.
  returned: success
  type: list
  elements: str
  sample: [shop is being verified already; this run waits for the end.]
problems:
  description: A sentence for each precondition that fails.
  returned: success
  type: list
  elements: str
  sample: []
node:
  description: The node that begins it, which runs the service if any does.
  returned: success
  type: str
  sample: node1
grows:
  description: Whether the disks of all nodes have grown, and the device with them can.
  returned: success
  type: bool
  sample: false
"""
