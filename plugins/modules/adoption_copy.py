# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: adoption_copy
short_description: Copies the data of a service that runs, until the copies follow it
description:
  - Calls M(failover.cluster.adoption_follow) on the node again and again, and tells the progress
    while the task goes on. A run that was cut off is gone on with by the next one.
version_added: 0.1.0
author: failover.cluster contributors (@failover-cluster)
extends_documentation_fragment: failover.cluster.attributes
attributes:
  check_mode: {support: full}
  diff_mode: {support: none}
  idempotent: {support: none}
options:
  work:
    description: What M(failover.cluster.adoption_plan) planned.
    type: dict
    required: true
  direction:
    description: V(forth) onto the storage, V(back) to the old places.
    type: str
    choices: [forth, back]
    default: forth
"""

EXAMPLES = r"""
- name: Copy while the service runs
  failover.cluster.adoption_copy:
    work: "{{ adoption_plan.work }}"
"""

RETURN = r"""
seconds:
  description: How long it took.
  returned: success
  type: float
  sample: 92.5
"""
