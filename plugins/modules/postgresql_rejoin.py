#!/usr/bin/python
# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Makes a node's copy of a database that PostgreSQL replicates a standby again."""

from __future__ import annotations

DOCUMENTATION = r"""
module: postgresql_rejoin
short_description: Makes a node's copy of a replicated database a standby again
description:
  - Looks at what the node has, and at the primary, and decides what brings the copy back - nothing,
    a start, C(pg_rewind), or a base backup.
  - A base backup is made beside the data and takes their place when it is whole. The old data are
    kept, and so is the WAL that C(pg_rewind) takes away.
  - The file C(PGSQL.lock) of the agent is removed only when its reason is gone.
  - Rows that were acknowledged and that only this node may have are given up with O(discard) alone.
version_added: 0.1.0
author: failover.cluster contributors (@failover-cluster)
extends_documentation_fragment: failover.cluster.attributes
attributes:
  check_mode: {support: full}
  diff_mode: {support: none}
  idempotent: {support: full}
options:
  service:
    description: Name of the service.
    type: str
    required: true
  node:
    description: Name of this node in the cluster.
    type: str
    required: true
  other:
    description: Name of the other node.
    type: str
    required: true
  directory:
    description: Directory of the database and of what is kept beside it.
    type: path
    required: true
  programs:
    description: Directory of the programs of the server.
    type: path
    required: true
  configuration:
    description: File postgresql.conf.
    type: path
    required: true
  socket:
    description: Directory of the UNIX socket.
    type: path
    required: true
  port:
    description: Port of both servers.
    type: int
    required: true
  address:
    description: Address at which the primary is found.
    type: str
    required: true
  slot:
    description: Replication slot of this node, V("") for none.
    type: str
    default: ""
  resource:
    description: Name of the resource whose failures are forgotten at the end.
    type: str
    required: true
  discard:
    description: Whether rows are given up that only this node may have. They are kept aside.
    type: bool
    default: false
  only_empty:
    description: Whether a node that has data is left as it is.
    type: bool
    default: false
  wait_s:
    description: How long the copy may take until it follows, in seconds, after it is whole.
    type: int
    default: 180
"""

EXAMPLES = r"""
- name: Bring the copy of the shop back
  failover.cluster.postgresql_rejoin:
    service: shop
    node: node1
    other: node2
    directory: /srv/shop
    programs: /usr/lib/postgresql/15/bin
    configuration: /etc/failover/shop/postgresql.conf
    socket: /run/postgresql-shop
    port: 5432
    address: 10.0.1.10
    slot: shop_node1
    resource: failover.shop.streaming
"""

RETURN = r"""
action:
  description: What was done - nothing, follow, rewind or backup.
  returned: success
  type: str
  sample: rewind
why:
  description: Why.
  returned: success
  type: str
  sample: "node1: may have written what node2 does not have."
kept:
  description: Where the old data or the old WAL lie, V("") if nothing was taken away.
  returned: success
  type: str
  sample: /srv/shop/kept-20261127T201500
lock:
  description: Why C(PGSQL.lock) was there and was removed, V("") if it was not there.
  returned: success
  type: str
  sample: ""
seconds:
  description: How long it took.
  returned: success
  type: float
  sample: 3.1
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.cluster.plugins.module_utils import _rejoin_node


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "service": {"type": "str", "required": True},
            "node": {"type": "str", "required": True},
            "other": {"type": "str", "required": True},
            "directory": {"type": "path", "required": True},
            "programs": {"type": "path", "required": True},
            "configuration": {"type": "path", "required": True},
            "socket": {"type": "path", "required": True},
            "port": {"type": "int", "required": True},
            "address": {"type": "str", "required": True},
            "slot": {"type": "str", "default": ""},
            "resource": {"type": "str", "required": True},
            "discard": {"type": "bool", "default": False},
            "only_empty": {"type": "bool", "default": False},
            "wait_s": {"type": "int", "default": 180},
        },
        supports_check_mode=True,
    )
    try:
        done = _rejoin_node.rejoined(module.params, module.check_mode)
    except _rejoin_node.Failed as failed:
        module.fail_json(msg=f"service {module.params['service']}: {failed}")
    module.exit_json(**done)


if __name__ == "__main__":
    main()
