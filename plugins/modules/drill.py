#!/usr/bin/python
# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: drill
short_description: Plans a rehearsal on a running cluster, and keeps its report
description:
  - Runs on the control host only. Without O(measured) it returns the plan, and changes nothing.
  - With it, it compares the measurement with the last report of the service, and writes another.
version_added: 0.1.0
author: failover.cluster contributors (@failover-cluster)
extends_documentation_fragment: failover.cluster.attributes
attributes:
  check_mode:
    support: partial
    details: A report is written in check mode, too.
  diff_mode: {support: none}
  idempotent:
    support: partial
    details: Each report is a file of its own.
options:
  model:
    description: The model, as M(failover.cluster.model) returns it, with the answers of the nodes.
    type: dict
    required: true
  service:
    description: Name of the service.
    type: str
    required: true
  move:
    description: The planned move there, a step of M(failover.cluster.move_plan).
    type: dict
    required: true
  probe:
    description:
      - Where clients reach the service, as ADDRESS:PORT with commas between them.
      - The default are the ports of its applications at its first address.
    type: str
    default: ''
  ends:
    description: C(name) of each step that was taken, and when it had C(ended), in seconds.
    type: list
    elements: dict
    default: []
  measured:
    description: What M(failover.cluster.service_probe) returned.
    type: dict
    default: {}
  reports:
    description: Directory of the control host in which reports are kept.
    type: str
    default: ''
"""

EXAMPLES = r"""
- name: What would a drill do?
  failover.cluster.drill:
    model: "{{ prepare_model }}"
    service: shop
    move: {service: shop, from: node1, to: node2, seconds: 2.4}
"""

RETURN = r"""
lines:
  description: The plan, or what was measured, for people.
  returned: success
  type: list
  elements: str
  sample: ["shop moves from node1 to node2: down for 1.3 s (last time 1.2 s)"]
steps:
  description: The steps in their order, each with C(name), C(text) and C(expected_s).
  returned: without O(measured)
  type: list
  elements: dict
  sample: [{name: daemon, text: the cluster's daemon on node1 is killed, expected_s: 0.0}]
targets:
  description: Where the service is asked, each with C(address), C(port) and what it C(asks).
  returned: without O(measured)
  type: list
  elements: dict
  sample: [{address: 192.168.1.10, port: 80, asks: page}]
home:
  description: The node that runs the service.
  returned: without O(measured)
  type: str
  sample: node1
there:
  description: The node to which it moves.
  returned: without O(measured)
  type: str
  sample: node2
daemons:
  description: Units of the engine that are killed.
  returned: without O(measured)
  type: list
  elements: str
  sample: [failoverd.service]
application:
  description: Unit of the application that is killed, empty for none.
  returned: without O(measured)
  type: str
  sample: postgresql-shop.service
page:
  description: The report as a page, with a picture.
  returned: with O(measured)
  type: str
  sample: /root/failover-drills/drill-shop-shop-20261128T021500Z.html
path:
  description: The report.
  returned: with O(measured)
  type: str
  sample: /root/failover-drills/drill-shop-shop-20261128T021500Z.json
problems:
  description: A sentence for each step that interrupted the service and must not.
  returned: with O(measured)
  type: list
  elements: str
  sample: []
"""
