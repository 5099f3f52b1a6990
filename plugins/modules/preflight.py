# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: preflight
short_description: Judges the answers of the nodes
description:
  - Runs on the control host only, after M(failover.cluster.node_info) asked every node, and
    M(failover.cluster.model) completed the model with the answers.
  - Judges all nodes of the cluster, also those that a limit left out.
version_added: 0.1.0
author: failover.cluster contributors (@failover-cluster)
extends_documentation_fragment: failover.cluster.attributes
attributes:
  check_mode: {support: full}
  diff_mode: {support: none}
  idempotent: {support: full}
options:
  model:
    description: The model, completed with the answers of the nodes.
    type: dict
    required: true
  clock_s:
    description: Largest difference of the clocks, in seconds.
    type: float
    default: 5.0
  free_mib:
    description: Least free space on C(/), C(/usr) and C(/var), in MiB.
    type: int
    default: 256
  watchdog:
    description: Whether each node must have a watchdog device.
    type: bool
    default: false
  repair:
    description: Whether findings that a role mends afterwards are left to it.
    type: bool
    default: false
  accounts:
    description: Wanted numbers of accounts by name, each with C(uid), C(gid), C(default).
    type: dict
    default: {}
  renumber:
    description: Whether accounts may get other numbers.
    type: bool
    default: false
  alone:
    description:
      - Whether a node on which an old cluster, such as Heartbeat, keeps services is refused.
      - Only who installs nothing but packages can do without it.
    type: bool
    default: true
  remove:
    description:
      - Services to stop and remove; they are not in the inventory any more.
      - A service that the nodes know, but neither the inventory nor this list, is refused.
    type: list
    elements: str
    default: []
  former:
    description:
      - Engines that the cluster is about to leave. Any other engine that runs is refused.
    type: list
    elements: str
    default: []
  upgraded:
    description:
      - Services whose applications are about to get another version. That of the data of any other
        service must be that of the inventory.
    type: list
    elements: str
    default: []
  mixed:
    description: >-
      Whether the nodes may have different releases of the distribution, because they are upgraded
      one after the other.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Judge the answers
  failover.cluster.preflight:
    model: "{{ prepare_model }}"
    repair: true
  register: prepare_judgement
"""

RETURN = r"""
takeover:
  description: Time of a takeover for each exclusion method, a sentence each.
  returned: success
  type: list
  elements: str
  sample: ["lease: an owner that dies counts as excluded 22 s after its last sign of life."]
audit:
  description:
    - The single points of failure, each with C(finding) (its name), C(weight) (V(high) or V(low)),
      C(reason), C(remedy), and C(acknowledged), the reason of the user, empty for an open finding.
  returned: success
  type: list
  elements: dict
  sample:
    - finding: ping-single
      weight: low
      reason: 192.168.1.254, the gateway alone, says whether the service LAN works
      remedy: add a target that hangs on another switch port, such as a second server
      acknowledged: ""
audit_table:
  description: The same as lines for people.
  returned: success
  type: list
  elements: str
  sample: ["low          ping-single: 192.168.1.254, the gateway alone, says ..."]
gone:
  description: Parts on the node of services that were removed from the inventory.
  returned: success
  type: list
  elements: dict
  sample:
    - name: old
      mount: /srv/old
      units: [postgresql-old.service]
      files: [/etc/systemd/system/postgresql-old.service]
      whole: true
retired:
  description: For each role of a storage the removed services of which the node has something.
  returned: success
  type: dict
  sample: {drbd: [old]}
stale:
  description: For each role of a storage what the node has of it that belongs to no service.
  returned: success
  type: dict
  sample: {drbd: [old]}
found:
  description: What each node answered.
  returned: success
  type: dict
  sample: {node1: {nodename: node1}}
accounts:
  description: The accounts that need the same numbers on both nodes.
  returned: success
  type: list
  elements: dict
  sample: [{name: postgres, uid: 880, gid: 880}]
managed:
  description: Whether an engine runs on a node.
  returned: success
  type: bool
  sample: false
opened:
  description: For each service the node on which roles open its filesystem.
  returned: success
  type: dict
  sample: {shop: node1}
content:
  description: For each service the node that can write to its filesystem now.
  returned: success
  type: dict
  sample: {shop: node1}
"""
