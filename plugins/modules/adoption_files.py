#!/usr/bin/python
# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Gives a second host the configuration and the programs of a service that is adopted."""

from __future__ import annotations

DOCUMENTATION = r"""
module: adoption_files
short_description: Reads files of one host as an archive, and writes them on another
description:
  - The configuration is that which the cluster will use, with the lines that a move changes.
  - The archive may hold keys and passwords. Use C(no_log), and keep it in no file.
version_added: 0.1.0
author: failover.cluster contributors (@failover-cluster)
extends_documentation_fragment: failover.cluster.attributes
attributes:
  check_mode: {support: full}
  diff_mode: {support: none}
  idempotent: {support: full}
options:
  work:
    description: What M(failover.cluster.adoption_plan) planned; it names the files.
    type: dict
    required: true
  archive:
    description: What is written; if it is empty, the files are read.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Read the files of the server
  failover.cluster.adoption_files:
    work: "{{ adoption_plan.work }}"
  register: adoption_read
  no_log: true
"""

RETURN = r"""
archive:
  description: The files, if they were read.
  returned: success
  type: str
  sample: H4sIAAAAAAAC
lines:
  description: The lines of the configuration that a move changes, if the files were read.
  returned: success
  type: list
  elements: str
  sample: ["/etc/postgresql/15/main/start.conf: - auto"]
written:
  description: Paths that were changed or removed, if files were written.
  returned: success
  type: list
  elements: str
  sample: [/etc/apache2/sites-available/shop.conf]
"""

import base64
import binascii
import os
import tarfile

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.cluster.plugins.module_utils._adoption import (
    edits,
    files,
    trees,
)
from ansible_collections.failover.cluster.plugins.module_utils._adoption.places import Failed
from ansible_collections.failover.cluster.plugins.module_utils._adoption.state import State


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "work": {"type": "dict", "required": True},
            "archive": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )
    work, text = module.params["work"], module.params["archive"]
    try:
        if not text:
            told = {**work, "databases": [{**o, "copy": o["new"]} for o in work["databases"]]}
            texts = edits.planned(told)
            changed = {path: after for path, (_old, after) in texts.items()}
            lines = list(edits.lines(texts))
            archive = files.read(work["files"], changed)
            module.exit_json(changed=False, archive=archive, written=[], lines=lines)
        home = State(work["service"])
        place = home.home if module.check_mode else home.make()
        base64.b64decode(text, validate=True)
        done = files.write(text, work["files"], place, dry=module.check_mode)
        links = [one for one in work["directories"] if not os.path.islink(one["old"])]
        for one in () if module.check_mode else links:
            trees.linked(one["old"], one["new"])
    except (Failed, OSError, tarfile.TarError, binascii.Error) as failed:
        module.fail_json(msg=f"{os.uname().nodename}: {failed}")
    done += [one["old"] for one in links]
    module.exit_json(changed=bool(done), archive="", written=done, lines=[])


if __name__ == "__main__":
    main()
