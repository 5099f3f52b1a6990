#!/usr/bin/python
# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Gives the accounts that own shared data the same numbers on every node."""

from __future__ import annotations

DOCUMENTATION = r"""
module: accounts
short_description: System accounts with fixed numbers
description:
  - Creates system accounts and their groups with given numbers.
  - An account that exists with other numbers and owns files is refused, because its files would
    belong to nobody; O(renumber=true) changes account and files.
version_added: 0.1.0
author: failover.cluster contributors (@failover-cluster)
extends_documentation_fragment: failover.cluster.attributes
attributes:
  check_mode: {support: full}
  diff_mode: {support: full}
  idempotent: {support: full}
options:
  accounts:
    description: The accounts, each with C(name), C(uid), C(gid) and optionally C(home), C(shell).
    type: list
    elements: dict
    required: true
  renumber:
    description: Whether an existing account and its files may get other numbers.
    type: bool
    default: false
  search:
    description: Directories to search for files of an account, without other filesystems.
    type: list
    elements: path
    default: [/etc, /home, /opt, /srv, /var]
"""

EXAMPLES = r"""
- name: The account of the shop
  failover.cluster.accounts:
    accounts:
      - {name: shop, uid: 880, gid: 880, home: /srv/shop, shell: /bin/bash}
"""

RETURN = r"""
created:
  description: Names of the accounts that were created, or would be.
  returned: always
  type: list
  elements: str
  sample: [postgres]
renumbered:
  description: Names of the accounts that got other numbers, or would.
  returned: always
  type: list
  elements: str
  sample: []
"""

import grp
import os
import pwd
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.cluster.plugins.module_utils._command import runner

SHOWN = 3


class Accounts:
    """The accounts of one call."""

    def __init__(self, module: AnsibleModule) -> None:
        self.module = module
        self.params = module.params
        self.created: list[str] = []
        self.renumbered: list[str] = []

    def must(self, argv: list[str]) -> None:
        """Run a command that must succeed."""
        code, out, err = runner(self.module)(argv)
        if code != 0:
            self.module.fail_json(msg=f"{argv[0]} failed: {' '.join((err or out).split())}")

    def ensure(self, want: dict[str, Any]) -> None:
        """Bring one account into its state."""
        name, uid, gid = want["name"], int(want["uid"]), int(want["gid"])
        try:
            have = pwd.getpwnam(name)
        except KeyError:
            self._free(name, uid, gid)
            self.created.append(name)
            if not self.module.check_mode:
                self._create(name, uid, gid, want)
            return
        if (have.pw_uid, have.pw_gid) == (uid, gid):
            return
        owned = self._owned(have.pw_uid, have.pw_gid)
        if owned and not self.params["renumber"]:
            more = " and more" if len(owned) > SHOWN else ""
            self.module.fail_json(
                msg=f"account {name}: has uid {have.pw_uid} and gid {have.pw_gid}, must have {uid}"
                f" and {gid}, and owns {', '.join(owned[:SHOWN])}{more}; it is renumbered only if"
                " prepare_renumber is true."
            )
        self._free(name, uid, gid)
        self.renumbered.append(name)
        if self.module.check_mode:
            return
        if have.pw_gid != gid:
            self.must(["groupmod", "-g", str(gid), grp.getgrgid(have.pw_gid).gr_name])
        self.must(["usermod", "-u", str(uid), "-g", str(gid), name])
        for path in self._owned(have.pw_uid, have.pw_gid, limit=None):
            found = os.lstat(path)
            os.lchown(
                path,
                uid if found.st_uid == have.pw_uid else -1,
                gid if found.st_gid == have.pw_gid else -1,
            )

    def _free(self, name: str, uid: int, gid: int) -> None:
        for number, find, kind in ((uid, pwd.getpwuid, "uid"), (gid, grp.getgrgid, "gid")):
            try:
                other = find(number)[0]
            except KeyError:
                continue
            if other != name:
                self.module.fail_json(
                    msg=f"account {name}: {kind} {number} already belongs to {other}; choose"
                    " another number with prepare_accounts."
                )

    def _create(self, name: str, uid: int, gid: int, want: dict[str, Any]) -> None:
        try:
            grp.getgrnam(name)
        except KeyError:
            self.must(["groupadd", "--system", "-g", str(gid), name])
        self.must(
            [
                "useradd",
                "--system",
                "-u",
                str(uid),
                "-g",
                str(gid),
                "-d",
                want.get("home", "/nonexistent"),
                "--no-create-home",
                "-s",
                want.get("shell", "/usr/sbin/nologin"),
                name,
            ]
        )

    def _owned(self, uid: int, gid: int, limit: int | None = SHOWN + 1) -> list[str]:
        found = []
        for top in self.params["search"]:
            if not os.path.isdir(top):
                continue
            device = os.lstat(top).st_dev
            for directory, names, files in os.walk(top):
                if os.lstat(directory).st_dev != device:
                    names.clear()
                    continue
                for path in [directory, *(os.path.join(directory, item) for item in files)]:
                    try:
                        entry = os.lstat(path)
                    except FileNotFoundError:
                        continue
                    if entry.st_uid == uid or entry.st_gid == gid:
                        found.append(path)
                    if limit and len(found) >= limit:
                        return found
        return found


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "accounts": {"type": "list", "elements": "dict", "required": True},
            "renumber": {"type": "bool", "default": False},
            "search": {
                "type": "list",
                "elements": "path",
                "default": ["/etc", "/home", "/opt", "/srv", "/var"],
            },
        },
        supports_check_mode=True,
    )
    accounts = Accounts(module)
    for want in module.params["accounts"]:
        accounts.ensure(want)
    after = "".join(f"{name}: created\n" for name in accounts.created)
    after += "".join(f"{name}: renumbered\n" for name in accounts.renumbered)
    module.exit_json(
        changed=bool(after),
        created=accounts.created,
        renumbered=accounts.renumbered,
        diff={"before": "", "after": after},
    )


if __name__ == "__main__":
    main()
