#!/usr/bin/python
# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads all facts of a node for the preflight checks and the model, in one call."""

from __future__ import annotations

DOCUMENTATION = r"""
module: node_info
short_description: Reads what the cluster needs to know about a node, without changing anything
description:
  - It is one call instead of many, because starting a module takes long on a small machine.
version_added: 0.1.0
author: failover.cluster contributors (@failover-cluster)
extends_documentation_fragment: failover.cluster.attributes
attributes:
  check_mode: {support: full}
  diff_mode: {support: none}
  idempotent: {support: full}
options:
  services:
    description:
      - The services, each with its C(name), C(disk) of this node, C(mount), and C(metadata), the
        device of DRBD metadata outside of the disk, if there is one.
    type: list
    elements: dict
    default: []
  accounts:
    description: Names of the accounts that own shared data.
    type: list
    elements: str
    default: []
  units:
    description: Units that only the cluster may start.
    type: list
    elements: str
    default: []
  packages:
    description:
      - Packages that must be installed.
      - Of alternatives, as in C(fence-agents-ipmilan | fence-agents), the first one that apt knows.
      - An alternative for one release ends with its number, as in C(postgresql-15 [12]).
    type: list
    elements: str
    default: []
  lock_disk:
    description: Device of the locks of shared storage, empty for none.
    type: str
    default: ""
  watchdog:
    description: The watchdog, its C(device) (/dev/watchdog if empty) and its driver C(module).
    type: dict
    default: {}
  names:
    description: Host names that must resolve.
    type: list
    elements: str
    default: []
  serial:
    description: Devices of the heartbeat's serial lines.
    type: list
    elements: path
    default: []
  programs:
    description: Agents and scripts that must be there, by their absolute paths.
    type: list
    elements: path
    default: []
  configurations:
    description: Files of applications that may name other hosts.
    type: list
    elements: path
    default: []
  texts:
    description:
      - Files, each with a regular expression that must match its whole text. Its first group is
        returned, or an empty text.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Look at the node
  failover.cluster.node_info:
    services: [{name: shop, disk: /dev/vdb, mount: /srv/shop}]
    accounts: [postgres, www-data]
  register: node
"""

RETURN = r"""
node:
  description: The facts.
  returned: always
  type: dict
  sample: {nodename: node1, os: {id: debian, version: "12"}, time: 1700000000.5,
           interfaces: {eth0: [192.168.1.11/24]}, running: false}
"""

import glob
import os
import time
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.cluster.plugins.module_utils import (
    _command,
    _disk,
    _drbd,
    _drbd_files,
    _engines,
    _lines,
    _node,
    _packages,
    _sfex,
    _topology,
    _units,
)

MANAGERS = ("heartbeat.service",)
"""What keeps services on one of two nodes, and is no engine of this collection."""


def collect(module: AnsibleModule) -> dict[str, Any]:
    """Return everything; raises OSError or RuntimeError when the node cannot tell."""
    services = module.params["services"]
    paths = [service["mount"] for service in services if service["mount"]]
    lock_disk, guard = module.params["lock_disk"], module.params["watchdog"]

    run = _command.runner(module)
    drbd_files = _drbd_files.read()
    units = _units.inspect({*module.params["units"], *MANAGERS}, run)
    managers = {name: units.pop(name) for name in MANAGERS}
    accounts = {*module.params["accounts"], *(unit["user"] for unit in units.values())}
    return {
        "nodename": os.uname().nodename,
        "os": _node.release(),
        "interfaces": _node.interfaces(run),
        "free_mib": {path: _node.free_mib(path) for path in ("/", "/var", "/usr")},
        "interface_types": _lines.kinds(),
        "accounts": {name: _node.account(name) for name in sorted(accounts) if _named(name)},
        "taken": _node.taken(),
        "units": units,
        "managers": sorted(
            name for name, unit in managers.items() if unit["active"] or unit["enabled"]
        ),
        "programs": {path: os.access(path, os.X_OK) for path in module.params["programs"]},
        "serial": _lines.serial(
            module.params["serial"], [engine.process for engine in _engines.ENGINES.values()]
        ),
        "packages": _packages.inspect(
            module.params["packages"], run, release=_node.release()["version"]
        ),
        "texts": {
            path: _node.text(path, pattern) for path, pattern in module.params["texts"].items()
        },
        "names": {name: _node.resolve(name) for name in module.params["names"]},
        "disks": {service["name"]: _disk.inspect(service["disk"], run) for service in services},
        "metadata": {
            service["name"]: _disk.inspect(service["metadata"], run)
            for service in services
            if service.get("metadata")
        },
        "drbd_files": drbd_files,
        "drbd_used": _drbd.used(drbd_files, run),
        "drbd_minors": _drbd_files.kernel_minors(),
        "listening": _drbd_files.listening(),
        "kernel": os.uname().release,
        "drbd_version": _node.drbd_version(run),
        "mounts": _node.mounts(paths),
        "fstab": _lines.fstab(paths),
        "mount_units": _lines.mount_units(paths),
        **_engines.found(),
        "lock_disk": _disk.inspect(lock_disk, run) if lock_disk else None,
        "locks": _sfex.locks(lock_disk) if lock_disk else {},
        "topology": _topology.read(
            run,
            [*(service["disk"] for service in services), lock_disk],
            module.params["units"],
            [*glob.glob("/etc/failover/*/*"), *module.params["configurations"]],
        ),
        "watchdog": _node.watchdog(guard.get("device") or "", guard.get("module") or "", run),
        "root": os.geteuid() == 0,
        "time": time.time(),
    }


def _named(account: str) -> bool:
    """Root has the same number everywhere; a number needs no account."""
    return account not in ("", "root") and not account.isdigit()


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "services": {"type": "list", "elements": "dict", "default": []},
            "accounts": {"type": "list", "elements": "str", "default": []},
            "units": {"type": "list", "elements": "str", "default": []},
            "packages": {"type": "list", "elements": "str", "default": []},
            "names": {"type": "list", "elements": "str", "default": []},
            "serial": {"type": "list", "elements": "path", "default": []},
            "texts": {"type": "dict", "default": {}},
            "configurations": {"type": "list", "elements": "path", "default": []},
            "programs": {"type": "list", "elements": "path", "default": []},
            "lock_disk": {"type": "str", "default": ""},
            "watchdog": {"type": "dict", "default": {}},
        },
        supports_check_mode=True,
    )
    module.run_command_environ_update = {"LC_ALL": "C", "LANG": "C"}
    try:
        module.exit_json(changed=False, node=collect(module))
    except (OSError, RuntimeError) as error:
        module.fail_json(msg=f"{os.uname().nodename}: cannot be examined: {error}")


if __name__ == "__main__":
    main()
