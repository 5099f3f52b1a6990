#!/usr/bin/python
# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Goes on for a while with the copies of a service that is adopted."""

from __future__ import annotations

DOCUMENTATION = r"""
module: adoption_follow
short_description: Goes on for a while with copying the data of a service that runs
description:
  - Databases are copied with C(pg_basebackup), and their copies follow them from then on.
    Directories are copied with C(rsync), and compared once more.
  - A copy goes on after the module has returned, and the next call finds it again.
    M(failover.cluster.adoption_copy) calls it until everything follows.
version_added: 0.1.0
author: failover.cluster contributors (@failover-cluster)
extends_documentation_fragment: failover.cluster.attributes
attributes:
  check_mode: {support: full}
  diff_mode: {support: none}
  idempotent: {support: none}
options:
  work:
    description: What M(failover.cluster.adoption_plan) planned.
    type: dict
    required: true
  direction:
    description: V(forth) onto the storage, V(back) to the old places.
    type: str
    choices: [forth, back]
    default: forth
  seconds:
    description: For how long it copies at most.
    type: float
    default: 10.0
"""

EXAMPLES = r"""
- name: Copy for a while
  failover.cluster.adoption_follow:
    work: "{{ adoption_plan.work }}"
"""

RETURN = r"""
done:
  description: Whether every copy follows.
  returned: success
  type: bool
  sample: false
lines:
  description: How far each copy is.
  returned: success
  type: list
  elements: str
  sample: ["/var/lib/postgresql/15/main: base copy, 120 of about 200 MiB"]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.cluster.plugins.module_utils._adoption import switch
from ansible_collections.failover.cluster.plugins.module_utils._adoption.places import Failed
from ansible_collections.failover.cluster.plugins.module_utils._adoption.state import State


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "work": {"type": "dict", "required": True},
            "direction": {"type": "str", "choices": ["forth", "back"], "default": "forth"},
            "seconds": {"type": "float", "default": 10.0},
        },
        supports_check_mode=True,
    )
    work = module.params["work"]
    if module.check_mode:
        module.exit_json(changed=True, done=True, lines=[])
    told = switch.forth(work) if module.params["direction"] == "forth" else switch.back(work)
    try:
        done, lines = switch.Copies(told, State(work["service"])).follow(module.params["seconds"])
    except (Failed, OSError) as failed:
        module.fail_json(msg=f"{failed}")
    module.exit_json(changed=True, done=done, lines=lines)


if __name__ == "__main__":
    main()
