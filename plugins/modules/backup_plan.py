#!/usr/bin/python
# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: backup_plan
short_description: Plans a backup of a database, or its restore
description:
  - Runs on the control host only, after M(failover.cluster.backup_info) was asked. Changes nothing.
version_added: 0.1.0
author: failover.cluster contributors (@failover-cluster)
extends_documentation_fragment: failover.cluster.attributes
attributes:
  check_mode: {support: full}
  diff_mode: {support: none}
  idempotent: {support: full}
options:
  work:
    description: Which of both.
    type: str
    choices: [backup, restore]
    required: true
  service:
    description: Name of the service.
    type: str
    required: true
  owner:
    description: The node that runs it.
    type: str
    required: true
  found:
    description: What M(failover.cluster.backup_info) returned as C(backup) for each node.
    type: dict
    required: true
  repository:
    description: Directory of the repository.
    type: str
    required: true
  data:
    description: Data directory of the server.
    type: str
    required: true
  kind:
    description: Which kind of backup, V(full), or what changed since the last full or any one.
    type: str
    choices: [full, diff, incr]
    default: incr
  to:
    description: The time to which to restore, with its zone, or V(latest).
    type: str
    default: ""
  maintenance:
    description: Whether the cluster is in maintenance mode.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: May it be restored to that time?
  failover.cluster.backup_plan:
    work: restore
    service: shop
    owner: node1
    found: {node1: "{{ asked.backup }}"}
    repository: /backup/shop
    data: /srv/shop/postgresql
    to: "2026-11-28 03:59:00+00:00"
"""

RETURN = r"""
lines:
  description: The plan for people.
  returned: success
  type: list
  elements: str
  sample: [shop runs all the time; the expected downtime is 0 s.]
problems:
  description: A sentence for each precondition that fails.
  returned: success
  type: list
  elements: str
  sample: []
target:
  description: The time, as PostgreSQL reads it, or latest.
  returned: for a restore
  type: str
  sample: "2026-11-28 03:59:00.000000+00"
set:
  description: The backup to begin with.
  returned: for a restore
  type: str
  sample: 20261128-040000F
aside:
  description: Where the present data stay.
  returned: for a restore
  type: str
  sample: /srv/shop/postgresql.before-20261128-040000
prepared:
  description: Whether an earlier run has restored the data beside the present ones.
  returned: for a restore
  type: bool
  sample: false
switched:
  description: Whether an earlier run has put them into their place.
  returned: for a restore
  type: bool
  sample: false
"""
