#!/usr/bin/python
# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lets the package sources of a node name another release of the distribution."""

from __future__ import annotations

DOCUMENTATION = r"""
module: package_release
short_description: Lets the package sources of a node name another release
description:
  - Changes the suites of the release that the node has, with their pockets such as
    C(bookworm-security), in C(/etc/apt/sources.list) and in the files of
    C(/etc/apt/sources.list.d). Comments, disabled sources and other suites stay.
  - Installs nothing, and does not read the new lists.
version_added: 0.1.0
author: failover.cluster contributors (@failover-cluster)
extends_documentation_fragment: failover.cluster.attributes
attributes:
  check_mode: {support: full}
  diff_mode: {support: none, details: A source may hold a password.}
  idempotent: {support: full}
options:
  release:
    description: Code name of the release, such as V(trixie).
    type: str
    required: true
  keep:
    description: Directory in which copies of the sources stay as they were.
    type: path
    default: /var/lib/failover/sources-before
"""

EXAMPLES = r"""
- name: Let the package sources name the next release
  failover.cluster.package_release:
    release: trixie
"""

RETURN = r"""
files:
  description: The files that were changed.
  returned: success
  type: list
  elements: str
  sample: [/etc/apt/sources.list]
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.cluster.plugins.module_utils import _release


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "release": {"type": "str", "required": True},
            "keep": {"type": "path", "default": "/var/lib/failover/sources-before"},
        },
        supports_check_mode=True,
    )
    try:
        files = _release.switch(module.params["release"], module.params["keep"], module.check_mode)
    except (OSError, RuntimeError) as error:
        module.fail_json(msg=f"{os.uname().nodename}: {error}")
    module.exit_json(changed=bool(files), files=files)


if __name__ == "__main__":
    main()
