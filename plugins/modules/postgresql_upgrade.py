#!/usr/bin/python
# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Brings the data of a PostgreSQL server into another major version, and back."""

from __future__ import annotations

DOCUMENTATION = r"""
module: postgresql_upgrade
short_description: Brings the data of a PostgreSQL server into another major version
description:
  - One step of the playbook C(upgrade_postgresql), on the node that has the data. The data of the
    former version are renamed and not written, so they are the way back.
  - Each step finishes what an earlier one that was cut off has begun.
version_added: 0.1.0
author: failover.cluster contributors (@failover-cluster)
extends_documentation_fragment: failover.cluster.attributes
attributes:
  check_mode: {support: full}
  diff_mode: {support: none}
  idempotent: {support: full}
options:
  state:
    description:
      - V(prepared) makes an empty database of the version O(wanted) and has pg_upgrade check both,
        while the server runs.
      - V(switched) has pg_upgrade fill it, and puts it into its place. The server must have been
        stopped.
      - V(back) puts the data of the version O(wanted), which an upgrade kept, into their place.
      - V(undone) brings the data back to where they were before an upgrade that has failed.
      - V(finished) forgets what was begun.
    type: str
    choices: [prepared, switched, back, undone, finished]
    required: true
  data:
    description: Data directory of the server.
    type: path
    required: true
  former:
    description: The version that the data had before.
    type: str
    required: true
  wanted:
    description: The version that they shall have.
    type: str
    required: true
  socket:
    description: Directory of the UNIX socket on which the server listens.
    type: path
    default: /run/postgresql
  port:
    description: Port of the server.
    type: int
    default: 5432
  clone:
    description:
      - Whether files are cloned instead of copied. That takes no time and no room, and needs a file
        system that can do it, such as XFS.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Could 15 become 17?
  failover.cluster.postgresql_upgrade:
    state: prepared
    data: /srv/shop/postgresql
    former: "15"
    wanted: "17"
    socket: /run/postgresql-shop
"""

RETURN = r"""
version:
  description: The version that the data have after the step, empty if none are in their place.
  returned: success
  type: str
  sample: "17"
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.cluster.plugins.module_utils import _pg_upgrade
from ansible_collections.failover.cluster.plugins.module_utils._command import runner
from ansible_collections.failover.cluster.plugins.module_utils._pg_upgrade import Place


def due(at: Place, state: str) -> bool:
    """Whether the step has anything to do."""
    begun, has = _pg_upgrade.begun(at.mark), _pg_upgrade.version(at.data)
    if state == "prepared":
        return begun is None or begun.stage == _pg_upgrade.PREPARED
    if state == "switched":
        return begun is not None and begun.stage != _pg_upgrade.SWITCHED
    if state == "back":
        return has != at.wanted
    if state == "undone":
        return begun is not None or has != at.former
    return begun is not None


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "state": {
                "type": "str",
                "choices": ["prepared", "switched", "back", "undone", "finished"],
                "required": True,
            },
            "data": {"type": "path", "required": True},
            "former": {"type": "str", "required": True},
            "wanted": {"type": "str", "required": True},
            "socket": {"type": "path", "default": "/run/postgresql"},
            "port": {"type": "int", "default": 5432},
            "clone": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    asked, run = module.params, runner(module)
    at = Place(asked["data"], asked["former"], asked["wanted"], asked["socket"], asked["port"])
    try:
        changed = due(at, asked["state"])
        if changed and not module.check_mode:
            if asked["state"] == "prepared":
                _pg_upgrade.prepare(at, asked["clone"], run)
            elif asked["state"] == "switched":
                _pg_upgrade.transfer(at, asked["clone"], run)
            elif asked["state"] == "back":
                _pg_upgrade.back(at)
            elif asked["state"] == "undone":
                _pg_upgrade.undo(at)
            else:
                _pg_upgrade.finish(at)
    except (OSError, RuntimeError, ValueError, KeyError) as error:
        module.fail_json(msg=f"{os.uname().nodename}: {asked['data']}: {error}")
    module.exit_json(changed=changed, version=_pg_upgrade.version(at.data))


if __name__ == "__main__":
    main()
