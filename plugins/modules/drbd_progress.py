# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: drbd_progress
short_description: Waits until a resync or verification of DRBD has ended, and shows its progress
description:
  - Runs on the control host, and asks the node again and again with
    M(failover.cluster.drbd_info). It tells the progress while the task goes on.
  - Fails when the copies have not been connected for a minute.
version_added: 0.1.0
author: failover.cluster contributors (@failover-cluster)
extends_documentation_fragment: failover.cluster.attributes
attributes:
  check_mode: {support: full}
  diff_mode: {support: none}
  idempotent: {support: full}
options:
  name:
    description: Name of the resource.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Wait for the resync
  failover.cluster.drbd_progress:
    name: shop
"""

RETURN = r"""
device:
  description: The device at the end, as M(failover.cluster.drbd_info) returns it.
  returned: success, but not in check mode
  type: dict
  sample: {behind: 0, percent: null}
seconds:
  description: How long it took.
  returned: success, but not in check mode
  type: float
  sample: 12.5
"""
