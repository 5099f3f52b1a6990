# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The configuration of the engine of a cluster on a node."""

from __future__ import annotations

DOCUMENTATION = r"""
name: configuration
author: failover.cluster contributors (@failover-cluster)
version_added: 0.1.0
short_description: Configuration of the engine of a cluster on a node
description:
  - Renders the model of a cluster into the files of its engine. The role of the engine knows
    their directory.
  - The files hold secrets. Use it with C(no_log).
positional: node, secrets
options:
  _input:
    description: The model with its secrets, as M(failover.cluster.model) returns it.
    type: dict
    required: true
  node:
    description: The node.
    type: str
    required: true
  secrets:
    description: The secrets that the nodes share, by their names.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Write what the engine is told
  failover.cluster.tree:
    dest: /etc/failoverd
    files: >-
      {{ prepare_private.model
         | failover.cluster.configuration(inventory_hostname, prepare_secrets) }}
  no_log: true
"""

RETURN = r"""
_value:
  description: The files, each with its text.
  type: dict
  sample: {cluster.json: "{}"}
"""

from ansible_collections.failover.cluster.plugins.plugin_utils import _engines


def configuration(model, node, secrets):
    """Return the files of a node."""
    return _engines.of(model).files(model, node, secrets)


class FilterModule:
    """The filter."""

    def filters(self):
        """Return the filter by its name."""
        return {"configuration": configuration}
