#!/usr/bin/python
# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads which version of PostgreSQL the data of a service have, and what an upgrade needs."""

from __future__ import annotations

DOCUMENTATION = r"""
module: postgresql_version_info
short_description: Tells which major version the data of a PostgreSQL server have
description:
  - For the node that has the data. Changes nothing.
version_added: 0.1.0
author: failover.cluster contributors (@failover-cluster)
extends_documentation_fragment: failover.cluster.attributes
attributes:
  check_mode: {support: full}
  diff_mode: {support: none}
  idempotent: {support: full}
options:
  data:
    description: Data directory of the server.
    type: path
    required: true
  socket:
    description: Directory of the UNIX socket on which the server listens.
    type: path
    required: true
  port:
    description: Port of the server.
    type: int
    default: 5432
"""

EXAMPLES = r"""
- name: Which version does the shop have?
  failover.cluster.postgresql_version_info:
    data: /srv/shop/postgresql
    socket: /run/postgresql-shop
"""

RETURN = r"""
postgresql:
  description:
    - The C(version) of the data, empty if there are none; which directories beside them were
      C(kept), with their versions; the bytes of the data (C(size)), and those that are C(free)
      beside them; how many C(tablespaces) they have outside; whether the server C(answers); what of
      an upgrade was C(begun).
    - Which versions are C(installed) on the node.
  returned: success
  type: dict
  sample:
    version: "15"
    kept: {}
    size: 41943040
    free: 580000000
    tablespaces: 0
    answers: true
    begun: {}
    installed: ["15", "17"]
"""

import glob
import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.cluster.plugins.module_utils import _pg_upgrade
from ansible_collections.failover.cluster.plugins.module_utils._command import runner

PROGRAMS = "/usr/lib/postgresql"


def installed() -> list[str]:
    """The versions whose server the node has."""
    return sorted(path.split("/")[-3] for path in glob.glob(f"{PROGRAMS}/*/bin/postgres"))


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "data": {"type": "path", "required": True},
            "socket": {"type": "path", "required": True},
            "port": {"type": "int", "default": 5432},
        },
        supports_check_mode=True,
    )
    asked = module.params
    try:
        found = _pg_upgrade.look(asked["data"], asked["socket"], asked["port"], runner(module))
    except (OSError, RuntimeError) as error:
        module.fail_json(msg=f"{os.uname().nodename}: {asked['data']}: {error}")
    module.exit_json(changed=False, postgresql={**found, "installed": installed()})


if __name__ == "__main__":
    main()
