#!/usr/bin/python
# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Proves with which keys of the heartbeats the engine runs on a node."""

from __future__ import annotations

DOCUMENTATION = r"""
module: heartbeat_keys
short_description: Proves with which keys of the heartbeats the engine runs
description:
  - Asks the engine of this node, and compares what its files hold.
  - Fails unless the engine hears every other node, or that node is in O(dead).
  - Neither reads nor returns a key of another node. A key is told by its mark, which travels with
    every heartbeat and is no secret.
version_added: 0.1.0
author: failover.cluster contributors (@failover-cluster)
extends_documentation_fragment: failover.cluster.attributes
attributes:
  check_mode: {support: full}
  diff_mode: {support: none}
  idempotent: {support: full}
options:
  expected:
    description:
      - Marks of the keys that the engine and its files must have, in their order. The first one
        signs.
      - Without it any keys are good.
    type: list
    elements: str
  dead:
    description: Nodes that need not be heard, because their machines are dead.
    type: list
    elements: str
    default: []
  wait_s:
    description: How long to wait for that, in seconds.
    type: int
    default: 0
"""

EXAMPLES = r"""
- name: With which keys does it run?
  failover.cluster.heartbeat_keys:
  register: answer
"""

RETURN = r"""
marks:
  description: Marks of the keys that the engine runs with. The first one signs.
  returned: success
  type: list
  elements: str
  sample: [0f3ca711]
"""

import time
from collections.abc import Collection, Iterator
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.cluster.plugins.module_utils import _engines
from ansible_collections.failover.cluster.plugins.module_utils._command import runner

POLL_S = 0.5


def problems(
    status: dict[str, Any],
    places: dict[str, list[str]],
    expected: list[str] | None,
    dead: Collection[str] = (),
) -> Iterator[str]:
    """Say why the node is not where it has to be, one sentence each."""
    node = status["node"]
    for silent in (one for one in status["silent"] if one not in dead):
        yield f"{node}: does not hear {silent}, which has to get the key, too."
    for place, found in places.items():
        if expected is not None and found != expected:
            yield (
                f"{node}: {place} has the keys {_shown(found)}, not {_shown(expected)}; look at the"
                " status of the cluster, and run this again."
            )


def _shown(marks: list[str]) -> str:
    return " and ".join(marks) or "of no known form"


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "expected": {"type": "list", "elements": "str", "no_log": False},
            "dead": {"type": "list", "elements": "str", "default": []},
            "wait_s": {"type": "int", "default": 0},
        },
        supports_check_mode=True,
    )
    run, began = runner(module), time.monotonic()
    while True:
        found, places = _look(run, module.params["expected"], module.params["dead"])
        if not found or time.monotonic() - began > module.params["wait_s"]:
            break
        time.sleep(POLL_S)
    if found:
        module.fail_json(msg=" ".join(found))
    module.exit_json(changed=False, marks=next(iter(places.values())))


def _look(
    run: Any, expected: list[str] | None, dead: list[str]
) -> tuple[list[str], dict[str, list[str]]]:
    engine = _engines.here()
    status = engine.status(run) if engine else {}
    if not engine or not status:
        return [_engines.NOT_RUNNING], {}
    try:
        places = engine.keys(run)
    except _engines.Refused as error:
        return [f"{status['node']}: {error}"], {}
    return list(problems(status, places, expected, dead)), places


if __name__ == "__main__":
    main()
