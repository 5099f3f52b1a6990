# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: adoption_plan
short_description: Plans the move of a single server onto the storage of a cluster, and the way back
description:
  - Runs on the control host only, after M(failover.cluster.adoption_info) has asked both hosts.
version_added: 0.1.0
author: failover.cluster contributors (@failover-cluster)
extends_documentation_fragment: failover.cluster.attributes
attributes:
  check_mode: {support: full}
  diff_mode: {support: none}
  idempotent: {support: full}
options:
  model:
    description: The checked model of the cluster.
    type: dict
    required: true
  service:
    description: Name of the service.
    type: str
    required: true
  found:
    description: What M(failover.cluster.adoption_info) answered on each node, by its name.
    type: dict
    required: true
  files:
    description: Further files and directories that shall be the same on both hosts.
    type: list
    elements: path
    default: []
  direction:
    description: V(forth) onto the storage, V(back) to the old places.
    type: str
    choices: [forth, back]
    default: forth
  data:
    description:
      - For O(direction=back), the data with which the old service goes on. V(new) those that the
        cluster has by then, V(kept) those of the day of the move.
    type: str
    choices: [new, kept]
    default: new
  managed:
    description: Whether a cluster runs on this node already.
    type: bool
    default: false
  owner:
    description: The node that runs the service, empty if none does.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: What would a move do?
  failover.cluster.adoption_plan:
    model: "{{ prepare_model }}"
    service: shop
    found:
      node1: "{{ hostvars['node1'].adoption_seen.adoption }}"
      node2: "{{ hostvars['node2'].adoption_seen.adoption }}"
"""

RETURN = r"""
lines:
  description: The plan for people.
  returned: success
  type: list
  elements: str
  sample: ["1. node2 gets the packages postgresql-15."]
problems:
  description: A sentence for each precondition that fails.
  returned: success
  type: list
  elements: str
  sample: []
phase:
  description: How far an earlier run came.
  returned: success
  type: str
  sample: served
copied:
  description: For O(direction=back), whether the old service gets the data of the cluster.
  returned: success
  type: bool
  sample: true
follow:
  description: Whether something runs that the copies have to follow.
  returned: success
  type: bool
  sample: true
work:
  description: What the other modules do.
  returned: success
  type: dict
  sample: {service: shop, mount: /srv/shop, server: node1, second: node2}
"""
