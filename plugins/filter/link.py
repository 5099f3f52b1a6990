# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One link of a cluster by its name."""

from __future__ import annotations

DOCUMENTATION = r"""
name: link
author: failover.cluster contributors (@failover-cluster)
version_added: 0.1.0
short_description: One link of a cluster by its name
description:
  - Returns the link with a name, out of C(prepare_model.links).
  - Fails if there is no such link, and names the existing links.
positional: name
options:
  _input:
    description: The links.
    type: list
    elements: dict
    required: true
  name:
    description: Name of the link.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Show the link of the replication
  ansible.builtin.debug:
    msg: "{{ links | failover.cluster.link('cross') }}"
  vars:
    links: [{name: lan, interface: eth0}, {name: cross, interface: eth1}]
"""

RETURN = r"""
_value:
  description: The link.
  type: dict
  sample: {name: cross, interface: eth1}
"""

from ansible_collections.failover.cluster.plugins.plugin_utils import _filters, _links


class FilterModule:
    """The filter."""

    def filters(self):
        """Return the filter by its name."""
        return {"link": _filters.guarded("link", _links.named)}
