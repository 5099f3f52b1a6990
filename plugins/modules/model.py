# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: model
short_description: Checks the inventory of a cluster before any node is contacted
description:
  - Runs on the control host only.
  - A wrong value fails with one sentence that names variable, value and rule.
  - The nodes of a cluster come from its inventory group, never from the hosts of the play.
version_added: 0.1.0
author: failover.cluster contributors (@failover-cluster)
extends_documentation_fragment: failover.cluster.attributes
attributes:
  check_mode: {support: full}
  diff_mode: {support: none}
  idempotent: {support: full}
options:
  secrets:
    description:
      - Whether to return the texts and passwords that must stay secret instead of the model.
      - Use it with C(no_log).
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Check the inventory
  failover.cluster.model:
"""

RETURN = r"""
ansible_facts:
  description: The checked model as C(_failover_model), without secrets.
  returned: success
  type: dict
  sample: {_failover_model: {cluster: shop, nodes: [node1, node2], node: node1, peer: node2}}
"""
