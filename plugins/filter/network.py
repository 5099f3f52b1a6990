# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The network of an address."""

from __future__ import annotations

DOCUMENTATION = r"""
name: network
author: failover.cluster contributors (@failover-cluster)
version_added: 0.1.0
short_description: The network of an address with prefix
description:
  - Returns the network in which an address lies, in its canonical form.
  - Fails for a text that is no IPv4 or IPv6 address.
options:
  _input:
    description: An address with a prefix.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Show the LAN of the service
  ansible.builtin.debug:
    msg: "{{ '192.168.1.10/24' | failover.cluster.network }}"
"""

RETURN = r"""
_value:
  description: The network.
  type: str
  sample: 192.168.1.0/24
"""

from ansible_collections.failover.cluster.plugins.plugin_utils import _filters, _net


class FilterModule:
    """The filter."""

    def filters(self):
        """Return the filter by its name."""
        return {"network": _filters.guarded("network", _net.network)}
