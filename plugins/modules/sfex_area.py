#!/usr/bin/python
# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Makes the area of locks on a shared disk, and never overwrites data."""

from __future__ import annotations

DOCUMENTATION = r"""
module: sfex_area
short_description: Makes the area of locks on a shared disk
description:
  - Writes the head of the area and a free lock for each service, on an empty device.
  - A device that holds anything else is refused, and so is the area of another cluster.
  - It never writes to an existing lock, so it is safe while the cluster runs.
  - The device is one that both nodes see, of its own, such as a small partition or LUN.
version_added: 0.1.0
author: failover.cluster contributors (@failover-cluster)
extends_documentation_fragment: failover.cluster.attributes
attributes:
  check_mode: {support: full}
  diff_mode: {support: full}
  idempotent: {support: full}
options:
  device:
    description: Device on this node.
    type: path
    required: true
  cluster:
    description: Name of the cluster.
    type: str
    required: true
  locks:
    description: Number of each service's lock by the service's name, counted from 1.
    type: dict
    required: true
  room:
    description: Number of locks that a new area has room for.
    type: int
    default: 64
  form:
    description:
      - V(own) is the form of failoverd. V(sfex) is that of the agent C(ocf:heartbeat:sfex), whose
        locks tell no service; the area is made by its C(sfex_init).
    type: str
    choices: [own, sfex]
    default: own
  create:
    description: Whether to make what is missing; V(false) fails where something is missing.
    type: bool
    default: true
"""

EXAMPLES = r"""
- name: A lock for each of two services
  failover.cluster.sfex_area:
    device: /dev/vdc
    cluster: shop
    locks: {shop: 1, mail: 2}
"""

RETURN = r"""
done:
  description: Parts that were written, or would be.
  returned: always
  type: list
  elements: str
  sample: [area, "lock 1: shop"]
owners:
  description: The node that holds each lock on the disk, empty for a free lock.
  returned: always
  type: dict
  sample: {shop: node1, mail: ""}
"""

import mmap
import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.cluster.plugins.module_utils import _disk, _sfex
from ansible_collections.failover.cluster.plugins.module_utils._command import runner


class Area:
    """The blocks of the device, read and written past the page cache."""

    def __init__(self, module: AnsibleModule) -> None:
        self.module = module
        self.params = module.params
        self.done: list[str] = []
        self.buffer = mmap.mmap(-1, _sfex.BLOCK)
        self.handle = -1

    def fail(self, reason: str) -> None:
        """End with one sentence."""
        self.module.fail_json(msg=f"{self.params['device']}: {reason}")

    def read(self, number: int) -> bytes:
        """Return a block."""
        if os.preadv(self.handle, [self.buffer], number * _sfex.BLOCK) != _sfex.BLOCK:
            self.fail(f"is too small for lock {number}.")
        return bytes(self.buffer)

    def write(self, number: int, data: bytes, what: str) -> None:
        """Write a block, unless in check mode."""
        self.done.append(what)
        if not self.params["create"]:
            self.fail(f"{what} is missing there; is it the same disk as on the other node?")
        if not self.module.check_mode:
            self.buffer[:] = data
            os.pwritev(self.handle, [self.buffer], number * _sfex.BLOCK)

    def head(self) -> None:
        """Make block 0, on an empty device only."""
        cluster = self.params["cluster"]
        first = self.read(0)
        found = _sfex.decode(first)
        if found is not None:
            if found.get("cluster") != cluster:
                self.fail(f"is the area of locks of cluster {found.get('cluster')}, not {cluster}.")
            if max(self.params["locks"].values(), default=0) > found.get("locks", 0):
                self.fail(f"has room for {found.get('locks')} locks only.")
            return
        if _sfex.room_of_agent(first):
            self.fail("has the area of the agent sfex of Pacemaker; it is never overwritten.")
        self.empty(first)
        self.read(self.params["room"])
        self.write(0, _sfex.area(cluster, self.params["room"]), "area")

    def of_agent(self, run: _sfex.Run) -> None:
        """Make the area of the agent sfex, on an empty device only."""
        first = self.read(0)
        room = _sfex.room_of_agent(first)
        wanted = max(self.params["locks"].values(), default=0)
        if room:
            if wanted > room:
                self.fail(f"has room for {room} locks only.")
            return
        self.empty(first)
        self.done.append("area")
        if not self.params["create"]:
            self.fail("area is missing there; is it the same disk as on the other node?")
        if not self.module.check_mode:
            words = [_sfex.INIT, "-n", str(self.params["room"]), self.params["device"]]
            code, out, err = run(words)
            if code != 0:
                self.fail(
                    f"{_sfex.INIT} ended with {code}: {' '.join((err or out).split())[-300:]}"
                )

    def empty(self, first: bytes) -> None:
        """Refuse a device that holds anything. first: its first block."""
        found = _sfex.decode(first)
        if found is not None:
            self.fail(
                f"is the area of locks of cluster {found.get('cluster')}, in another form;"
                " it is never overwritten."
            )
        seen = _disk.inspect(self.params["device"], runner(self.module))
        if seen["used"]:
            self.fail(f"is in use ({seen['used']}).")
        content = _disk.content(seen)
        if content:
            self.fail(f"holds {content}; it is never overwritten.")

    def lock(self, service: str, number: int) -> str:
        """Make a lock where there is none; return its owner."""
        cluster, block = self.params["cluster"], self.read(number)
        found = _sfex.decode(block)
        if found is None:
            if any(block):
                self.fail(f"lock {number} is damaged or foreign data; it is never overwritten.")
            self.write(number, _sfex.free(cluster, service), f"lock {number}: {service}")
            return ""
        if (found.get("cluster"), found.get("service")) != (cluster, service):
            self.fail(
                f"lock {number} is that of service {found.get('service')}, not of {service}; give"
                " every service its old number with storage.lock."
            )
        return str(found.get("owner", ""))


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "device": {"type": "path", "required": True},
            "cluster": {"type": "str", "required": True},
            "locks": {"type": "dict", "required": True},
            "room": {"type": "int", "default": 64},
            "form": {"type": "str", "choices": ["own", "sfex"], "default": "own"},
            "create": {"type": "bool", "default": True},
        },
        supports_check_mode=True,
    )
    module.run_command_environ_update = {"LC_ALL": "C", "LANG": "C"}
    area = Area(module)
    try:
        area.handle = os.open(module.params["device"], os.O_RDWR | os.O_DIRECT | os.O_SYNC)
        locks = {str(name): int(number) for name, number in module.params["locks"].items()}
        owners = {}
        if module.params["form"] == "sfex":
            area.of_agent(runner(module))
        else:
            area.head()
            owners = {name: area.lock(name, number) for name, number in locks.items()}
    except (OSError, ValueError) as error:
        area.fail(f"cannot be used: {error}")
    after = "".join(f"{line}\n" for line in area.done)
    module.exit_json(
        changed=bool(area.done),
        done=area.done,
        owners=owners,
        diff={"before": "", "after": after},
    )


if __name__ == "__main__":
    main()
