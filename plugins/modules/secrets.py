#!/usr/bin/python
# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Keeps the secrets that the nodes of a cluster share, on the nodes only."""

from __future__ import annotations

DOCUMENTATION = r"""
module: secrets
short_description: Keeps the generated secrets of a cluster on its nodes
description:
  - Reads the secrets that a node keeps, takes over those that are given and, if asked to,
    generates those that are missing.
  - Use it with C(no_log), because it returns them.
  - A value that is not a text of 64 hexadecimal digits is reported in C(problem) and not
    returned, because it would become configuration of the other node.
version_added: 0.1.0
author: failover.cluster contributors (@failover-cluster)
extends_documentation_fragment: failover.cluster.attributes
attributes:
  check_mode: {support: full}
  diff_mode: {support: none}
  idempotent:
    support: partial
    details: With O(renew) each run makes new values.
options:
  path:
    description: File that holds them, readable by root only.
    type: path
    default: /etc/failoverd/secrets.json
  known:
    description: Secrets that are known already; they replace what the file holds.
    type: dict
    default: {}
  generate:
    description: Names of the secrets that must exist; each is 32 random bytes as hexadecimal text.
    type: list
    elements: str
    default: []
  renew:
    description:
      - Names of the secrets that get new values, whether the file holds them or not.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Read what the node keeps
  failover.cluster.secrets:
  register: kept
  no_log: true
"""

RETURN = r"""
problem:
  description: Error in the secrets that the node keeps, empty if there is none.
  returned: always
  type: str
  sample: ""
secrets:
  description: All secrets by name.
  returned: always
  type: dict
  sample: {key: "(64 hexadecimal digits)"}
"""

import json
import os
import secrets
import tempfile
from typing import Any

from ansible.module_utils.basic import AnsibleModule


def load(path: str) -> dict[str, Any]:
    """Return the secrets of a file, {} if there is none."""
    try:
        with open(path, encoding="utf-8") as handle:
            found = json.load(handle)
    except FileNotFoundError:
        return {}
    return found if isinstance(found, dict) else {}


def save(path: str, values: dict[str, Any]) -> None:
    """Replace the file at once; only root can read it at any time."""
    directory = os.path.dirname(path)
    if not os.path.isdir(directory):
        os.makedirs(directory, mode=0o700)
    descriptor, temporary = tempfile.mkstemp(dir=directory)
    with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
        json.dump(values, handle, indent=1, sort_keys=True)
        handle.flush()
        os.fsync(handle.fileno())
    os.replace(temporary, path)


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "default": "/etc/failoverd/secrets.json"},
            "known": {"type": "dict", "default": {}, "no_log": False},
            "generate": {"type": "list", "elements": "str", "default": []},
            "renew": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    path = module.params["path"]
    try:
        before = load(path)
    except (OSError, ValueError) as error:
        module.fail_json(msg=f"{path}: cannot be read: {error}")
    after = {**before, **module.params["known"]}
    for name in module.params["generate"]:
        after.setdefault(name, secrets.token_hex(32))
    after.update({name: secrets.token_hex(32) for name in module.params["renew"]})
    changed = after != before
    if changed and not module.check_mode:
        save(path, after)
    module.exit_json(changed=changed, secrets=after)


if __name__ == "__main__":
    main()
