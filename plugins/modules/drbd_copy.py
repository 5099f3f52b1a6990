#!/usr/bin/python
# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Saves the copy that a node has of a replicated device, before somebody discards it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: drbd_copy
short_description: Saves the copy that a node has of a replicated device as an image
description:
  - Reads the disk below a DRBD device that is not in use, past the page cache, and writes an image
    of the device. Then it compares the two.
  - The image has no metadata of DRBD. It can be mounted over a loop device.
  - Changes nothing on the disk that it reads, and overwrites no image.
  - Knows DRBD 8.4 only.
version_added: 0.1.0
author: failover.cluster contributors (@failover-cluster)
extends_documentation_fragment: failover.cluster.attributes
attributes:
  check_mode: {support: full}
  diff_mode: {support: none}
  idempotent:
    support: full
    details: An image that equals the copy is kept. One that differs is refused.
options:
  name:
    description: Name of the resource; its configuration must exist in C(/etc/drbd.d).
    type: str
    required: true
  dest:
    description: The image, on the node. Its directory must exist.
    type: path
    required: true
"""

EXAMPLES = r"""
- name: Save what this node has
  failover.cluster.drbd_copy:
    name: shop
    dest: /var/backups/shop-node2.img
"""

RETURN = r"""
bytes:
  description: Size of the device, and of the image. Blocks of zeros take no room.
  returned: success
  type: int
  sample: 1073741824
"""

import os
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.cluster.plugins.module_utils import _drbd, _drbd_device
from ansible_collections.failover.cluster.plugins.module_utils._command import Run, runner

RESERVE = 64 << 20
"""Bytes that stay free beside the image."""


def problem(device: dict[str, Any], dest: str) -> str:
    """Return one sentence on what forbids an image, "" if nothing does."""
    state, directory = device["state"], os.path.dirname(dest)
    if state["role"] != "Secondary" or _drbd.linked(state):
        return (
            f"the copy is {state['role']} and {state['connection']}; it must be Secondary and not"
            " connected, or it changes while it is read."
        )
    if not os.path.isdir(directory):
        return f"{directory} is not a directory of this node; name one that is (-e backup=)."
    if os.path.exists(dest):
        return ""
    found = os.statvfs(directory)
    free, needed = found.f_bavail * found.f_frsize, device["bytes"] + RESERVE
    if free < needed:
        return (
            f"{directory} has {free >> 20} MiB free, and the image may need {needed >> 20} MiB;"
            " name a directory with more room (-e backup=)."
        )
    return ""


def same(device: dict[str, Any], image: str, run: Run) -> bool:
    """Whether an image has what the disk has."""
    # What was read of the disk before may be older than what DRBD has written since.
    run(["blockdev", "--flushbufs", device["lower"]])
    return (
        os.path.getsize(image) == device["bytes"]
        and run(["cmp", "-s", "-n", str(device["bytes"]), device["lower"], image])[0] == 0
    )


def save(device: dict[str, Any], image: str, run: Run) -> str:
    """Write the image; return what failed, "" if nothing did."""
    part = f"{image}.part"
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.close(descriptor)
    read = [f"if={device['lower']}", "bs=4M", f"count={device['bytes']}"]
    how = ["iflag=direct,fullblock,count_bytes", "conv=sparse,fsync", "status=none"]
    code, _out, err = run(["dd", f"of={part}", *read, *how])
    if code != 0:
        return f"dd failed: {' '.join(err.split())}"
    os.truncate(part, device["bytes"])
    if not same(device, part, run):
        return f"{part} differs from {device['lower']} although it was just written."
    os.rename(part, image)
    return ""


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "dest": {"type": "path", "required": True},
        },
        supports_check_mode=True,
    )
    module.run_command_environ_update = {"LC_ALL": "C", "LANG": "C"}
    run = runner(module)
    name, dest = module.params["name"], module.params["dest"]
    try:
        device = _drbd_device.look(name, run)
    except _drbd_device.Unusable as unusable:
        module.fail_json(msg=str(unusable))
    why = problem(device, dest)
    changed = not os.path.exists(dest)
    if not why and not changed and not same(device, dest, run):
        why = (
            f"{dest} exists and holds something else, perhaps an older state; it is never"
            " overwritten. Name another directory (-e backup=), or move it away."
        )
    if not why and changed and not module.check_mode:
        why = save(device, dest, run)
    if why:
        module.fail_json(msg=f"DRBD resource {name}: no image was written: {why}")
    module.exit_json(changed=changed, bytes=device["bytes"])


if __name__ == "__main__":
    main()
