#!/usr/bin/python
# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Removes files of the roles on a node for services that were removed."""

from __future__ import annotations

DOCUMENTATION = r"""
module: forget
short_description: Removes the files of services and applications that were removed
description:
  - Removes units, their drop-ins and configuration that the collection wrote, and the mount point
    if it is empty. Other files stay.
  - The data of the service stay where they are.
  - A service that is still mounted here, and a unit that is still active, are refused.
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
      - The services, each with its C(name), C(mount) (empty for none), the C(units) that go, and
        the C(files) that roles wrote for it, in /etc/systemd/system and /etc/failover/NAME.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Forget the old shop
  failover.cluster.forget:
    services:
      - name: old
        mount: /srv/old
        units: [postgresql-old.service]
        files: [/etc/systemd/system/postgresql-old.service, /etc/failover/old/postgresql.conf]
"""

RETURN = r"""
removed:
  description: Files and directories that were removed, or would be.
  returned: always
  type: list
  elements: str
  sample: [/etc/systemd/system/postgresql-old.service]
"""

import os
from typing import Any

from ansible.module_utils.basic import AnsibleModule

HEADER = "# Written by failover.cluster;"
UNITS = "/etc/systemd/system"
FILES = "/etc/failover"


class Leftovers:
    """What is left of services on this node."""

    def __init__(self, module: AnsibleModule, root: str) -> None:
        self.module = module
        self.root = root
        self.removed: list[str] = []

    def forget(self, name: str, mount: str, units: list[str], files: list[str]) -> None:
        """Remove units of one service, what the roles wrote for it, and its directories."""
        if mount and os.path.ismount(mount):
            self.module.fail_json(
                msg=f"{mount}: is still mounted; service {name} runs here, or somebody mounted it."
            )
        for unit in units:
            if os.path.basename(unit) == unit:
                self.unit(unit)
        for file in files:
            if os.path.dirname(file) in (UNITS, f"{FILES}/{name}"):
                self.file(file)
        self.directory(f"{FILES}/{name}")
        if mount:
            self.directory(mount)

    def unit(self, unit: str) -> None:
        """Remove what is ours of a unit that does not run."""
        code, _out, _err = self.module.run_command(["systemctl", "is-active", "--quiet", unit])
        if code == 0:
            self.module.fail_json(msg=f"{unit}: is still active, so nothing of it is removed.")
        self.file(f"{UNITS}/{unit}")
        self.file(f"{UNITS}/{unit}.d/failover.conf")
        self.directory(f"{UNITS}/{unit}.d")

    def file(self, path: str) -> None:
        """Remove a file of ours."""
        try:
            with open(self.root + path, encoding="utf-8", errors="replace") as handle:
                ours = handle.read(len(HEADER)) == HEADER
        except OSError:
            return
        if ours:
            self.removed.append(path)
            if not self.module.check_mode:
                os.unlink(self.root + path)

    def directory(self, path: str) -> None:
        """Remove an empty directory; in check mode what it holds may be gone by then."""
        full = self.root + path
        if not os.path.isdir(full) or os.path.islink(full):
            return
        left = {f"{path}/{name}" for name in os.listdir(full)} - set(self.removed)
        if not left:
            self.removed.append(path)
            if not self.module.check_mode:
                os.rmdir(full)


def main(root: str = "") -> None:
    """Entry point. root stands before every path but mount points."""
    module = AnsibleModule(
        argument_spec={"services": {"type": "list", "elements": "dict", "required": True}},
        supports_check_mode=True,
    )
    leftovers = Leftovers(module, root)
    services: list[dict[str, Any]] = module.params["services"]
    for service in services:
        leftovers.forget(
            service["name"],
            service["mount"],
            list(service["units"]),
            list(service.get("files", ())),
        )
    module.exit_json(changed=bool(leftovers.removed), removed=leftovers.removed)


if __name__ == "__main__":
    main()
