#!/usr/bin/python
# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Replaces a configuration after a program has checked the new one."""

from __future__ import annotations

DOCUMENTATION = r"""
module: judged_files
short_description: Replaces configuration files after a program has accepted them
description:
  - >-
    The files are written into a directory of their own, and a command is given that directory. If
    the command succeeds, they replace the files in use. Refused files are never in use, not even
    for a moment, and the next run begins with the same files.
  - Files are written with mode 0600 and belong to root.
  - Use it with C(no_log) if the files hold secrets. Then it returns only the answer of the
    command.
version_added: 0.1.0
author: failover.cluster contributors (@failover-cluster)
extends_documentation_fragment: failover.cluster.attributes
attributes:
  check_mode:
    support: partial
    details: >-
      Says which files differ. Asks the command, too, where it and the directory exist, and returns
      its answer in RV(told). A refusal does not count, because a run may install first what is
      missing.
  diff_mode:
    support: none
  idempotent: {support: full}
options:
  dest:
    description: Directory of the files in use; it is created with mode 0700.
    type: path
    required: true
  files:
    description: Text of each file by its name.
    type: dict
    required: true
  judge:
    description: The command; the directory of the new files is its last argument.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Give the daemon its configuration
  failover.cluster.judged_files:
    dest: /etc/failoverd
    files: {cluster.json: "{{ configuration | to_nice_json }}"}
    judge: [/usr/sbin/failoverctl, check]
  no_log: true
"""

RETURN = r"""
written:
  description: Names of the files that were replaced.
  returned: always
  type: list
  elements: str
  sample: [cluster.json]
refused:
  description: Text of the command if it refused the files, else empty.
  returned: always
  type: str
  sample: ""
asked:
  description:
    - Whether the command was asked. It is not if no file differs; nor in check mode, if it or the
      directory is missing.
  returned: always
  type: bool
  sample: true
told:
  description: Text of the command if it accepted the files, line by line.
  returned: always
  type: list
  elements: str
  sample: [shop is stopped and started again, because of mount]
"""

import os
import shutil
import stat
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.cluster.plugins.module_utils._command import runner

NEXT = "next"


def differing(dest: str, files: dict[str, str]) -> list[str]:
    """Return the names of the files that are missing, have another text or are open to others."""
    return [
        name for name, text in sorted(files.items()) if not _same(os.path.join(dest, name), text)
    ]


def _same(path: str, text: str) -> bool:
    try:
        with open(path, "rb") as handle:
            found = os.fstat(handle.fileno())
            return handle.read() == text.encode() and (
                stat.S_IMODE(found.st_mode),
                found.st_uid,
            ) == (0o600, os.getuid())
    except OSError:
        return False


def write(path: str, text: str) -> None:
    """Write a new file that only its owner may read, and see it on the disk."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as handle:
        handle.write(text.encode())
        handle.flush()
        os.fsync(descriptor)


def askable(dest: str, judge: list[str]) -> bool:
    """Return whether a run that changes nothing can ask the command about new files."""
    return os.path.isdir(dest) and all(
        os.path.exists(word) for word in judge if os.path.isabs(word)
    )


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "dest": {"type": "path", "required": True},
            "files": {"type": "dict", "required": True},
            "judge": {"type": "list", "elements": "str", "required": True},
        },
        supports_check_mode=True,
    )
    dest, files = module.params["dest"], module.params["files"]
    for name, text in files.items():
        if "/" in name or name in ("", ".", "..", NEXT) or not isinstance(text, str):
            module.fail_json(msg=f"files.{name}: is not a file name with a text.")
    written = differing(dest, files)
    result: dict[str, Any] = {
        "changed": bool(written),
        "written": written,
        "refused": "",
        "asked": False,
        "told": [],
    }
    judge = module.params["judge"]
    if module.check_mode and not askable(dest, judge):
        module.exit_json(**result)
    # A run that changes nothing makes no directory beside the files in use either.
    candidate = os.path.join(module.tmpdir if module.check_mode else dest, NEXT)
    shutil.rmtree(candidate, ignore_errors=True)
    if not written:
        module.exit_json(**result)
    if not os.path.isdir(dest):
        os.makedirs(dest, mode=0o700)
    os.mkdir(candidate, mode=0o700)
    try:
        for name, text in files.items():
            write(os.path.join(candidate, name), text)
        code, out, err = runner(module)([*judge, candidate])
        result["asked"] = True
        if code == 0:
            result["told"] = [line.replace(candidate, dest) for line in out.splitlines()]
        elif not module.check_mode:
            refused = " ".join((err or out).split()).replace(candidate, dest)
            result.update(changed=False, written=[], refused=refused)
        if not module.check_mode:
            for name in result["written"]:
                os.replace(os.path.join(candidate, name), os.path.join(dest, name))
    finally:
        shutil.rmtree(candidate, ignore_errors=True)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
