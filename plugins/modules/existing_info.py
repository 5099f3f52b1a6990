#!/usr/bin/python
# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads what a host runs today, before it becomes a node of a cluster."""

from __future__ import annotations

DOCUMENTATION = r"""
module: existing_info
short_description: Reads the cluster or the services that a host has today
description:
  - It reads files, and asks C(ip), C(systemctl) and programs like them. It changes nothing and
    starts nothing.
  - Keys, passwords and comments are taken out on the host, before anything is returned. So are
    parameters that are not known to be harmless.
  - M(failover.cluster.proposal) makes an inventory of the answers.
version_added: 0.1.0
author: failover.cluster contributors (@failover-cluster)
extends_documentation_fragment: failover.cluster.attributes
attributes:
  check_mode: {support: full}
  diff_mode: {support: none}
  idempotent: {support: full}
options:
  kind:
    description:
      - What is read besides interfaces, mounts, units and DRBD's state.
      - V(heartbeat) is C(/etc/ha.d) and the configuration of DRBD.
      - V(drbd) is the configuration of DRBD and C(/etc/keepalived/keepalived.conf).
      - V(pacemaker) is the cluster information base, C(corosync.conf) and the configuration of
        DRBD.
      - V(server) is what a single server runs, and what is bound to it - databases, sites, units,
        jobs, certificates, addresses in files, listening programs, accounts, free disks.
    type: str
    choices: [heartbeat, drbd, pacemaker, server]
    required: true
"""

EXAMPLES = r"""
- name: Read the Heartbeat cluster of this host
  failover.cluster.existing_info:
    kind: heartbeat
  register: existing_answer
"""

RETURN = r"""
host:
  description: What the host has.
  returned: always
  type: dict
  sample: {nodename: node1, interfaces: {eth0: [192.168.1.11/24]}, units: [apache2.service]}
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.cluster.plugins.module_utils import _command
from ansible_collections.failover.cluster.plugins.module_utils._existing import host, kinds


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "kind": {"type": "str", "choices": list(kinds.KINDS), "required": True},
        },
        supports_check_mode=True,
    )
    module.run_command_environ_update = {"LC_ALL": "C", "LANG": "C"}
    run = _command.runner(module)
    try:
        answer = {**host.facts(run), **kinds.KINDS[module.params["kind"]](run)}
    except (OSError, RuntimeError, ValueError) as error:
        module.fail_json(msg=f"{os.uname().nodename}: cannot be examined: {error}")
    module.exit_json(changed=False, host=answer)


if __name__ == "__main__":
    main()
