#!/usr/bin/python
# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Removes what the roles put on a node for a service that is no more."""

from __future__ import annotations

DOCUMENTATION = r"""
module: forget
short_description: Removes the files of services and applications that were removed
description:
  - Removes units, their drop-ins and configuration that the collection wrote, and the mount point
    if it is empty. What anybody else wrote stays.
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
        C(whole), whether the service itself goes.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Forget the old shop
  failover.cluster.forget:
    services:
      - {name: old, mount: /srv/old, units: [postgresql-old.service], whole: true}
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
OF_KIND = {
    "postgresql": ("postgresql.conf", "pg_hba.conf"),
    "apache": ("apache.conf", "database.ini"),
}
"""What a server of ours is told, beside its unit."""


class Leftovers:
    """What is left of services on this node."""

    def __init__(self, module: AnsibleModule, root: str) -> None:
        self.module = module
        self.root = root
        self.removed: list[str] = []

    def forget(self, name: str, mount: str, units: list[str], whole: bool) -> None:
        """Remove all of one service, or only some of its units."""
        if mount and os.path.ismount(mount):
            self.module.fail_json(
                msg=f"{mount}: is still mounted; service {name} runs here, or somebody mounted it."
            )
        place = f"{FILES}/{name}"
        for unit in units:
            if os.path.basename(unit) == unit:
                self.unit(unit)
        for kind, files in OF_KIND.items():
            if whole:
                self.file(f"{UNITS}/{kind}-{name}.service")
            if whole or f"{kind}-{name}.service" in units:
                for file in files:
                    self.file(f"{place}/{file}")
        self.directory(place)
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
            service["name"], service["mount"], list(service["units"]), bool(service["whole"])
        )
    module.exit_json(changed=bool(leftovers.removed), removed=leftovers.removed)


if __name__ == "__main__":
    main()
