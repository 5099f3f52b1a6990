#!/usr/bin/python
# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Opens the filesystem of a service that no daemon manages yet, and closes it again."""

from __future__ import annotations

DOCUMENTATION = r"""
module: drbd_filesystem
short_description: Mounts a service's filesystem for its first content, while no daemon manages it
description:
  - Makes the filesystem on an empty DRBD device, mounts it, and gives it back.
  - Meant for a service that the cluster's daemon does not know yet; it refuses one that the daemon
    manages.
  - Only an UpToDate device whose peer is connected, UpToDate and Secondary is promoted.
  - It never formats a device that holds any data.
version_added: 0.1.0
author: failover.cluster contributors (@failover-cluster)
extends_documentation_fragment: failover.cluster.attributes
attributes:
  check_mode: {support: full}
  diff_mode: {support: none}
  idempotent: {support: full}
options:
  resource:
    description: Name of the DRBD resource; its configuration names its device.
    type: str
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
  create:
    description:
      - Whether a filesystem may be made where none is recognised.
      - V(false) for a resource that was made by hand and is taken over with its data.
    type: bool
    default: true
  options:
    description: Mount options.
    type: str
    default: noatime
  state:
    description:
      - V(opened) is Primary here, formatted and mounted.
      - V(closed) is unmounted and Secondary.
    type: str
    choices: [opened, closed]
    required: true
"""

EXAMPLES = r"""
- name: Mount the new filesystem of the shop
  failover.cluster.drbd_filesystem:
    resource: shop
    path: /srv/shop
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
from ansible_collections.failover.cluster.plugins.module_utils import _disk, _drbd, _drbd_files
from ansible_collections.failover.cluster.plugins.module_utils._command import runner
from ansible_collections.failover.cluster.plugins.module_utils._filesystem import Filesystem

SAME = {"ext4": ("ext2", "ext3", "ext4")}
"""What the driver of a file system mounts as well."""


class Volume(Filesystem):
    """A filesystem on a DRBD device."""

    def __init__(self, module: AnsibleModule) -> None:
        super().__init__(module)
        self.minor = _drbd_files.minor_of(self.params["resource"])

    @property
    def service(self) -> str:
        """Both are called alike."""
        return str(self.params["resource"])

    @property
    def device(self) -> str:
        """That of the resource."""
        if self.minor is None:
            self.fail(f"/etc/drbd.d/{self.params['resource']}.res names no device.")
        return f"/dev/drbd{self.minor}"

    def open(self) -> bool:
        """Promote, format if empty, mount; return whether it was formatted."""
        if self.module.check_mode or self.mounted():
            return False
        name, device = self.params["resource"], self.device
        state = self.state()
        if state["role"] != "Primary":
            if not self.ready(state):
                self.fail(
                    f"DRBD resource {name} is {state['role']}/{state['peer_role']},"
                    f" {state['disk']}/{state['peer_disk']}, {state['connection']}; the peer"
                    " must be Secondary and this disk UpToDate, and before the first content is"
                    " made the peer's disk, too."
                )
            self.must(["drbdadm", "primary", name])
        found = _disk.signature(device, runner(self.module))
        if found and found not in SAME.get(self.params["filesystem"], (self.params["filesystem"],)):
            self.fail(f"{device} holds {found}; it is never overwritten.")
        if not found and not self.params["create"]:
            self.fail(
                f"{device} holds no filesystem that is recognised. The service keeps its data, so"
                " none is made. Make one yourself, or name the disk that has the data."
            )
        if not found:
            self.make()
        self.mount()
        return not found

    def ready(self, state: dict[str, str]) -> bool:
        """Whether it may be promoted. What is kept or adopted may be copied to the peer yet."""
        copied = state["peer_disk"] == "UpToDate" or not self.params["create"]
        return copied and (state["disk"], state["peer_role"]) == ("UpToDate", "Secondary")

    def close(self) -> None:
        """Unmount and demote."""
        if self.module.check_mode:
            return
        if self.mounted():
            self.must(["umount", self.params["path"]])
        if self.state()["role"] == "Primary":
            self.must(["drbdadm", "secondary", self.params["resource"]])

    def state(self) -> dict[str, str]:
        """What DRBD says of the resource."""
        return _drbd.read(self.params["resource"], self.minor, runner(self.module))


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "resource": {"type": "str", "required": True},
            "path": {"type": "path", "required": True},
            "filesystem": {"type": "str", "choices": ["ext4", "xfs"], "default": "ext4"},
            "create": {"type": "bool", "default": True},
            "options": {"type": "str", "default": "noatime"},
            "state": {"type": "str", "choices": ["opened", "closed"], "required": True},
        },
        supports_check_mode=True,
    )
    Volume(module).apply()


if __name__ == "__main__":
    main()
