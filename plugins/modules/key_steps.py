# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: key_steps
short_description: Plans how a new key of the heartbeats takes the place of the present one
description:
  - Runs on the control host only, after M(failover.cluster.secrets) read what the nodes keep.
  - All nodes have to run with one step before the next one begins. So they
    understand each other all the time.
  - If a change is under way, its remaining steps are returned, and no other key is generated.
  - Use it with C(no_log), because it returns keys.
version_added: 0.1.0
author: failover.cluster contributors (@failover-cluster)
extends_documentation_fragment: failover.cluster.attributes
attributes:
  check_mode: {support: full}
  diff_mode: {support: none}
  idempotent:
    support: none
    details: Each change has a key of its own.
options:
  model:
    description: The model, as M(failover.cluster.model) returns it.
    type: dict
    required: true
  kept:
    description: The secrets that each node keeps. Should they differ, those of the first one count.
    type: list
    elements: dict
    required: true
  at_once:
    description:
      - Whether a new key takes the place of all others in one step, even of those of a change that
        is under way. Only for a node that is alone, because the others do not hear it afterwards.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Plan the steps
  failover.cluster.key_steps:
    model: {engine: agent}
    kept: [{key: "{{ '12' * 32 }}"}]
  register: plan
  no_log: true
"""

RETURN = r"""
steps:
  description:
    - The present step and those after it. Each has C(secrets) for the nodes to keep, C(text) of the
      file of the engine, and C(marks), which tell its keys apart and are no secrets.
  returned: success
  type: list
  elements: dict
  sample: [{secrets: {key: "(64 hexadecimal digits)"}, text: "(a key a line)", marks: [0f3ca711]}]
begun:
  description: Whether an earlier run began the change.
  returned: success
  type: bool
  sample: false
"""
