# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Address and port as one word."""

from __future__ import annotations

DOCUMENTATION = r"""
name: endpoint
author: failover.cluster contributors (@failover-cluster)
version_added: 0.1.0
short_description: Address and port as one word
description:
  - Returns the address, a colon and the port, with brackets around an IPv6 address.
positional: port
options:
  _input:
    description: An address without a prefix.
    type: str
    required: true
  port:
    description: A number from 1 to 65535.
    type: int
    required: true
"""

EXAMPLES = r"""
- name: Show where the replication listens
  ansible.builtin.debug:
    msg: "{{ 'fd00::11' | failover.cluster.endpoint(7789) }}"
"""

RETURN = r"""
_value:
  description: The word.
  type: str
  sample: "[fd00::11]:7789"
"""

from ansible_collections.failover.cluster.plugins.plugin_utils import _filters, _net


class FilterModule:
    """The filter."""

    def filters(self):
        """Return the filter by its name."""
        return {"endpoint": _filters.guarded("endpoint", _net.endpoint)}
