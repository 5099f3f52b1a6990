# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The packets that a node of a cluster has to let in."""

from __future__ import annotations

DOCUMENTATION = r"""
name: firewall
author: failover.cluster contributors (@failover-cluster)
version_added: 0.1.0
short_description: The packets that a node of a cluster has to let in
description:
  - Returns rules of nftables for M(failover.cluster.firewall).
positional: node
options:
  _input:
    description: The model of the cluster, completed with the answers of the nodes.
    type: dict
    required: true
  node:
    description: The node.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Let the packets of the cluster in
  failover.cluster.firewall:
    accept: "{{ wanted.accept }}"
    guard: "{{ wanted.guard }}"
  vars:
    wanted: "{{ prepare_model | failover.cluster.firewall(inventory_hostname) }}"
"""

RETURN = r"""
_value:
  description: C(accept), rules for what has to come in, and C(guard), rules for everybody else.
  type: dict
  sample:
    accept: ['tcp dport 80 accept comment "failover.cluster: apache of shop"']
    guard: ['udp dport { 7410 } drop comment "failover.cluster: not from a node"']
"""

from ansible_collections.failover.cluster.plugins.plugin_utils import _filters, _firewall


class FilterModule:
    """The filter."""

    def filters(self):
        """Return the filter by its name."""
        return {"firewall": _filters.guarded("firewall", _firewall.rules)}
