# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: fleet
short_description: Shows many clusters at once, the worst first
description:
  - Runs on the control host only. It reads what M(failover.cluster.cluster_info) answered of each
    node, from the variable C(status_answer), and the clusters, from the variable C(prepare_model)
    that the playbook C(failover.cluster.validate) registers.
  - A node that did not answer is a warning. A cluster of which no node answered is unknown.
version_added: 0.1.0
author: failover.cluster contributors (@failover-cluster)
extends_documentation_fragment: failover.cluster.attributes
attributes:
  check_mode: {support: full}
  diff_mode: {support: none}
  idempotent:
    support: none
    details: A file that is asked for has the time of the answers, so it changes with each run.
options:
  output:
    description: File for the report as JSON, on the control host.
    type: path
  page:
    description:
      - File for the report as one static HTML page, on the control host. It has no script, and
        needs nothing from outside.
    type: path
  demand:
    description: The worst state that a cluster may have; if one is worse, the task fails.
    type: str
    choices: [never, warning, ok]
    default: never
"""

EXAMPLES = r"""
- name: Show all clusters, the worst first
  failover.cluster.fleet:
    page: /var/www/html/clusters.html
  run_once: true
"""

RETURN = r"""
table:
  description: The report as lines for people.
  returned: always
  type: list
  elements: str
  sample: ["OK       shop     1/1     shop on node1"]
report:
  description: The clusters, the worst first. C(state) is critical, unknown, warning or ok.
  returned: always
  type: dict
  sample: {format: 1, counts: {critical: 0, unknown: 0, warning: 0, ok: 1}, clusters: [
           {name: shop, state: ok, nodes: [{name: node1, answers: true}],
            services: [{name: shop, owner: node1, state: running}], findings: []}]}
"""
