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
  - Reports all errors, a line each, with variable, value and rule; once for a cluster, at the
    first of its nodes that is in the play. The nodes of another cluster do not fail for it.
  - The nodes of a cluster come from its inventory group, never from the hosts of the play.
  - The variables are described with the role P(failover.cluster.prepare#role).
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
      - Whether to return the model with what nobody may see, the passwords of applications and the
        access to the fence devices, instead of the model that anybody may see.
      - Use it with C(no_log).
    type: bool
    default: false
  cluster:
    description: Check only this cluster; hosts of others are left alone.
    type: str
    default: ""
  members:
    description:
      - Whether only the name of the cluster, its group and its nodes are wanted. Then nothing is
        checked, which is quick for an inventory of many clusters.
    type: bool
    default: false
  asked:
    description:
      - Whether the nodes were asked. The answer of each to M(failover.cluster.node_info) is taken
        from its variable C(prepare_answer), the answers of nodes that the play leaves out from
        C(prepare_others). The model is completed with their addresses and numbers.
    type: bool
    default: false
  adopting:
    description:
      - Services that still run in their old place, each with its node. That node may have their
        addresses, and its init system may start their units.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Check the inventory
  failover.cluster.model:
  register: prepare_model
"""

RETURN = r"""
named:
  description: Name of the host's cluster.
  returned: when the host is in a cluster
  type: str
  sample: shop
cluster:
  description: Name of the host's cluster; the other parts of the checked model stand beside it.
  returned: when the host is in a cluster that is looked at
  type: str
  sample: shop
nodes:
  description: The nodes of the cluster.
  returned: when the host is in a cluster that is looked at
  type: list
  elements: str
  sample: [node1, node2]
hooks:
  description: What files of other roles name of the engine.
  returned: when the host is in a cluster that is looked at
  type: dict
  sample: {before: [failoverd-handover.service]}
services:
  description: The services of the cluster.
  returned: when the host is in a cluster that is looked at
  type: list
  elements: dict
  sample: [{name: shop, preferred: node1}]
"""
