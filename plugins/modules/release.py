#!/usr/bin/python
# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Puts a new version beside the old one and switches to it in one step."""

from __future__ import annotations

DOCUMENTATION = r"""
module: release
short_description: Switches a directory to one of several versions in one step
description:
  - O(path) is a symbolic link to the version in use. Versions lie beside it, as O(path)-VERSION.
  - >-
    The switch replaces the link at once. A program that starts meanwhile loads the old version or
    the new one, never a mix. Other versions are removed with O(keep=false).
version_added: 0.1.0
author: failover.cluster contributors (@failover-cluster)
extends_documentation_fragment: failover.cluster.attributes
attributes:
  check_mode: {support: full}
  diff_mode: {support: full}
  idempotent: {support: full}
options:
  path:
    description: The link.
    type: path
    required: true
  version:
    description: Version that the link is to point to.
    type: str
    required: true
  keep:
    description: Whether versions that are not in use stay, for programs that still run with them.
    type: bool
    default: true
"""

EXAMPLES = r"""
- name: Let the daemon begin with the new code from now on
  failover.cluster.release:
    path: /usr/lib/failoverd
    version: 4f0c2a

- name: Remove the code that nothing runs with any more
  failover.cluster.release:
    path: /usr/lib/failoverd
    version: 4f0c2a
    keep: false
"""

RETURN = r"""
before:
  description: The version that was in use, empty if none was.
  returned: always
  type: str
  sample: 91be04
removed:
  description: Versions that were removed.
  returned: always
  type: list
  elements: str
  sample: [91be04]
"""

import os
import shutil

from ansible.module_utils.basic import AnsibleModule


def in_use(path: str) -> str:
    """Return the version that the link points to, "" if there is none."""
    try:
        target = os.readlink(path)
    except OSError:
        return ""
    return os.path.basename(target)[len(os.path.basename(path)) + 1 :]


def others(path: str, version: str) -> list[str]:
    """Return the versions beside the wanted one."""
    begin = os.path.basename(path) + "-"
    names = os.listdir(os.path.dirname(path))
    return sorted(
        name[len(begin) :]
        for name in names
        if name.startswith(begin) and name != begin + version and not name.endswith(".link")
    )


def switch(path: str, version: str) -> None:
    """Replace the link in one step. A run that was cut off may have left the new one half-way."""
    temporary = f"{path}-{version}.link"
    if os.path.lexists(temporary):
        os.unlink(temporary)
    os.symlink(f"{os.path.basename(path)}-{version}", temporary)
    os.replace(temporary, path)


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "version": {"type": "str", "required": True},
            "keep": {"type": "bool", "default": True},
        },
        supports_check_mode=True,
    )
    path, version = module.params["path"], module.params["version"]
    if os.path.lexists(path) and not os.path.islink(path):
        module.fail_json(msg=f"path: {path} is not a link to a version; move it out of the way.")
    if not module.check_mode and not os.path.isdir(f"{path}-{version}"):
        module.fail_json(msg=f"version: {path}-{version} does not exist.")
    before = in_use(path)
    removed = [] if module.params["keep"] else others(path, version)
    if not module.check_mode:
        if before != version:
            switch(path, version)
        for name in removed:
            shutil.rmtree(f"{path}-{name}")
    module.exit_json(
        changed=before != version or bool(removed),
        before=before,
        removed=removed,
        diff={"before": f"{before}\n", "after": f"{version}\n"},
    )


if __name__ == "__main__":
    main()
