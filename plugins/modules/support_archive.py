#!/usr/bin/python
# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Joins the archives of several nodes."""

from __future__ import annotations

DOCUMENTATION = r"""
module: support_archive
short_description: Joins the archives of several nodes into one
description:
  - Runs on the control host. The archives come from M(failover.cluster.support).
  - Each archive has one folder, with the name of its node.
version_added: 0.1.0
author: failover.cluster contributors (@failover-cluster)
extends_documentation_fragment: failover.cluster.attributes
attributes:
  check_mode: {support: full}
  diff_mode: {support: none}
  idempotent:
    support: none
    details: Each run writes a new archive.
options:
  parts:
    description: The archives of the nodes.
    type: list
    elements: path
    required: true
  dest:
    description: The archive to write. Only its owner can read it.
    type: path
    required: true
"""

EXAMPLES = r"""
- name: Join the archives
  failover.cluster.support_archive:
    parts: [/tmp/parts/node1.tar.gz, /tmp/parts/node2.tar.gz]
    dest: /root/support-shop.tar.gz
"""

RETURN = r"""
dest:
  description: The archive.
  returned: success
  type: str
  sample: /root/support-shop.tar.gz
nodes:
  description: The folders in it.
  returned: success
  type: list
  elements: str
  sample: [node1, node2]
"""

import os
import tarfile

from ansible.module_utils.basic import AnsibleModule

MOST_BYTES = 512 << 20
"""An archive with more than that was not written by a node of ours."""


def joined(parts: list[str], target: str) -> list[str]:
    """Write the archive, and return the folders in it; raises OSError, ValueError, TarError."""
    folders: list[str] = []
    temporary = f"{target}.new"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file, tarfile.open(fileobj=file, mode="w:gz") as into:
            for part in parts:
                folders.append(_copied(part, into, folders))
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise
    return folders


def _copied(part: str, into: tarfile.TarFile, before: list[str]) -> str:
    """Add one archive; return its folder."""
    folder, left = "", MOST_BYTES
    with tarfile.open(part, mode="r:gz") as source:
        for entry in source:
            # The node is not trusted: whoever unpacks this must get plain files below its folder.
            first, *rest = entry.name.split("/")
            plain = entry.isreg() and rest and not {"", ".", ".."} & {first, *rest}
            left -= entry.size
            if not plain or first in before or folder not in ("", first) or left < 0:
                raise ValueError(f"{part}: {entry.name!r} does not belong into it")
            folder = first
            clean = tarfile.TarInfo(entry.name)
            clean.size, clean.mtime, clean.mode = entry.size, entry.mtime, 0o600
            into.addfile(clean, source.extractfile(entry))
    if not folder:
        raise ValueError(f"{part}: is empty")
    return folder


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "parts": {"type": "list", "elements": "path", "required": True},
            "dest": {"type": "path", "required": True},
        },
        supports_check_mode=True,
    )
    target = module.params["dest"]
    if module.check_mode:
        module.exit_json(changed=True, dest=target, nodes=[])
    try:
        nodes = joined(module.params["parts"], target)
    except (OSError, ValueError, tarfile.TarError) as error:
        module.fail_json(msg=f"dest: {target} was not written: {error}.")
    module.exit_json(changed=True, dest=target, nodes=nodes)


if __name__ == "__main__":
    main()
