#!/usr/bin/python
# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Has DRBD compare its two copies, without a change of its configuration."""

from __future__ import annotations

DOCUMENTATION = r"""
module: drbd_verify
short_description: Has DRBD compare its two copies block by block while the service runs
description:
  - DRBD needs a digest for that (C(verify-alg)), which has to be the same in both kernels whenever
    they connect. Kernels that differ refuse each other, as after a split brain.
  - So the digest is set only while a verification runs. A guard on each node removes it from the
    kernel a few seconds after the verification or the connection has ended. It is a transient
    unit, and goes on if the control host is cut off.
  - A digest that stands in the configuration of the resource is used as it is, without a guard.
  - Knows DRBD 8.4 only.
version_added: 0.1.0
author: failover.cluster contributors (@failover-cluster)
extends_documentation_fragment: failover.cluster.attributes
attributes:
  check_mode: {support: full}
  diff_mode: {support: none}
  idempotent:
    support: partial
    details: A verification that runs is not begun again. One that has ended is.
options:
  name:
    description: Name of the resource; its configuration must exist in C(/etc/drbd.d).
    type: str
    required: true
  state:
    description:
      - V(guarded) starts the guard, on both nodes before one of them begins.
      - V(begun) sets the digest and begins, on one node.
      - V(ended) waits until the digest is gone from the kernel of this node.
    type: str
    choices: [guarded, begun, ended]
    required: true
  digest:
    description: Digest of the kernel that compares the blocks.
    type: str
    default: crc32c
"""

EXAMPLES = r"""
- name: Guard the digest
  failover.cluster.drbd_verify:
    name: shop
    state: guarded

- name: Begin
  failover.cluster.drbd_verify:
    name: shop
    state: begun
  run_once: true
"""

RETURN = r"""
digest:
  description: The digest that compares the blocks.
  returned: success
  type: str
  sample: crc32c
"""

import os
import time
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.cluster.plugins.module_utils import _drbd_device
from ansible_collections.failover.cluster.plugins.module_utils._command import runner

DIRECTORY = "/run"
BEGINS_S = 600
"""For so long the guard waits for the verification to begin."""
ENDED_S = 3
"""So long after its end, or that of the connection, the guard removes the digest. A link that is
back sooner finds the same digest in both kernels; no node boots that fast."""
GIVEN_UP_S = 60.0
GUARD = f"""# Written by failover.cluster for one verification; it removes itself.
name=$1 minor=$2 idle=0 limit={BEGINS_S}
while [ "$idle" -lt "$limit" ]; do
    sleep 1
    case "$(sed -n "s/^ *$minor: cs:\\([A-Za-z]*\\).*/\\1/p" /proc/drbd)" in
        Verify*) idle=0 limit={ENDED_S} ;;
        Connected) idle=$((idle + 1)) ;;
        *) idle=$((idle + 1)) limit={ENDED_S} ;;
    esac
done
# A kernel without a connection has lost the digest by itself.
tries=10
until drbdadm net-options --verify-alg= "$name" || [ "$tries" -eq 0 ]; do
    tries=$((tries - 1))
    sleep 1
done
rm -f "$0"
"""


class Verification:
    """That of one resource."""

    def __init__(self, module: AnsibleModule) -> None:
        self.module = module
        self.name: str = module.params["name"]
        self.run = runner(module)

    def look(self) -> dict[str, Any]:
        """What the kernel says."""
        try:
            return _drbd_device.look(self.name, self.run)
        except _drbd_device.Unusable as unusable:
            self.module.fail_json(msg=str(unusable))
        return {}

    def must(self, *argv: str) -> None:
        """Run a command that must succeed."""
        code, out, err = self.run(list(argv))
        if code != 0:
            reason = " ".join((err or out).split())
            said = f"{' '.join(argv)} failed: {reason}"
            self.module.fail_json(msg=f"DRBD resource {self.name}: {said}")

    @property
    def unit(self) -> str:
        """The guard."""
        return f"failover-verify-{self.name}.service"

    def guard_runs(self) -> bool:
        """Whether it is there."""
        return self.run(["systemctl", "is-active", "-q", self.unit])[0] == 0

    def guarded(self, device: dict[str, Any]) -> bool:
        """Start the guard unless it runs, or is not needed; return whether it was started."""
        if device["verify_alg_kept"] or self.guard_runs():
            return False
        if not self.module.check_mode:
            path = f"{DIRECTORY}/failover-verify-{self.name}"
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as script:
                script.write(GUARD)
            words = ["/bin/sh", path, self.name, str(device["minor"])]
            self.must("systemd-run", "--quiet", "--collect", f"--unit={self.unit}", *words)
        return True

    def begun(self, device: dict[str, Any]) -> bool:
        """Set the digest and begin, unless one runs; return whether it was begun."""
        state = device["state"]
        if state["connection"] in _drbd_device.VERIFYING:
            return False
        if (state["connection"], state["disk"], state["peer_disk"]) != (
            "Connected",
            "UpToDate",
            "UpToDate",
        ):
            self.module.fail_json(
                msg=f"DRBD resource {self.name}: is {state['connection']}, {state['disk']}/"
                f"{state['peer_disk']}; copies are compared only when they are connected and"
                " UpToDate."
            )
        if not self.module.check_mode:
            if not device["verify_alg_kept"]:
                if not self.guard_runs():
                    self.module.fail_json(
                        msg=f"DRBD resource {self.name}: {self.unit} does not run, so nobody would"
                        " remove the digest. Nothing was changed; run this again."
                    )
                # The other kernel takes it over, because the two are connected.
                digest = self.module.params["digest"]
                self.must("drbdadm", "net-options", f"--verify-alg={digest}", self.name)
            self.must("drbdadm", "verify", self.name)
        return True

    def ended(self, device: dict[str, Any]) -> None:
        """Wait for the guard."""
        until = time.monotonic() + GIVEN_UP_S
        while not self.module.check_mode and device["verify_alg"] != device["verify_alg_kept"]:
            if time.monotonic() > until:
                self.module.fail_json(
                    msg=f"DRBD resource {self.name}: the kernel still has the digest"
                    f" {device['verify_alg']}. If the other node boots now, the two refuse each"
                    f" other. Remove it: drbdadm net-options --verify-alg= {self.name}"
                )
            time.sleep(1)
            device = self.look()


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["guarded", "begun", "ended"], "required": True},
            "digest": {"type": "str", "default": "crc32c"},
        },
        supports_check_mode=True,
    )
    module.run_command_environ_update = {"LC_ALL": "C", "LANG": "C"}
    verification = Verification(module)
    device = verification.look()
    changed = False
    if module.params["state"] == "guarded":
        changed = verification.guarded(device)
    elif module.params["state"] == "begun":
        changed = verification.begun(device)
    else:
        verification.ended(device)
    digest = device["verify_alg_kept"] or module.params["digest"]
    module.exit_json(changed=changed, digest=digest)


if __name__ == "__main__":
    main()
