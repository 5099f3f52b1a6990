#!/usr/bin/python
# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Writes many files in one call."""

from __future__ import annotations

DOCUMENTATION = r"""
module: tree
short_description: Writes a whole tree of text files in one call
description:
  - Starting a module takes longer than writing a file, so one call writes all files of a part.
  - Each file is replaced in one step; a reader sees the old or the new text, never a mix.
version_added: 0.1.0
author: failover.cluster contributors (@failover-cluster)
extends_documentation_fragment: failover.cluster.attributes
attributes:
  check_mode: {support: full}
  diff_mode: {support: full}
  idempotent: {support: full}
options:
  dest:
    description: Directory below which the files lie.
    type: path
    required: true
  files:
    description: Text of each file by its path relative to O(dest).
    type: dict
    required: true
  mode:
    description: Mode of the files, as a text such as V(0644).
    type: str
    default: "0644"
  modes:
    description: Modes of single files, by path.
    type: dict
    default: {}
  directory_mode:
    description: Mode of directories that are created.
    type: str
    default: "0755"
  owner:
    description: Owner of the files and of created directories.
    type: str
    default: root
  group:
    description: Group of the files and of created directories.
    type: str
    default: root
  create_only:
    description: Whether a file that exists is left as it is.
    type: bool
    default: false
  purge:
    description: Whether files below O(dest) that are not listed are removed.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Install the pages of the shop
  failover.cluster.tree:
    dest: /usr/share/shop/pages
    files: "{{ lookup('failover.cluster.tree', playbook_dir ~ '/files/pages') }}"
    purge: true
"""

RETURN = r"""
written:
  description: Paths of the files that were written or whose owner or mode was changed.
  returned: always
  type: list
  elements: str
  sample: [daemon.py]
removed:
  description: Paths of the files that were removed.
  returned: always
  type: list
  elements: str
  sample: [old.py]
"""

import grp
import os
import pwd
import stat
import tempfile
from collections.abc import Callable
from typing import Any

from ansible.module_utils.basic import AnsibleModule


class Tree:
    """The files of one call."""

    def __init__(self, module: AnsibleModule) -> None:
        self.module = module
        self.params = module.params
        self.dry = module.check_mode
        self.uid = self._number(pwd.getpwnam, "owner")
        self.gid = self._number(grp.getgrnam, "group")
        self.written: list[str] = []
        self.removed: list[str] = []
        self.diff: list[dict[str, str]] = []

    def _number(self, find: Callable[[str], Any], key: str) -> int:
        name = self.params[key]
        try:
            return find(name)[2]
        except KeyError:
            if self.dry:
                return -1  # The account is made by an earlier task of the same run.
            self.module.fail_json(msg=f"{key}: {name} does not exist on this node.")

    def write(self, name: str, text: str) -> None:
        """Bring one file into its state."""
        path = os.path.join(self.params["dest"], name)
        mode = int(self.params["modes"].get(name, self.params["mode"]), 8)
        old = _read(path)
        if old is not None and self.params["create_only"]:
            return
        same = old == text
        if same:
            found = os.lstat(path)
            if (stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid) == (
                mode,
                self.uid,
                self.gid,
            ):
                return
        self.written.append(name)
        self.diff.append(
            {"before_header": path, "after_header": path, "before": old or "", "after": text}
        )
        if self.dry:
            return
        self._directory(os.path.dirname(path))
        descriptor, temporary = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".tree-")
        with os.fdopen(descriptor, "wb") as handle:
            os.fchown(descriptor, self.uid, self.gid)
            os.fchmod(descriptor, mode)
            handle.write(text.encode())
            handle.flush()
            os.fsync(descriptor)
        os.replace(temporary, path)

    def _directory(self, path: str) -> None:
        if os.path.isdir(path):
            return
        self._directory(os.path.dirname(path))
        os.mkdir(path)
        os.chown(path, self.uid, self.gid)
        os.chmod(path, int(self.params["directory_mode"], 8))

    def purge(self) -> None:
        """Remove what is not listed; byte code is Python's own affair."""
        dest = self.params["dest"]
        for directory, _names, files in os.walk(dest, topdown=False):
            if os.path.basename(directory) == "__pycache__":
                continue
            for name in files:
                path = os.path.join(directory, name)
                relative = os.path.relpath(path, dest)
                if relative not in self.params["files"]:
                    self.removed.append(relative)
                    if not self.dry:
                        os.unlink(path)
            if not self.dry and not os.listdir(directory) and directory != dest:
                os.rmdir(directory)


def _read(path: str) -> str | None:
    try:
        with open(path, "rb") as handle:
            return handle.read().decode(errors="replace")
    except FileNotFoundError:
        return None


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "dest": {"type": "path", "required": True},
            "files": {"type": "dict", "required": True},
            "mode": {"type": "str", "default": "0644"},
            "modes": {"type": "dict", "default": {}},
            "directory_mode": {"type": "str", "default": "0755"},
            "owner": {"type": "str", "default": "root"},
            "group": {"type": "str", "default": "root"},
            "create_only": {"type": "bool", "default": False},
            "purge": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    tree = Tree(module)
    for name, text in sorted(module.params["files"].items()):
        if os.path.isabs(name) or ".." in name.split("/"):
            module.fail_json(msg=f"files.{name}: is not a path below {module.params['dest']}.")
        if not isinstance(text, str):
            module.fail_json(msg=f"files.{name}: is not a text.")
        tree.write(name, text)
    if module.params["purge"] and os.path.isdir(module.params["dest"]):
        tree.purge()
    module.exit_json(
        changed=bool(tree.written or tree.removed),
        written=tree.written,
        removed=tree.removed,
        diff=tree.diff + [{"before": f"{name}\n", "after": ""} for name in tree.removed],
    )


if __name__ == "__main__":
    main()
