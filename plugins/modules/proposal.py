# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: proposal
short_description: Makes a proposed inventory of what hosts have today
description:
  - Runs on the control host only. It reads what M(failover.cluster.existing_info) answered of each
    host, from the variable C(existing_answer).
  - It writes an inventory that describes the same cluster, and beside it the findings as a text
    (C(.findings.txt)) and as JSON (C(.findings.json)). Where no inventory can describe the
    cluster, only the findings are written, and they say why.
  - A file that is there and says something else is never overwritten without O(overwrite=true).
  - The answers hold no secrets, so the files hold none. Where one is needed, the inventory names a
    variable to be defined.
version_added: 0.1.0
author: failover.cluster contributors (@failover-cluster)
extends_documentation_fragment: failover.cluster.attributes
attributes:
  check_mode: {support: full}
  diff_mode: {support: full}
  idempotent: {support: full}
options:
  kind:
    description: What the hosts were asked for.
    type: str
    choices: [heartbeat, drbd, pacemaker, server]
    required: true
  path:
    description: File of the inventory, on the control host.
    type: path
    required: true
  cluster:
    description: Name of the cluster; if it is empty, that of its first service.
    type: str
    default: ""
  overwrite:
    description: Whether files that are there may be overwritten.
    type: bool
    default: false
  hosts:
    description: The hosts of the play that were asked.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Propose an inventory
  failover.cluster.proposal:
    kind: heartbeat
    path: shop.yml
    hosts: [node1, node2]
  delegate_to: localhost
  run_once: true
"""

RETURN = r"""
describable:
  description: Whether an inventory can describe what the hosts have.
  returned: always
  type: bool
  sample: true
path:
  description: File of the inventory, empty if there is none.
  returned: always
  type: str
  sample: /home/me/shop.yml
inventory:
  description: Text of the inventory.
  returned: always
  type: str
  sample: |
    shop:
      hosts: {node1: {}, node2: {}}
report:
  description: The findings as a text.
  returned: always
  type: str
  sample: Import of a Heartbeat cluster (node1, node2)
findings:
  description:
    - What has to be said, the gravest first.
    - Their C(kind) is refused, danger, dropped, decide, changed or note.
  returned: always
  type: list
  elements: dict
  sample: [{kind: danger, where: failover_links, text: there is one heartbeat link.}]
needs:
  description: Variables that the inventory uses and that have to be defined.
  returned: always
  type: list
  elements: str
  sample: [vault_ipmilan_password]
written:
  description: Files that were written, or would be.
  returned: always
  type: list
  elements: str
  sample: [/home/me/shop.yml, /home/me/shop.findings.txt]
"""
