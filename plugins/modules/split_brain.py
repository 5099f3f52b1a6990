# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: split_brain
short_description: Compares the two copies of a service, and plans how one of them is given up
description:
  - Runs on the control host only, after M(failover.cluster.drbd_info) has read both copies.
  - Changes nothing. Without O(discard) it says what each copy has.
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
  status:
    description: What M(failover.cluster.cluster_info) returned; empty if no engine answers.
    type: dict
    default: {}
  discard:
    description: The node whose copy shall be given up.
    type: str
    default: ''
  backup:
    description: The directory of that node for an image of its copy, or V(none).
    type: str
    default: ''
"""

EXAMPLES = r"""
- name: What has each copy?
  failover.cluster.split_brain:
    service: shop
    copies:
      node1: "{{ hostvars['node1'].copy }}"
      node2: "{{ hostvars['node2'].copy }}"
"""

RETURN = r"""
lines:
  description: Both histories side by side, what they mean, and the plan.
  returned: success
  type: list
  elements: str
  sample: [The copies of shop are connected. There is nothing to heal.]
relation:
  description:
    - V(connected), V(equal), V(diverged), V(unrelated), or what the first copy is compared with the
      second one, V(older) or V(newer).
  returned: success
  type: str
  sample: diverged
problems:
  description: A sentence for each precondition that fails.
  returned: success
  type: list
  elements: str
  sample: []
victim:
  description: The node whose copy is given up, empty if nothing is to be done.
  returned: success
  type: str
  sample: node2
survivor:
  description: The node whose copy is kept, empty if nothing is to be done.
  returned: success
  type: str
  sample: node1
image:
  description: Where the copy is saved, empty if it is not.
  returned: success
  type: str
  sample: /var/backups/shop-node2.img
differences:
  description: A sentence for each sign that the copies are not equal.
  returned: success
  type: list
  elements: str
  sample: []
"""
