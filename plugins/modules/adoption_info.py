#!/usr/bin/python
# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads what a host has of a service that is adopted."""

from __future__ import annotations

DOCUMENTATION = r"""
module: adoption_info
short_description: Tells what a host has of a service that moves onto the storage of a cluster
description:
  - Asks the databases, and looks at units, directories, addresses and packages. Changes nothing.
  - No content of a file is returned, and no password.
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
  mount:
    description: Mount point of its storage.
    type: path
    required: true
  disk:
    description: Disk of its storage on this host; empty for none.
    type: str
    default: ""
  units:
    description: Its units, in the order in which they start.
    type: list
    elements: str
    required: true
  directories:
    description: Directories that move, besides those of the databases.
    type: list
    elements: path
    default: []
  files:
    description: Files and directories that shall be the same on both hosts.
    type: list
    elements: path
    default: []
  addresses:
    description: Addresses of the service, without a prefix.
    type: list
    elements: str
    default: []
  named:
    description: Files that units of the other host name.
    type: list
    elements: path
    default: []
"""

EXAMPLES = r"""
- name: Look at the server
  failover.cluster.adoption_info:
    service: shop
    mount: /srv/shop
    units: [postgresql@15-main.service, orders.service]
    directories: [/var/lib/orders]
"""

RETURN = r"""
adoption:
  description: What the host has, and how far a move of the service is.
  returned: success
  type: dict
  sample: {state: {}, databases: [], directories: {}, units: {}, own: {}, mounted: false}
"""

import os
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.cluster.plugins.module_utils._adoption import look
from ansible_collections.failover.cluster.plugins.module_utils._command import runner


def main() -> None:
    """Entry point."""
    paths: dict[str, Any] = {"type": "list", "elements": "path", "default": []}
    module = AnsibleModule(
        argument_spec={
            "service": {"type": "str", "required": True},
            "mount": {"type": "path", "required": True},
            "disk": {"type": "str", "default": ""},
            "units": {"type": "list", "elements": "str", "required": True},
            "directories": paths,
            "files": paths,
            "addresses": {"type": "list", "elements": "str", "default": []},
            "named": paths,
        },
        supports_check_mode=True,
    )
    module.run_command_environ_update = {"LC_ALL": "C", "LANG": "C"}
    try:
        module.exit_json(changed=False, adoption=look.look(module.params, runner(module)))
    except (OSError, RuntimeError) as error:
        module.fail_json(msg=f"{os.uname().nodename}: cannot be examined: {error}")


if __name__ == "__main__":
    main()
