#!/usr/bin/python
# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Creates a DRBD resource on a node, and never destroys data."""

from __future__ import annotations

DOCUMENTATION = r"""
module: drbd_resource
short_description: Creates and connects a DRBD resource without ever destroying data
description:
  - Writes metadata on an empty backing device, attaches it and connects to the peer.
  - A device that holds data, or metadata of something else, is refused unless O(overwrite=true).
  - With O(initialise=true) two disks that were both just created are declared equal, so that
    no empty disk is copied. With O(keep) as well, the disk of this node is copied to the other.
  - It does not change roles (primary, secondary), except for a moment when such a copy begins; the
    cluster decides them.
version_added: 0.1.0
author: failover.cluster contributors (@failover-cluster)
extends_documentation_fragment: failover.cluster.attributes
attributes:
  check_mode: {support: full}
  diff_mode: {support: full}
  idempotent: {support: full}
options:
  name:
    description: Name of the resource; its configuration must exist in C(/etc/drbd.d).
    type: str
    required: true
  disk:
    description: Backing device on this node.
    type: path
    required: true
  overwrite:
    description: Whether a backing device that holds data may be overwritten.
    type: bool
    default: false
  metadata:
    description:
      - Where the metadata lie, as DRBD names it.
      - Outside of the disk they are created only on a device that is free and empty.
    type: str
    default: internal
  create:
    description:
      - Whether metadata may be created where none fit.
      - V(false) for a resource that was made by hand and is taken over with its data.
    type: bool
    default: true
  keep:
    description:
      - The type of the file system that the disk holds and that stays on it, V(ext4) or V(xfs).
      - It has to leave room for the metadata, and is never overwritten, whatever O(overwrite) says.
    type: str
    default: ""
  initialise:
    description:
      - Whether to declare both disks equal if both were just created.
      - Needs the connection, so run it on one node after both are up.
    type: bool
    default: false
  up:
    description:
      - Whether a resource that is down is brought up.
      - V(false) on a node whose cluster manager takes the resource down and up. The settings of
        a resource that is up are applied all the same.
    type: bool
    default: true
  wait_s:
    description: How long to wait for the connection, in seconds; V(0) does not wait.
    type: int
    default: 0
"""

EXAMPLES = r"""
- name: Metadata exists and the resource is up
  failover.cluster.drbd_resource:
    name: shop
    disk: /dev/vdb

- name: Skip the copy of an empty disk
  failover.cluster.drbd_resource:
    name: shop
    disk: /dev/vdb
    initialise: true
    wait_s: 60
"""

RETURN = r"""
state:
  description: What the kernel says about the resource after the run.
  returned: always
  type: dict
  sample: {connection: Connected, role: Secondary, peer_role: Secondary, disk: UpToDate,
           peer_disk: UpToDate}
fresh:
  description: Whether the metadata is unused since its creation.
  returned: always
  type: bool
  sample: false
holds:
  description: The file system on the backing disk, ext4 or xfs, if the metadata are unused.
  returned: always
  type: str
  sample: ext4
done:
  description: Steps that were done, or would be.
  returned: always
  type: list
  elements: str
  sample: [metadata, up]
"""

import time
from collections.abc import Sequence
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.cluster.plugins.module_utils import (
    _disk,
    _drbd,
    _drbd_files,
    _drbd_size,
)
from ansible_collections.failover.cluster.plugins.module_utils._command import runner

JUST_CREATED = "0000000000000004"


class Resource:
    """One resource, and the list of what was done to it."""

    def __init__(self, module: AnsibleModule) -> None:
        self.module = module
        self.params = module.params
        self.name: str = module.params["name"]
        self.done: list[str] = []

    def run(self, argv: list[str]) -> tuple[int, str, str]:
        """Run a command and return its exit code, output and errors."""
        return runner(self.module)(argv)

    def must(self, argv: list[str], what: str) -> str:
        """Run a command that must succeed."""
        code, out, err = self.run(argv)
        if code != 0:
            reason = " ".join((err or out).split())
            self.module.fail_json(msg=f"DRBD resource {self.name}: {what} failed: {reason}")
        return out

    def state(self) -> dict[str, str]:
        """What the kernel says."""
        return _drbd.read(self.name, _drbd_files.minor_of(self.name), self.run)

    def fresh(self) -> bool:
        """Whether the metadata says that the disk was never used."""
        code, out, _err = self.run(["drbdadm", "get-gi", self.name])
        lines = out.strip().splitlines()
        return code == 0 and bool(lines) and lines[-1].strip().startswith(JUST_CREATED)

    def holds(self) -> str:
        """The file system on the disk; what would be wiped is gone in check mode, too."""
        wiped = self.module.check_mode and self.params["overwrite"] and not self.params["keep"]
        return "" if wiped else _disk.holds(self.params["disk"])

    def metadata(self) -> None:
        """Create the metadata if there is none; refuse a device that is not empty."""
        # Not dump-md: that refuses what was not detached cleanly, as after a loss of power.
        if self.run(["drbdadm", "get-gi", self.name])[0] == 0:
            return
        internal = self.params["metadata"] == _drbd_size.INTERNAL
        if not self.params["create"]:
            place = self.params["disk"] if internal else self.params["metadata"]
            self.module.fail_json(
                msg=f"DRBD resource {self.name}: there are no metadata on {place} that fit it, and"
                " none are created for a resource that is adopted. Correct storage.disk and"
                f" storage.metadata, or create them yourself: drbdadm create-md {self.name}"
            )
        found = _disk.inspect(self.params["disk"], self.run)
        if not found["block"]:
            self.module.fail_json(
                msg=f"{self.params['disk']}: does not exist or is not a block device."
            )
        if found["used"]:
            self.module.fail_json(msg=f"{self.params['disk']}: is in use ({found['used']}).")
        if not internal:
            self.outside()
        kept = self.params["keep"]
        if kept and found["signature"] == kept:
            self.fits(found)
            self.create()
            return
        content = _disk.content(found)
        if kept and content:
            # The disk of a machine that was replaced is empty; whatever else it holds is not ours.
            self.module.fail_json(
                msg=f"{self.params['disk']}: holds {content}, not {kept}; storage.keep promises"
                " that nothing of it is overwritten."
            )
        if content and content != "drbd" and not self.params["overwrite"]:
            self.module.fail_json(
                msg=f"{self.params['disk']}: holds {content}; it is never overwritten"
                " unless storage.overwrite is true for its service."
            )
        if content == "drbd" and not self.params["overwrite"]:
            self.module.fail_json(
                msg=f"{self.params['disk']}: holds DRBD metadata that does not fit resource"
                f" {self.name}; it is never overwritten unless storage.overwrite is true."
            )
        if found["signature"]:
            self.done.append(f"wiped {found['signature']}")
            if not self.module.check_mode:
                # H6: DRBD itself refuses a disk on which it recognises something, whatever is said.
                self.must(["wipefs", "--all", self.params["disk"]], "wiping what the disk held")
        self.create()

    def create(self) -> None:
        """Write metadata. DRBD refuses by itself to put them over a file system (drbdmeta)."""
        self.done.append("metadata")
        if not self.module.check_mode:
            self.must(["drbdadm", "create-md", "--force", self.name], "creating metadata")

    def fits(self, found: dict[str, Any]) -> None:
        """The file system has to leave room for metadata behind it."""
        room = _drbd_size.usable(found["size"], self.params["metadata"])
        if not 0 < found["filesystem"] <= room:
            self.module.fail_json(
                msg=f"{self.params['disk']}: the file system has {found['filesystem']} bytes, and"
                f" beside DRBD's metadata there is room for {room}."
            )

    def outside(self) -> None:
        """A device for metadata has to be free and empty."""
        device = _drbd_size.device(self.params["metadata"])
        found = _disk.inspect(device, self.run)
        if not found["block"] or found["used"] or _disk.content(found):
            self.module.fail_json(
                msg=f"{device}: is no block device that is free and empty, so it cannot hold the"
                f" metadata of DRBD resource {self.name}; nothing on it is overwritten."
            )

    def up(self) -> None:
        """Attach, connect and apply the settings, if any of it is needed."""
        if not self.module.check_mode:
            self.must(["modprobe", "drbd"], "loading the kernel module")
        if "metadata" in self.done and self.module.check_mode:
            self.done.append("up")
            return
        if self.must(["drbdadm", "--dry-run", "adjust", self.name], "comparing").strip():
            self.done.append("up")
            if not self.module.check_mode:
                self.must(["drbdadm", "adjust", self.name], "bringing it up")

    def wait(self) -> None:
        """Wait for the peer."""
        end = time.monotonic() + self.params["wait_s"]
        while not _drbd.linked(self.state()):
            if time.monotonic() > end:
                self.module.fail_json(
                    msg=f"DRBD resource {self.name}: no connection to the peer within"
                    f" {self.params['wait_s']} s (it is {self.state()['connection']})."
                )
            time.sleep(0.25)

    def initialise(self) -> None:
        """Declare two empty disks equal."""
        state = self.state()
        if (state["disk"], state["peer_disk"]) != ("Inconsistent", "Inconsistent"):
            return
        if not self.fresh():
            return
        self.done.append("initialised")
        if self.params["keep"]:
            if not self.module.check_mode:
                self.must(["drbdadm", "primary", "--force", self.name], "beginning the copy")
                self.must(["drbdadm", "secondary", self.name], "leaving it to the cluster")
            return
        if not self.module.check_mode:
            self.must(
                ["drbdadm", "--", "--clear-bitmap", "new-current-uuid", f"{self.name}/0"],
                "skipping the first sync",
            )


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "disk": {"type": "path", "required": True},
            "overwrite": {"type": "bool", "default": False},
            "metadata": {"type": "str", "default": "internal"},
            "create": {"type": "bool", "default": True},
            "keep": {"type": "str", "default": ""},
            "initialise": {"type": "bool", "default": False},
            "up": {"type": "bool", "default": True},
            "wait_s": {"type": "int", "default": 0},
        },
        supports_check_mode=True,
    )
    module.run_command_environ_update = {"LC_ALL": "C", "LANG": "C"}
    resource = Resource(module)
    before = resource.state()
    if module.check_mode and module.get_bin_path("drbdadm") is None:
        # The packages would have been installed by an earlier task of the same run.
        module.exit_json(
            changed=True, done=["metadata", "up"], state=before, fresh=True, holds=resource.holds()
        )
    if not _drbd.configured(before):
        resource.metadata()
    if module.params["up"] or before["connection"] != "Unconfigured":
        resource.up()
    planned = module.check_mode and resource.done
    if module.params["wait_s"] and not planned:
        resource.wait()
    if module.params["initialise"] and not planned:
        resource.initialise()
    after = resource.state()
    fresh = bool(planned) or resource.fresh()
    module.exit_json(
        changed=bool(resource.done),
        done=resource.done,
        state=after,
        fresh=fresh,
        holds=resource.holds() if fresh else "",
        diff={"before": _shown(before), "after": _shown(after, resource.done)},
    )


def _shown(state: dict[str, str], done: Sequence[str] = ()) -> str:
    lines = [f"{key}: {value}" for key, value in sorted(state.items())]
    return "\n".join([*lines, *done]) + "\n"


if __name__ == "__main__":
    main()
