# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The addresses of a list that lie in a network."""

from __future__ import annotations

DOCUMENTATION = r"""
name: inside
author: failover.cluster contributors (@failover-cluster)
version_added: 0.1.0
short_description: The addresses that lie in a network
description:
  - Returns those addresses of a list that lie in a network, as they were written, in their order.
  - An IPv4 address never lies in an IPv6 network, nor the other way round.
positional: network
options:
  _input:
    description: Addresses, with or without a prefix.
    type: list
    elements: str
    required: true
  network:
    description: A network, or an address in it with its prefix.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Show which addresses of the host lie in the service LAN
  ansible.builtin.debug:
    msg: "{{ ['192.168.1.11', '192.168.2.11'] | failover.cluster.inside('192.168.1.0/24') }}"
"""

RETURN = r"""
_value:
  description: The addresses in the network.
  type: list
  elements: str
  sample: [192.168.1.11]
"""

from ansible_collections.failover.cluster.plugins.plugin_utils import _filters, _net


class FilterModule:
    """The filter."""

    def filters(self):
        """Return the filter by its name."""
        return {"inside": _filters.guarded("inside", _net.within)}
