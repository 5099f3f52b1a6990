#!/usr/bin/python
# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Gives a Pacemaker cluster the parts of its CIB that belong to the collection."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pacemaker_cib
short_description: Changes the parts of a CIB that belong to the collection, and nothing else
description:
  - >-
    Compares the CIB of the running cluster with the wanted configuration, and applies the
    difference as one patch. Elements whose id does not begin with C(failover.) belong to others,
    and stay.
  - >-
    The patch fits one version of the CIB. If somebody changes the cluster at the same moment,
    nothing is applied; the module reads the CIB again and makes a new patch.
  - >-
    Before, C(crm_simulate) tells what the cluster would do. A change that stops, moves or restarts
    something that O(interrupt) does not name is refused.
  - A cluster that has resources, none of which is the collection's, is refused.
version_added: 0.1.0
author: failover.cluster contributors (@failover-cluster)
extends_documentation_fragment: failover.cluster.attributes
attributes:
  check_mode: {support: full}
  diff_mode:
    support: full
    details: Passwords are not shown, and no value of a fence device.
  idempotent: {support: full}
options:
  configuration:
    description: Text of an XML element C(configuration) with everything that is the collection's.
    type: str
    required: true
  interrupt:
    description:
      - Services that the change may stop, move or restart. What belongs to no service of the
        collection is named by itself, such as a resource of others or a node.
    type: list
    elements: str
    default: []
  leaving:
    description: Services whose stop was asked for, so that O(interrupt) is not needed for them.
    type: list
    elements: str
    default: []
  attempts:
    description: How often a patch is made while others change the cluster.
    type: int
    default: 5
"""

EXAMPLES = r"""
- name: Give the cluster its resources
  failover.cluster.pacemaker_cib:
    configuration: "{{ files['cib.xml'] }}"
  no_log: true
"""

RETURN = r"""
interrupted:
  description: What the change stops, moves or restarts, one sentence each.
  returned: always
  type: list
  elements: str
  sample: [failover.shop.address.192.168.1.10 is stopped and started again on node1]
refused:
  description:
    - In check mode, why a run would refuse the change, with the word that permits it; else empty.
  returned: always
  type: str
  sample: ""
attempts:
  description: How many patches were made.
  returned: always
  type: int
  sample: 1
"""

import os
import time
from typing import Any
from xml.etree import ElementTree as ET

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.cluster.plugins.module_utils import (
    _cib,
    _interruptions,
    _transition,
)
from ansible_collections.failover.cluster.plugins.module_utils._command import Run, runner

OLD = 103
"""How cibadmin ends when a patch is for another version."""
SECRETS = ("pass", "secret", "token", "key", "community")
"""Parts of the names of values that nobody may see."""
PAUSE_S = 0.5


class Tools:
    """The programs of Pacemaker, on the cluster or on files of this run."""

    def __init__(self, run: Run, place: str) -> None:
        self._run, self._place = run, place

    def live(self) -> str:
        """The CIB of the cluster. Raises ValueError."""
        code, out, err = self._run(["cibadmin", "--query"])
        if code != 0:
            raise ValueError(f"the cluster does not tell its CIB: {_line(err or out)}")
        return out

    def file(self, name: str, text: str) -> str:
        """Write a file that only root reads; return its path."""
        path = os.path.join(self._place, name)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as handle:
            handle.write(text)
        return path

    def verify(self, path: str) -> None:
        """Raise ValueError for a CIB that Pacemaker calls wrong."""
        code, out, err = self._run(["crm_verify", "--xml-file", path, "--verbose"])
        # The same status says that there are warnings, such as of a node that is down.
        if code != 0 and "Warnings found" not in err + out:
            raise ValueError(f"Pacemaker would refuse the configuration: {_line(err or out)}")

    def simulated(self, path: str) -> str:
        """What the cluster would do with a CIB. Raises ValueError."""
        command = ["crm_simulate", "--xml-file", path, "--simulate", "--output-as=xml"]
        code, out, err = self._run(command)
        if code != 0:
            raise ValueError(f"crm_simulate failed: {_line(err or out)}")
        return out

    def patch(self, live: str, wanted: str) -> str:
        """Make the patch, with the version that it fits. Raises ValueError."""
        code, out, err = self._run(["crm_diff", "--original", live, "--new", wanted])
        if code not in (0, 1) or not out.strip():
            raise ValueError(f"crm_diff made no patch: {_line(err or out)}")
        return self.file("patch.xml", out)

    def apply(self, patch: str) -> bool:
        """Whether the patch was applied; not if the CIB has another version. Raises ValueError."""
        code, out, err = self._run(["cibadmin", "--patch", "--xml-file", patch])
        if code == OLD:
            return False
        if code != 0:
            raise ValueError(f"the cluster refused the change: {_line(err or out)}")
        return True


def _line(text: str) -> str:
    return " ".join(text.split())[:500]


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "configuration": {"type": "str", "required": True, "no_log": True},
            "interrupt": {"type": "list", "elements": "str", "default": []},
            "leaving": {"type": "list", "elements": "str", "default": []},
            "attempts": {"type": "int", "default": 5},
        },
        supports_check_mode=True,
    )
    tools = Tools(runner(module), module.tmpdir)
    try:
        module.exit_json(**changed(module, tools))
    except (ValueError, _cib.Foreign) as error:
        module.fail_json(msg=f"The CIB was not changed: {error}")


def changed(module: Any, tools: Tools) -> dict[str, Any]:
    """Make the CIB what is wanted. Raises ValueError and Foreign."""
    wanted = _cib.parse(module.params["configuration"])
    for attempt in range(1, module.params["attempts"] + 1):
        text = tools.live()
        live = _cib.parse(text)
        after = _cib.merged(live, wanted)
        result: dict[str, Any] = {"interrupted": [], "refused": "", "attempts": attempt - 1}
        if _cib.same(live, after):
            return {**result, "changed": False}
        _cib.next_version(after)
        old = tools.file("live.xml", text)
        new = tools.file("wanted.xml", ET.tostring(after, encoding="unicode"))
        tools.verify(new)
        before = _transition.interrupted(tools.simulated(old), live)
        if module.check_mode:
            # A node that is to join is a member before the change is made.
            told = ET.tostring(_cib.without_new_nodes(after, live), encoding="unicode")
            new = tools.file("wanted.xml", told)
        found = _transition.interrupted(tools.simulated(new), after, live) - before
        result["interrupted"] = sorted(sentence for _resource, sentence in found)
        result["diff"] = {
            "before": _cib.lines(live, SECRETS),
            "after": _cib.lines(after, SECRETS) + would(result["interrupted"]),
        }
        services = _cib.services(live) | _cib.services(after)
        refused = refusal(found, services, module.params["interrupt"], module.params["leaving"])
        if module.check_mode:
            return {**result, "changed": True, "refused": refused}
        if refused:
            raise ValueError(refused)
        if tools.apply(tools.patch(old, new)):
            return {**result, "changed": True, "attempts": attempt}
        time.sleep(PAUSE_S * attempt)
    raise ValueError(
        f"others changed the cluster during each of {module.params['attempts']} attempts; run this"
        " again when they are done."
    )


def would(sentences: list[str]) -> str:
    """What the diff says of the services."""
    return "".join(f"# {sentence}\n" for sentence in sentences)


def refusal(
    found: set[tuple[str, str]], services: set[str], permitted: list[str], leaving: list[str]
) -> str:
    """Why the change may not be made, "" if all that it takes from somebody was named."""
    names = services.union(permitted, leaving)
    named = {(_cib.service_of(resource, names), sentence) for resource, sentence in found}
    strange = sorted((name, sentence) for name, sentence in named if name not in leaving)
    sentences = [f"{sentence}." for _name, sentence in strange]
    return _interruptions.refusal(sentences, [name for name, _sentence in strange], permitted)


if __name__ == "__main__":
    main()
