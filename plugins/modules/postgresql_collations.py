#!/usr/bin/python
# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rebuilds what another C library sorts otherwise."""

from __future__ import annotations

DOCUMENTATION = r"""
module: postgresql_collations
short_description: Rebuilds the indexes that another C library sorts otherwise
description:
  - Looks at each database of a running server for collations that were used with another version
    of the C library or of ICU. Checks the indexes that depend on them with C(amcheck), rebuilds
    those that are not in order (concurrently, while the service runs), and lets the server remember
    the new versions.
  - Nothing is remembered while an index could not be rebuilt, so the next run tries again.
version_added: 0.1.0
author: failover.cluster contributors (@failover-cluster)
extends_documentation_fragment: failover.cluster.attributes
attributes:
  check_mode: {support: full, details: It tells which databases have such collations.}
  diff_mode: {support: none}
  idempotent: {support: full}
options:
  socket:
    description: Directory of the server's socket.
    type: path
    required: true
  port:
    description: Port of the server.
    type: int
    default: 5432
"""

EXAMPLES = r"""
- name: Check what the new release sorts
  failover.cluster.postgresql_collations:
    socket: /run/postgresql
"""

RETURN = r"""
databases:
  description:
    - The databases with such a collation, with the C(name), how many C(indexes) depend on it, those
      that were C(rebuilt), and those that could not be, with the reason (C(failed)).
  returned: success
  type: list
  elements: dict
  sample: [{name: shop, indexes: 12, rebuilt: [public.customer_name], failed: {}}]
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.cluster.plugins.module_utils import _pg_collations
from ansible_collections.failover.cluster.plugins.module_utils._command import runner


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "socket": {"type": "path", "required": True},
            "port": {"type": "int", "default": 5432},
        },
        supports_check_mode=True,
    )
    server = _pg_collations.Server(module.params["socket"], module.params["port"], runner(module))
    try:
        databases = _pg_collations.refresh(server, module.check_mode)
    except RuntimeError as error:
        module.fail_json(msg=f"{os.uname().nodename}: {error}")
    changed = any(one["rebuilt"] or not one["failed"] for one in databases)
    module.exit_json(changed=changed, databases=databases)


if __name__ == "__main__":
    main()
