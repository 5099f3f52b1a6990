#!/usr/bin/python
# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Asks fence devices for the power state of their nodes, and changes nothing."""

from __future__ import annotations

DOCUMENTATION = r"""
module: fence_check
short_description: Checks that fence devices answer and accept the password
description:
  - It asks each device by its fence agent with all parameters, if the agent is installed.
  - Before that, a BMC behind C(fence_ipmilan) with C(lanplus) is asked directly whether it takes
    the password. Without the agent it still counts as unchecked, because an agent may need more
    than a password.
  - A BMC that takes the password is asked by its agent up to three times, because IPMI runs over
    UDP and a busy controller may answer late. Every other device is asked once, because some lock
    the account after a few wrong passwords.
  - Use it with C(no_log), because it takes passwords; it returns none.
version_added: 0.1.0
author: failover.cluster contributors (@failover-cluster)
extends_documentation_fragment: failover.cluster.attributes
attributes:
  check_mode: {support: full}
  diff_mode: {support: none}
  idempotent: {support: full}
options:
  devices:
    description: The devices, each with C(where), C(agent), C(node), C(timeout_s), C(parameters).
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Ask the device of node2
  failover.cluster.fence_check:
    devices:
      - where: failover_fencing[0]
        agent: fence_ipmilan
        node: node2
        timeout_s: 30
        parameters: {ip: 192.168.1.22, username: admin, password: "{{ vault }}", lanplus: "1"}
  no_log: true
"""

RETURN = r"""
problems:
  description: One sentence for each device that does not answer as it should.
  returned: always
  type: list
  elements: str
  sample: ["failover_fencing[0].nodes.node2: the BMC at 192.168.1.22 refuses the password."]
unchecked:
  description: Nodes whose device was not asked, because its agent is not installed yet.
  returned: always
  type: list
  elements: str
  sample: []
"""

import os
import subprocess
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.cluster.plugins.module_utils import _ipmi

AGENTS = "/usr/sbin"
ON = 0
OFF = 2
TRIES = 3


def first(parameters: dict[str, str], *names: str) -> str:
    """Return the first of several spellings of a parameter that is given."""
    return next((str(parameters[name]) for name in names if parameters.get(name)), "")


def by_ipmi(parameters: dict[str, str]) -> str:
    """Ask a BMC directly; return the end of a sentence or ""."""
    address = first(parameters, "ip", "ipaddr")
    problem = _ipmi.check(
        address,
        first(parameters, "username", "login"),
        first(parameters, "password", "passwd"),
        int(first(parameters, "ipport") or _ipmi.PORT),
    )
    return f"the BMC at {address} {problem}" if problem else ""


def by_agent(path: str, parameters: dict[str, str], timeout: float, tries: int) -> str:
    """Ask by the fence agent, at most ``tries`` times; return the end of a sentence or ""."""
    problem = ""
    for _round in range(tries):
        problem = asked_once(path, parameters, timeout)
        if not problem:
            break
    return problem


def asked_once(path: str, parameters: dict[str, str], timeout: float) -> str:
    """Ask by the fence agent; return the end of a sentence or ""."""
    given = "".join(f"{key}={value}\n" for key, value in parameters.items()) + "action=status\n"
    try:
        done = subprocess.run(
            [path], input=given, capture_output=True, text=True, timeout=timeout, check=False
        )
    except subprocess.TimeoutExpired:
        return f"the device does not answer within {timeout:g} s."
    if done.returncode in (ON, OFF):
        return ""
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    said = lines[-1] if lines else f"exit status {done.returncode}"
    for value in parameters.values():
        if len(value) > 3:
            said = said.replace(value, "...")
    return f"the device does not tell the power state: {said}"


def _is_bmc(agent: str, parameters: dict[str, str]) -> bool:
    """A BMC whose password is known here; a script may tell it to the agent instead."""
    known = bool(first(parameters, "password", "passwd"))
    return known and agent == "fence_ipmilan" and first(parameters, "lanplus") in ("1", "true")


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={"devices": {"type": "list", "elements": "dict", "required": True}},
        supports_check_mode=True,
    )
    problems: list[str] = []
    unchecked: list[str] = []
    for device in module.params["devices"]:
        parameters: dict[str, Any] = device["parameters"]
        path = f"{AGENTS}/{device['agent']}"
        bmc = _is_bmc(device["agent"], parameters)
        problem = by_ipmi(parameters) if bmc else ""
        if not os.path.exists(path):
            unchecked.append(device["node"])
        elif not problem:
            # ipmitool takes a late answer for one to its repeated question, and its session fails.
            # Only a BMC that has accepted the password is asked again: others may lock the account.
            tries = TRIES if bmc else 1
            problem = by_agent(path, parameters, float(device["timeout_s"]), tries)
        if problem:
            problems.append(f"{device['where']}.nodes.{device['node']}: {problem}")
    module.exit_json(changed=False, problems=problems, unchecked=unchecked)


if __name__ == "__main__":
    main()
