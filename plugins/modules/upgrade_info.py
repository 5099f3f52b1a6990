#!/usr/bin/python
# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads what an upgrade of a node's packages would change, and what a boot would bring."""

from __future__ import annotations

DOCUMENTATION = r"""
module: upgrade_info
short_description: Tells what an upgrade of the packages of a node would change
description:
  - Asks apt for its plan, with the lists of packages that the node has. Installs nothing.
  - Tells why the node has to boot, which kernel boots next, and whether that one has the DRBD of
    the running one.
version_added: 0.1.0
author: failover.cluster contributors (@failover-cluster)
extends_documentation_fragment: failover.cluster.attributes
attributes:
  check_mode: {support: full}
  diff_mode: {support: none}
  idempotent: {support: full}
options:
  packages:
    description:
      - Which packages. V(safe) are all that can be upgraded without a removal, V(full) all,
        V(cluster) those of O(names), V(none) none.
    type: str
    choices: [safe, full, cluster, none]
    default: safe
  names:
    description: Packages that the cluster needs, for O(packages=cluster).
    type: list
    elements: str
    default: []
  replicated:
    description: Whether a service of the cluster has a disk that DRBD replicates.
    type: bool
    default: false
  release:
    description: >-
      Code name of another release of the distribution, such as V(trixie), that the node is to get.
      What it would change is asked with copies of the package sources and of apt's lists, which are
      removed afterwards. Empty for the release that the node has.
    type: str
    default: ""
  wait_s:
    description: >-
      How long to wait for somebody else who installs packages, such as a run that was cut off, in
      seconds.
    type: int
    default: 0
  mark:
    description: File that the node has while an upgrade of it is under way.
    type: path
    default: /var/lib/failover/upgrades
"""

EXAMPLES = r"""
- name: What would be upgraded?
  failover.cluster.upgrade_info:
    packages: safe
    replicated: true

- name: What would another release of Debian change?
  failover.cluster.upgrade_info:
    packages: full
    release: trixie
"""

RETURN = r"""
upgrade:
  description:
    - The changes of packages that are C(pending), each with its version C(before) and C(after), and
      a C(summary); the C(running) kernel and those of which one C(boots) next, with their DRBD;
      the C(reasons) for a boot; why a boot would harm the replication (C(unfit)), empty if it would
      not; whether dpkg was C(interrupted); whether an upgrade of the node is C(begun).
    - With O(release), the release that the node C(has), the C(sources) that would name another one,
      and the C(problems) that are in the way, in C(release).
  returned: success
  type: dict
  sample:
    pending: [{name: postgresql-15, before: 15.5-0+deb12u1, after: 15.6-0+deb12u1}]
    summary: 1 packages (postgresql-15)
    running: 6.1.0-18-amd64
    boots: {6.1.0-18-amd64: 8.4.11}
    reasons: []
    unfit: ""
    interrupted: false
    begun: false
    release: {has: bookworm, sources: [/etc/apt/sources.list], problems: []}
"""

import os
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.cluster.plugins.module_utils import (
    _kernels,
    _node,
    _packages,
    _release,
    _upgrade,
)
from ansible_collections.failover.cluster.plugins.module_utils._command import runner


def collect(module: AnsibleModule) -> dict[str, Any]:
    """Return everything; raises OSError or RuntimeError when the node cannot tell."""
    run = runner(module)
    if not _upgrade.idle(module.params["wait_s"]):
        raise RuntimeError("somebody else installs packages there; try again when that has ended.")
    installed, interrupted = _packages.read(_packages.STATUS)
    names = set(module.params["names"]) & installed
    release: dict[str, Any] = {"has": "", "sources": [], "problems": []}
    changes: list[dict[str, str]] = []
    wanted = module.params["release"]
    if wanted and interrupted:
        release["has"] = _release.codename()
    elif wanted:
        release = _release.look(wanted, names, run)
        changes = release.pop("pending")
    # What was cut off half-way is completed first; apt plans nothing before.
    if not interrupted and wanted in ("", release["has"]):
        changes = _upgrade.pending(module.params["packages"], names, run)
    running = os.uname().release
    kernels = _kernels.next_boot(running)
    boots = _kernels.drbd_versions(kernels, run)
    loaded = _node.drbd_version(run) if module.params["replicated"] else ""
    return {
        "pending": changes,
        "summary": _upgrade.summary(changes),
        "running": running,
        "boots": boots,
        "reasons": _upgrade.reasons(
            running,
            kernels,
            _upgrade.asked_for(),
            _upgrade.outdated(),
            wanted if wanted != release["has"] else "",
        ),
        "unfit": _kernels.unfit(running, loaded, boots) if module.params["replicated"] else "",
        "interrupted": interrupted,
        "begun": os.path.exists(module.params["mark"]),
        "release": release,
    }


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "packages": {
                "type": "str",
                "choices": ["safe", "full", "cluster", "none"],
                "default": "safe",
            },
            "names": {"type": "list", "elements": "str", "default": []},
            "replicated": {"type": "bool", "default": False},
            "release": {"type": "str", "default": ""},
            "wait_s": {"type": "int", "default": 0},
            "mark": {"type": "path", "default": "/var/lib/failover/upgrades"},
        },
        supports_check_mode=True,
    )
    try:
        module.exit_json(changed=False, upgrade=collect(module))
    except (OSError, RuntimeError) as error:
        module.fail_json(msg=f"{os.uname().nodename}: cannot be examined: {error}")


if __name__ == "__main__":
    main()
