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
    the password. It still counts as unchecked, because an agent may need more than a password.
  - If the agent fails, such a BMC is asked directly, too. If it takes the password, the agent asks
    up to two times more, because IPMI runs over UDP and a busy controller may answer late. Every
    other device is asked once, because some lock the account after a few wrong passwords.
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


def by_agent(device: dict[str, Any], path: str) -> str:
    """Ask by the fence agent; return the end of a sentence or "".

    A BMC that has accepted the password is asked again: ipmitool takes a late answer for one to its
    repeated question, and its session fails. No other device is, as some lock the account.
    """
    parameters, timeout = device["parameters"], float(device["timeout_s"])
    problem = asked_once(path, parameters, timeout)
    if not problem or not _is_bmc(device["agent"], parameters):
        return problem
    refused = by_ipmi(parameters)
    if refused:
        return refused
    for _round in range(TRIES - 1):
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
        problem = ""
        if os.path.exists(path):
            problem = by_agent(device, path)
        else:
            unchecked.append(device["node"])
            if _is_bmc(device["agent"], parameters):
                problem = by_ipmi(parameters)
        if problem:
            problems.append(f"{device['where']}.nodes.{device['node']}: {problem}")
    module.exit_json(changed=False, problems=problems, unchecked=unchecked)


if __name__ == "__main__":
    main()
