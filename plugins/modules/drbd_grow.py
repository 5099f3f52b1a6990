#!/usr/bin/python
# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Makes a device of DRBD, or the file system on it, as large as what lies below."""

from __future__ import annotations

DOCUMENTATION = r"""
module: drbd_grow
short_description: Makes a device of DRBD, or the file system on it, larger while it is in use
description:
  - A device grows to the size of the smaller of the two disks, a file system to that of its device.
  - Run it on the node that has the device in use. Nothing is ever made smaller.
  - Knows DRBD 8.4 only.
version_added: 0.1.0
author: failover.cluster contributors (@failover-cluster)
extends_documentation_fragment: failover.cluster.attributes
attributes:
  check_mode:
    support: partial
    details: Check mode cannot tell how much would grow; it always counts as changed.
  diff_mode: {support: none}
  idempotent: {support: full}
options:
  name:
    description: Name of the resource; its configuration must exist in C(/etc/drbd.d).
    type: str
    required: true
  part:
    description: What grows.
    type: str
    choices: [device, filesystem]
    required: true
  filesystem:
    description: Type of the file system.
    type: str
    choices: [ext4, xfs]
    default: ext4
"""

EXAMPLES = r"""
- name: The device first
  failover.cluster.drbd_grow:
    name: shop
    part: device

- name: Then the file system
  failover.cluster.drbd_grow:
    name: shop
    part: filesystem
"""

RETURN = r"""
before:
  description: The size before, in bytes.
  returned: success
  type: int
  sample: 10737418240
after:
  description: The size now, in bytes.
  returned: success
  type: int
  sample: 21474836480
"""

import os
import time
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.cluster.plugins.module_utils import _drbd_device
from ansible_collections.failover.cluster.plugins.module_utils._command import Run, runner

ANSWER_S = 30.0


class Growth:
    """That of one resource."""

    def __init__(self, module: AnsibleModule, run: Run) -> None:
        self.module = module
        self.run = run
        self.name: str = module.params["name"]

    def fail(self, why: str) -> None:
        """End with one sentence."""
        self.module.fail_json(msg=f"DRBD resource {self.name}: {why}")

    def look(self) -> dict[str, Any]:
        """What the kernel says of a device that is in use."""
        try:
            device = _drbd_device.look(self.name, self.run)
        except _drbd_device.Unusable as unusable:
            self.module.fail_json(msg=str(unusable))
        if device["state"]["role"] != "Primary" or not device["mounts"]:
            self.fail("is not in use here; it grows on the node that runs the service.")
        return device

    def must(self, *argv: str) -> None:
        """Run a command that must succeed."""
        code, out, err = self.run(list(argv))
        if code != 0:
            self.fail(f"{' '.join(argv)} failed: {' '.join((err or out).split())}")

    def device(self) -> tuple[int, int]:
        """Return the size of the device before and after."""
        device = self.look()
        before = int(device["bytes"])
        if self.module.check_mode:
            return before, before
        self.must("drbdadm", "resize", self.name)
        # Only when the other kernel has told the size of its disk does the device grow.
        until = time.monotonic() + ANSWER_S
        while (after := int(self.look()["bytes"])) <= before:
            if time.monotonic() > until:
                self.fail(
                    f"did not grow within {ANSWER_S:.0f} s, though drbdadm resize was accepted; the"
                    " kernel log of both nodes says why (journalctl -k)."
                )
            time.sleep(0.5)
        return before, after

    def filesystem(self) -> tuple[int, int]:
        """Return the size of the file system before and after."""
        device = self.look()
        mount = device["mounts"][0]
        before = total(mount)
        if self.module.check_mode:
            return before, before
        if self.module.params["filesystem"] == "xfs":
            self.must("xfs_growfs", mount)
        else:
            self.must("resize2fs", f"/dev/drbd{device['minor']}")
        return before, total(mount)


def total(mount: str) -> int:
    """Bytes of a file system."""
    found = os.statvfs(mount)
    return found.f_blocks * found.f_frsize


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "part": {"type": "str", "choices": ["device", "filesystem"], "required": True},
            "filesystem": {"type": "str", "choices": ["ext4", "xfs"], "default": "ext4"},
        },
        supports_check_mode=True,
    )
    module.run_command_environ_update = {"LC_ALL": "C", "LANG": "C"}
    growth = Growth(module, runner(module))
    part = growth.device if module.params["part"] == "device" else growth.filesystem
    before, after = part()
    module.exit_json(changed=after > before or module.check_mode, before=before, after=after)


if __name__ == "__main__":
    main()
