#!/usr/bin/python
# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Leaves the old places of a service that is adopted, or takes them back."""

from __future__ import annotations

DOCUMENTATION = r"""
module: adoption_switch
short_description: Stops an old service and hands its data to a cluster, or the other way round
description:
  - With O(state=moved) the old units stop, the last difference is copied and proved, and
    configuration, directories, boot and addresses are left to the cluster. If anything fails before
    that, the old service is started again in its old place.
  - What was there is kept beside, under names that end in C(.before-failover).
version_added: 0.1.0
author: failover.cluster contributors (@failover-cluster)
extends_documentation_fragment: failover.cluster.attributes
attributes:
  check_mode: {support: full}
  diff_mode: {support: none}
  idempotent: {support: full}
options:
  work:
    description: What M(failover.cluster.adoption_plan) planned.
    type: dict
    required: true
  state:
    description:
      - V(moved) the data are on the storage, and nothing runs. V(served) the cluster serves; this
        records since when. V(returning) the cluster is about to stop. V(returned) the old service
        runs in its old place again. V(confirmed) what was kept is removed.
    type: str
    choices: [moved, served, returning, returned, confirmed]
    required: true
  copied:
    description:
      - For O(state=returning), whether the old service goes on with the data of the cluster;
        otherwise with those of the day of the move.
    type: bool
    default: true
  since_s:
    description: For O(state=served), how long the service has run by now, in seconds.
    type: float
    default: 0.0
"""

EXAMPLES = r"""
- name: Hand the data over
  failover.cluster.adoption_switch:
    work: "{{ adoption_plan.work }}"
    state: moved
"""

RETURN = r"""
downtime_s:
  description: How long nobody was served, for O(state=served) and O(state=returned).
  returned: success
  type: float
  sample: 21.4
removed:
  description: What was removed, for O(state=confirmed).
  returned: success
  type: list
  elements: str
  sample: [/var/lib/orders.before-failover]
"""

import time
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.cluster.plugins.module_utils._adoption import state as states
from ansible_collections.failover.cluster.plugins.module_utils._adoption.places import Failed
from ansible_collections.failover.cluster.plugins.module_utils._adoption.state import State
from ansible_collections.failover.cluster.plugins.module_utils._adoption.switch import Switch
from ansible_collections.failover.cluster.plugins.module_utils._command import runner


def applied(module: AnsibleModule) -> dict[str, Any]:
    """Bring the service into the state; raises Failed."""
    work, wanted = module.params["work"], module.params["state"]
    state = State(work["service"])
    switch = Switch(work, runner(module), state)
    if wanted == "confirmed":
        return switch.confirmed()
    if wanted == "moved":
        return switch.moved()
    if wanted == "returning":
        return switch.returning(module.params["copied"])
    if wanted == "returned":
        done = switch.returned()
        return {**done, "downtime_s": round(done["returned_at"] - done["left_at"], 1)}
    seen = state.read()
    if seen.get("phase") != states.SERVED:
        took = round(time.time() - module.params["since_s"] - seen["stopped_at"], 1)
        seen = state.write(phase=states.SERVED, downtime_s=took)
        return {"changed": True, **seen}
    return {"changed": False, **seen}


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "work": {"type": "dict", "required": True},
            "state": {
                "type": "str",
                "choices": ["moved", "served", "returning", "returned", "confirmed"],
                "required": True,
            },
            "copied": {"type": "bool", "default": True},
            "since_s": {"type": "float", "default": 0.0},
        },
        supports_check_mode=True,
    )
    module.run_command_environ_update = {"LC_ALL": "C", "LANG": "C"}
    if module.check_mode:
        module.exit_json(changed=True, downtime_s=0.0, removed=[])
    try:
        done = applied(module)
    except (Failed, OSError) as failed:
        module.fail_json(msg=str(failed))
    told = {key: done[key] for key in ("downtime_s", "removed") if key in done}
    module.exit_json(changed=done["changed"], **{"downtime_s": 0.0, "removed": [], **told})


if __name__ == "__main__":
    main()
