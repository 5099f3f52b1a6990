#!/usr/bin/python
# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: postgresql_upgrade_plan
short_description: Plans another major version of a PostgreSQL database, or the way back
description:
  - Runs on the control host only, after M(failover.cluster.postgresql_version_info) was asked.
    Changes nothing.
version_added: 0.1.0
author: failover.cluster contributors (@failover-cluster)
extends_documentation_fragment: failover.cluster.attributes
attributes:
  check_mode: {support: full}
  diff_mode: {support: none}
  idempotent: {support: full}
options:
  service:
    description: Name of the service.
    type: str
    required: true
  owner:
    description: The node that runs it.
    type: str
    required: true
  found:
    description:
      - What M(failover.cluster.postgresql_version_info) returned as C(postgresql) for each node.
    type: dict
    required: true
  data:
    description: Data directory of the server.
    type: str
    required: true
  wanted:
    description: The version of the inventory. An older one than that of the data is the way back.
    type: str
    required: true
  transfer:
    description: Whether the files are copied or cloned.
    type: str
    choices: [copy, clone]
    default: copy
  maintenance:
    description: Whether the cluster is in maintenance mode.
    type: bool
    default: false
  installs:
    description:
      - Whether a run that changes something would install the server of that version first, as in
        check mode.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: May its database become one of version 17?
  failover.cluster.postgresql_upgrade_plan:
    service: shop
    owner: node1
    found: {node1: "{{ asked.postgresql }}"}
    data: /srv/shop/postgresql
    wanted: "17"
"""

RETURN = r"""
lines:
  description: The plan for people.
  returned: success
  type: list
  elements: str
  sample: [The applications of shop stop. pg_upgrade copies 40 MiB.]
problems:
  description: A sentence for each precondition that fails.
  returned: success
  type: list
  elements: str
  sample: []
work:
  description: What there is to do; V(upgrade), V(back) or V(nothing).
  returned: success
  type: str
  sample: upgrade
former:
  description: The version that the data have, or had before a run that was cut off.
  returned: success
  type: str
  sample: "15"
wanted:
  description: The version that they shall have.
  returned: success
  type: str
  sample: "17"
kept:
  description: Where the data of the former version stay.
  returned: success
  type: str
  sample: /srv/shop/postgresql.15
begun:
  description: Whether a run that was cut off has begun it.
  returned: success
  type: bool
  sample: false
switched:
  description: Whether that run put the data of the other version into their place.
  returned: success
  type: bool
  sample: false
"""
