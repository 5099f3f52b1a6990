#!/usr/bin/python
# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Has a node write an archive for whoever looks for a fault."""

from __future__ import annotations

DOCUMENTATION = r"""
module: support
short_description: Writes an archive of a node for whoever looks for a fault
description:
  - The archive holds the journals, the history, the state, the configuration, versions and logs.
  - The secrets that the node knows, and what looks like one, are taken out.
  - The archive of the run before is replaced.
version_added: 0.1.0
author: failover.cluster contributors (@failover-cluster)
extends_documentation_fragment: failover.cluster.attributes
attributes:
  check_mode: {support: full}
  diff_mode: {support: none}
  idempotent:
    support: none
    details: Each run writes a new archive.
"""

EXAMPLES = r"""
- name: Write the archive
  failover.cluster.support:
  register: archive
"""

RETURN = r"""
path:
  description: The archive on the node, for root alone.
  returned: success, but not in check mode
  type: str
  sample: /var/lib/failoverd/support/support.tar.gz
bytes:
  description: Its size.
  returned: success, but not in check mode
  type: int
  sample: 912345
left_out:
  description: Files for which there was no room.
  returned: success, but not in check mode
  type: list
  elements: str
  sample: []
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.cluster.plugins.module_utils import _engines
from ansible_collections.failover.cluster.plugins.module_utils._command import runner


def main() -> None:
    """Entry point."""
    module = AnsibleModule(argument_spec={}, supports_check_mode=True)
    engine = _engines.here()
    if not engine:
        module.fail_json(msg=_engines.NOT_RUNNING)
    if module.check_mode:
        module.exit_json(changed=True)
    try:
        told = engine.support(runner(module))
    except _engines.Refused as refused:
        module.fail_json(msg=f"no archive was written: {refused}")
    module.exit_json(changed=True, **{name: told[name] for name in ("path", "bytes", "left_out")})


if __name__ == "__main__":
    main()
