#!/usr/bin/python
# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Opens the filesystem of a shared disk that no daemon manages yet, and closes it again."""

from __future__ import annotations

DOCUMENTATION = r"""
module: shared_filesystem
short_description: Mounts a shared disk for its first content, while no daemon manages it
description:
  - Makes the filesystem on an empty disk that both nodes see, mounts it, and gives it back.
  - Meant for a service that the cluster's daemon does not know yet; it refuses one that the daemon
    manages.
  - It never formats a disk that holds any data.
version_added: 0.1.0
author: failover.cluster contributors (@failover-cluster)
extends_documentation_fragment: failover.cluster.attributes
attributes:
  check_mode: {support: full}
  diff_mode: {support: none}
  idempotent: {support: full}
options:
  service:
    description: Name of the service.
    type: str
    required: true
  device:
    description: The disk on this node.
    type: path
    required: true
  path:
    description: Mount point.
    type: path
    required: true
  filesystem:
    description: Type of the filesystem.
    type: str
    choices: [ext4, xfs]
    default: ext4
  mmp:
    description:
      - Whether a new ext4 gets multi-mount protection, with which the kernel itself refuses to
        mount it on two nodes.
      - After a crash it makes the next mount take about 22 seconds longer.
    type: bool
    default: false
  options:
    description: Mount options.
    type: str
    default: noatime
  state:
    description: V(opened) is formatted and mounted; V(closed) is unmounted.
    type: str
    choices: [opened, closed]
    required: true
"""

EXAMPLES = r"""
- name: Mount the new filesystem of the shop
  failover.cluster.shared_filesystem:
    service: shop
    device: /dev/vdb
    path: /srv/shop
    mmp: true
    state: opened
"""

RETURN = r"""
formatted:
  description: Whether a filesystem was made, or would be.
  returned: always
  type: bool
  sample: true
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.cluster.plugins.module_utils import _disk
from ansible_collections.failover.cluster.plugins.module_utils._command import runner
from ansible_collections.failover.cluster.plugins.module_utils._filesystem import Filesystem

MMP = ("-O", "mmp", "-E", "mmp_update_interval=1")
"""A mount after a loss of power waits for some intervals: at the default of 5 s, for 42 s."""


class Volume(Filesystem):
    """A filesystem on a disk that both nodes see."""

    def open(self) -> bool:
        """Format if empty, mount; return whether it was, or would be, formatted."""
        if self.mounted():
            return False
        device, kind = self.device, self.params["filesystem"]
        found = _disk.inspect(device, runner(self.module))
        if not found["block"]:
            self.fail(f"{device} does not exist or is not a block device.")
        if found["used"]:
            self.fail(f"{device} is in use ({found['used']}).")
        content = _disk.content(found)
        if content and content != kind:
            self.fail(f"{device} holds {content}; it is never overwritten.")
        if self.module.check_mode:
            return not content
        if not content:
            self.make(*(MMP if self.params["mmp"] else ()))
        self.mount()
        return not content

    def close(self) -> None:
        """Unmount."""
        if self.mounted() and not self.module.check_mode:
            self.must(["umount", self.params["path"]])


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "service": {"type": "str", "required": True},
            "device": {"type": "path", "required": True},
            "path": {"type": "path", "required": True},
            "filesystem": {"type": "str", "choices": ["ext4", "xfs"], "default": "ext4"},
            "mmp": {"type": "bool", "default": False},
            "options": {"type": "str", "default": "noatime"},
            "state": {"type": "str", "choices": ["opened", "closed"], "required": True},
        },
        supports_check_mode=True,
    )
    Volume(module).apply()


if __name__ == "__main__":
    main()
