#!/usr/bin/python
# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads one replicated device of DRBD, and how far the data of its copy go."""

from __future__ import annotations

DOCUMENTATION = r"""
module: drbd_info
short_description: Reads a replicated device of DRBD, and how far the data of its copy go
description:
  - Returns state, sizes, generation identifiers, and the progress of what is under way.
  - Changes nothing, neither the copy nor the file system on it.
  - Knows DRBD 8.4 only.
version_added: 0.1.0
author: failover.cluster contributors (@failover-cluster)
extends_documentation_fragment: failover.cluster.attributes
attributes:
  check_mode: {support: full}
  diff_mode: {support: none}
  idempotent: {support: full}
options:
  name:
    description: Name of the resource; its configuration must exist in C(/etc/drbd.d).
    type: str
    required: true
  database:
    description:
      - Whether to read how far a bundled PostgreSQL database of the copy goes.
      - The file system of a copy that is not in use is mounted read-only for that, without a replay
        of its journal, where nobody else sees it.
    type: bool
    default: false
  filesystem:
    description: Type of the file system, for O(database).
    type: str
    choices: [ext4, xfs]
    default: ext4
"""

EXAMPLES = r"""
- name: How far does this copy go?
  failover.cluster.drbd_info:
    name: shop
    database: true
  register: copy
"""

RETURN = r"""
device:
  description:
    - C(state) is what the kernel says; C(behind) counts the bytes that it has marked as different
      from the other copy; C(percent) and C(left_s) belong to a resync or verification.
  returned: success
  type: dict
  sample: {minor: 0, state: {connection: StandAlone, role: Secondary, peer_role: Unknown,
           disk: UpToDate, peer_disk: DUnknown}, behind: 1048576, percent: null, left_s: null,
           bytes: 1073741824, lower: /dev/vdb, lower_bytes: 1073807360,
           generations: [6682115B76D3AE6C, 4EAC70FA02195E1E, '0000000000000000',
                         '0000000000000000'], verify_alg: '', verify_alg_kept: '', mounts: []}
database:
  description: How far the database goes; empty without O(database), and if there is none.
  returned: success
  type: dict
  sample: {version: '15', checkpoint: Fri Nov 27 20:31:02 2026, next_transaction: '0:741',
           state: in production, transaction: '740', position: 0/155D0F8,
           committed: 2026-11-27 20:33:19.123456 UTC}
unread:
  description: Why the database could not be read, "" if it could.
  returned: success
  type: str
  sample: ''
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.cluster.plugins.module_utils import (
    _drbd,
    _drbd_device,
    _pg_history,
)
from ansible_collections.failover.cluster.plugins.module_utils._command import runner


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "database": {"type": "bool", "default": False},
            "filesystem": {"type": "str", "choices": ["ext4", "xfs"], "default": "ext4"},
        },
        supports_check_mode=True,
    )
    module.run_command_environ_update = {"LC_ALL": "C", "LANG": "C"}
    run = runner(module)
    try:
        device = _drbd_device.look(module.params["name"], run)
    except _drbd_device.Unusable as unusable:
        module.fail_json(msg=str(unusable))
    database: dict[str, str] = {}
    unread = ""
    try:
        if module.params["database"] and device["mounts"]:
            database = _pg_history.below(device["mounts"][0], run)
        elif module.params["database"] and device["state"]["role"] == "Primary":
            unread = "the device is in use and not mounted"
        elif module.params["database"] and _drbd.linked(device["state"]):
            unread = "the copy changes while it is connected"
        elif module.params["database"]:
            kind = module.params["filesystem"]
            database = _pg_history.aside(device["lower"], device["bytes"], kind, run)
    except _pg_history.Unreadable as unreadable:
        unread = str(unreadable)
    module.exit_json(changed=False, device=device, database=database, unread=unread)


if __name__ == "__main__":
    main()
