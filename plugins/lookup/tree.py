# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads a tree of text files of the control host."""

from __future__ import annotations

DOCUMENTATION = r"""
name: tree
author: failover.cluster contributors (@failover-cluster)
version_added: 0.1.0
short_description: Texts of all files below a directory of the control host
description:
  - Returns one mapping for each directory, from relative path to text.
  - Byte code and hidden files are left out.
options:
  _terms:
    description: Directories.
    required: true
"""

EXAMPLES = r"""
- name: Install the pages of the shop
  failover.cluster.tree:
    dest: /usr/share/shop/pages
    files: "{{ lookup('failover.cluster.tree', playbook_dir ~ '/files/pages') }}"
"""

RETURN = r"""
_list:
  description: One mapping for each directory.
  type: list
  elements: dict
  sample: [{index.html: "<p>Welcome"}]
"""

from pathlib import Path

from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase


class LookupModule(LookupBase):
    """Reads directories into mappings."""

    def run(self, terms, variables=None, **kwargs):
        """Return a mapping for each term."""
        self.set_options(var_options=variables, direct=kwargs)
        return [read(Path(term)) for term in terms]


def read(directory: Path) -> dict[str, str]:
    """Return the texts below a directory."""
    if not directory.is_dir():
        raise AnsibleError(f"{directory}: is not a directory.")
    return {
        str(path.relative_to(directory)): path.read_text(encoding="utf-8")
        for path in sorted(directory.rglob("*"))
        if path.is_file() and not _hidden(path.relative_to(directory))
    }


def _hidden(path: Path) -> bool:
    return any(part == "__pycache__" or part.startswith(".") for part in path.parts)
