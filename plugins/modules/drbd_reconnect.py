#!/usr/bin/python
# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Connects a copy that DRBD refuses to connect, and gives it up if it was told to."""

from __future__ import annotations

DOCUMENTATION = r"""
module: drbd_reconnect
short_description: Connects the copies of a DRBD resource again after a split brain
description:
  - With O(discard=true) the copy of this node gives way to the other one. What only it has is
    lost; M(failover.cluster.drbd_copy) saves it before.
  - A copy that is in use is never given up.
  - Does nothing to a resource that is connected.
  - Knows DRBD 8.4 only.
version_added: 0.1.0
author: failover.cluster contributors (@failover-cluster)
extends_documentation_fragment: failover.cluster.attributes
attributes:
  check_mode: {support: full}
  diff_mode: {support: none}
  idempotent: {support: full}
options:
  name:
    description: Name of the resource; its configuration must exist in C(/etc/drbd.d).
    type: str
    required: true
  discard:
    description: Whether the copy of this node gives way to the other one.
    type: bool
    default: false
  wait_s:
    description: How long to wait until the copies are connected, in seconds; V(0) does not wait.
    type: int
    default: 0
"""

EXAMPLES = r"""
- name: Give up the copy of this node
  failover.cluster.drbd_reconnect:
    name: shop
    discard: true
"""

RETURN = r"""
before:
  description: The connection before.
  returned: success
  type: str
  sample: StandAlone
after:
  description: The connection now.
  returned: success
  type: str
  sample: WFConnection
"""

import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.cluster.plugins.module_utils import _drbd, _drbd_device
from ansible_collections.failover.cluster.plugins.module_utils._command import runner

POLL_S = 0.5


class Copy:
    """The copy of this node."""

    def __init__(self, module: AnsibleModule) -> None:
        self.module = module
        self.name: str = module.params["name"]
        self.run = runner(module)

    def fail(self, why: str) -> None:
        """End with one sentence."""
        self.module.fail_json(msg=f"DRBD resource {self.name}: {why}")

    def state(self) -> dict[str, str]:
        """What the kernel says."""
        try:
            state: dict[str, str] = _drbd_device.look(self.name, self.run)["state"]
        except _drbd_device.Unusable as unusable:
            self.module.fail_json(msg=str(unusable))
        return state

    def order(self, *words: str) -> None:
        """Run drbdadm, which must succeed."""
        code, out, err = self.run(["drbdadm", *words, self.name])
        if code != 0:
            self.fail(f"drbdadm {' '.join(words)} failed: {' '.join((err or out).split())}")

    def connect(self, state: dict[str, str]) -> bool:
        """Connect it unless that is done; return whether there was anything to do."""
        discard = self.module.params["discard"]
        if _drbd.linked(state) or (state["connection"] != "StandAlone" and not discard):
            return False
        if discard and state["role"] != "Secondary":
            self.fail(f"is {state['role']}; a copy that is in use is never given up.")
        if self.module.check_mode:
            return True
        if discard:
            if state["connection"] != "StandAlone":
                self.order("disconnect")
            self.order("connect", "--discard-my-data")
        else:
            self.order("connect")
        return True

    def wait(self) -> None:
        """Wait for the other copy."""
        until = time.monotonic() + self.module.params["wait_s"]
        while not _drbd.linked(state := self.state()):
            if time.monotonic() > until:
                self.fail(
                    f"is {state['connection']} after {self.module.params['wait_s']} s; the kernel"
                    " log of both nodes says why (journalctl -k). Nothing more was changed; run"
                    " this again when it is mended."
                )
            time.sleep(POLL_S)


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "discard": {"type": "bool", "default": False},
            "wait_s": {"type": "int", "default": 0},
        },
        supports_check_mode=True,
    )
    module.run_command_environ_update = {"LC_ALL": "C", "LANG": "C"}
    copy = Copy(module)
    before = copy.state()
    changed = copy.connect(before)
    if module.params["wait_s"] and not module.check_mode:
        copy.wait()
    after = copy.state()
    module.exit_json(changed=changed, before=before["connection"], after=after["connection"])


if __name__ == "__main__":
    main()
