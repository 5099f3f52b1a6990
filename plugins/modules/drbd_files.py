#!/usr/bin/python
# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Writes and removes DRBD's resource files; DRBD parses the new set before it is put in place."""

from __future__ import annotations

DOCUMENTATION = r"""
module: drbd_files
short_description: Writes DRBD's resource files as a set that DRBD can parse
description:
  - One file that cannot be parsed, or a number that is used twice, takes C(drbdadm) away from every
    resource of the node. So the new set is made beside C(/etc/drbd.d) and parsed there first; if
    DRBD refuses it, nothing is changed.
  - It never writes or removes a file that it did not write itself, unless O(adopt) names its
    resource. Then it keeps that file beside the new one, with the ending C(.before-failover).
  - A backing device that is in use is not replaced by another one.
  - A resource that is retired is detached and disconnected first. One that is in use refuses that.
    Its data and metadata stay.
version_added: 0.1.0
author: failover.cluster contributors (@failover-cluster)
extends_documentation_fragment: failover.cluster.attributes
attributes:
  check_mode: {support: full}
  diff_mode: {support: none}
  idempotent: {support: full}
options:
  files:
    description: Text of the file of each resource, by the name of the resource.
    type: dict
    default: {}
  adopt:
    description: Resources of O(files) whose file may be somebody else's.
    type: list
    elements: str
    default: []
  retired:
    description: Resources that are not needed any more.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Forget the resource of a service that was removed
  failover.cluster.drbd_files:
    retired: [shop]
"""

RETURN = r"""
written:
  description: Resources whose file was written, or would be.
  returned: always
  type: list
  elements: str
  sample: [shop]
removed:
  description: Resources whose file was removed, or would be.
  returned: always
  type: list
  elements: str
  sample: [old]
"""

import os
import re
import shutil
import tempfile

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.cluster.plugins.module_utils import _drbd, _drbd_files
from ansible_collections.failover.cluster.plugins.module_utils._command import runner

MODE = 0o600
KEPT = ".before-failover"
"""DRBD reads only files that end with .res."""
SECRET = re.compile(r'\bshared-secret\s+"?([^";\s]+)')


class Files:
    """The files of one call."""

    def __init__(self, module: AnsibleModule, directory: str, main: str) -> None:
        self.module = module
        self.directory, self.main = directory, main
        self.found = _drbd_files.read(directory, main)
        texts: dict[str, str] = module.params["files"]
        self.texts = {name: text for name, text in texts.items() if self._differs(name, text)}
        self.retired = [name for name in module.params["retired"] if self._path(name) in self.found]

    def _path(self, name: str) -> str:
        return _drbd_files.path_of(name, self.directory)

    def _differs(self, name: str, text: str) -> bool:
        path = self._path(name)
        if path not in self.found:
            return True
        same = self.found[path]["digest"] == _drbd_files.parse(text)["digest"]
        return not same or os.stat(path).st_mode & 0o777 != MODE

    def foreign(self) -> None:
        """Refuse to touch what somebody else wrote."""
        for name in [*self.texts, *self.retired]:
            path = self._path(name)
            if name in self.texts and name in self.module.params["adopt"]:
                continue
            if path in self.found and not self.found[path]["ours"]:
                self.module.fail_json(
                    msg=f"{path}: was not written by failover.cluster, and is never overwritten;"
                    f" rename the service {name}, or remove the resource of that name."
                )

    def attached(self) -> None:
        """Refuse another backing device for one in use: both nodes would lose theirs at once."""
        host = os.uname().nodename
        for name, text in self.texts.items():
            path = self._path(name)
            if path not in self.found:
                continue
            with open(path, encoding="utf-8", errors="replace") as handle:
                old = _drbd_files.disk_of(handle.read(), host)
            minor = self.found[path]["minors"][0] if self.found[path]["minors"] else None
            state = _drbd.read(name, minor, runner(self.module))
            if old != _drbd_files.disk_of(text, host) and _drbd.configured(state):
                self.module.fail_json(
                    msg=f"DRBD resource {name}: {old} is in use on {host}, so it cannot become"
                    " another disk. Keep it in storage.disk; or, while the other node is UpToDate,"
                    f" detach it here (drbdadm detach {name}) and run again."
                )

    def parse(self) -> None:
        """Let DRBD read the new set where it disturbs nobody."""
        room = tempfile.mkdtemp(prefix="drbd-")
        try:
            self._copy(room)
            argv = ["drbdadm", "-c", f"{room}/drbd.conf", "dump"]
            code, _out, err = runner(self.module)(argv)
            if code != 0:
                said = " ".join(err.replace(room, os.path.dirname(self.main)).split())
                for text in self.texts.values():
                    for secret in SECRET.findall(text):
                        said = said.replace(secret, "***")
                self.module.fail_json(
                    msg=f"{self.directory}: DRBD refuses the new configuration, so nothing was"
                    f" changed: {said}"
                )
        finally:
            shutil.rmtree(room)

    def _copy(self, room: str) -> None:
        """The whole configuration as it will be; only root can read it."""
        base = f"{room}/{os.path.basename(self.directory)}"
        os.mkdir(base, 0o700)
        for name in os.listdir(self.directory):
            if os.path.isfile(f"{self.directory}/{name}"):
                shutil.copyfile(f"{self.directory}/{name}", f"{base}/{name}")
        for name in self.retired:
            os.unlink(_drbd_files.path_of(name, base))
        for name, text in self.texts.items():
            with open(_drbd_files.path_of(name, base), "w", encoding="utf-8") as handle:
                handle.write(text)
        with open(self.main, encoding="utf-8") as handle:
            main = handle.read().replace(f"{self.directory}/", f"{base}/")
        with open(f"{room}/drbd.conf", "w", encoding="utf-8") as handle:
            handle.write(main)

    def retire(self) -> None:
        """Take the resources down, then forget them."""
        for name in self.retired:
            code, out, err = runner(self.module)(["drbdadm", "down", name])
            if code != 0:
                reason = " ".join((err or out).split())
                self.module.fail_json(
                    msg=f"DRBD resource {name}: cannot be taken down, so it stays: {reason}"
                )
            os.unlink(self._path(name))

    def _keep(self, path: str) -> None:
        """Keep what somebody else wrote; what was kept first stays."""
        if path in self.found and not self.found[path]["ours"] and not os.path.exists(path + KEPT):
            os.link(path, path + KEPT)
            os.chmod(path + KEPT, MODE)

    def write(self) -> None:
        """Replace each file at once; only root can read it at any time."""
        for name, text in self.texts.items():
            self._keep(self._path(name))
            descriptor, temporary = tempfile.mkstemp(dir=self.directory, prefix=".new-")
            with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
                os.fchmod(descriptor, MODE)
                handle.write(text)
                handle.flush()
                os.fsync(descriptor)
            os.replace(temporary, self._path(name))


def main(directory: str = _drbd_files.DIRECTORY, conf: str = _drbd_files.MAIN) -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "files": {"type": "dict", "default": {}, "no_log": True},
            "adopt": {"type": "list", "elements": "str", "default": []},
            "retired": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    module.run_command_environ_update = {"LC_ALL": "C", "LANG": "C"}
    files = Files(module, directory, conf)
    files.foreign()
    files.attached()
    # In check mode an earlier task of the same run would have installed DRBD's tools.
    able = not module.check_mode or module.get_bin_path("drbdadm") is not None
    if (files.texts or files.retired) and able:
        files.parse()
    if not module.check_mode:
        files.retire()
        files.write()
    module.exit_json(
        changed=bool(files.texts or files.retired),
        written=sorted(files.texts),
        removed=sorted(files.retired),
    )


if __name__ == "__main__":
    main()
