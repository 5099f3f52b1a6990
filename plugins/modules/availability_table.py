# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: availability_table
short_description: Shows the availability of the services of many clusters, the worst first
description:
  - Runs on the control host only. It reads what M(failover.cluster.availability) answered of each
    node, from the variable C(availability_answer), and the clusters, from the variable
    C(prepare_model) that the playbook C(failover.cluster.validate) registers.
  - Of each service it takes the answer of the node that knows most of the period.
version_added: 0.1.0
author: failover.cluster contributors (@failover-cluster)
extends_documentation_fragment: failover.cluster.attributes
attributes:
  check_mode: {support: full}
  diff_mode: {support: none}
  idempotent:
    support: none
    details: The period ends now, so a file that is asked for changes with each run.
options:
  output:
    description: File for the report as JSON, on the control host.
    type: path
"""

EXAMPLES = r"""
- name: Show the availability of all clusters
  failover.cluster.availability_table:
    output: availability.json
  run_once: true
"""

RETURN = r"""
table:
  description: The report as lines for people.
  returned: always
  type: list
  elements: str
  sample: ["10 min 39 s  shop  web  99.9982 %  41.2 s in 8  1 min 36 s in 2  0.0 s  node1"]
report:
  description: The services, that with the least of its budget first, and the nodes without answer.
  returned: always
  type: dict
  sample: {format: 1, services: [{cluster: shop, name: web, availability: 99.9982}], silent: []}
"""
