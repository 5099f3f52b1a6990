# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The address without its prefix."""

from __future__ import annotations

DOCUMENTATION = r"""
name: host
author: failover.cluster contributors (@failover-cluster)
version_added: 0.1.0
short_description: The address of an address with prefix
description:
  - Returns the address in its canonical form, as the collection compares addresses.
  - Fails for a text that is no IPv4 or IPv6 address.
options:
  _input:
    description: An address, with or without a prefix.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Show the address to connect to
  ansible.builtin.debug:
    msg: "{{ '192.168.1.10/24' | failover.cluster.host }}"
"""

RETURN = r"""
_value:
  description: The address.
  type: str
  sample: 192.168.1.10
"""

from ansible_collections.failover.cluster.plugins.plugin_utils import _filters, _net


class FilterModule:
    """The filter."""

    def filters(self):
        """Return the filter by its name."""
        return {"host": _filters.guarded("host", _net.host)}
