#!/usr/bin/python
# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Keeps the cluster's own table of nftables."""

from __future__ import annotations

DOCUMENTATION = r"""
module: firewall
short_description: Keeps the table of nftables that is the cluster's own
description:
  - The table C(inet failover_cluster) lets the packets of the cluster in, and drops what others
    send to the same ports.
  - It never touches a rule of another table. What another table drops stays dropped; RV(blocking)
    names those chains. For them, O(directory) holds a file to include.
version_added: 0.1.0
author: failover.cluster contributors (@failover-cluster)
extends_documentation_fragment: failover.cluster.attributes
attributes:
  check_mode: {support: full}
  diff_mode: {support: full}
  idempotent: {support: full}
options:
  state:
    description: Whether the table is to be there.
    type: str
    choices: [present, absent]
    default: present
  accept:
    description: Rules for what has to come in, each with a comment that begins with its maker.
    type: list
    elements: str
    default: []
  guard:
    description: Rules for what is dropped.
    type: list
    elements: str
    default: []
  former:
    description:
      - Whether rules of O(accept) that are in the file, but not wanted any more, stay for now.
      - While a cluster changes its addresses, its daemons use the old ones until they restart.
    type: bool
    default: false
  directory:
    description: Directory of the files.
    type: path
    default: /etc/failover-firewall
"""

EXAMPLES = r"""
- name: Let the packets of the cluster in
  failover.cluster.firewall:
    accept: ['tcp dport 80 accept comment "failover.cluster: apache of shop"']
"""

RETURN = r"""
blocking:
  description:
    - Chains of other tables that drop what they do not accept, and do not include the file
      C(accept.nft).
  returned: success
  type: list
  elements: str
  sample: [inet filter input]
"""

import os
import tempfile

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.cluster.plugins.module_utils import _nft
from ansible_collections.failover.cluster.plugins.module_utils._command import Run, runner

NFT = "/usr/sbin/nft"
FILES = ("table.nft", "accept.nft")


class Firewall:
    """The files and the table of one call."""

    def __init__(self, run: Run, directory: str, dry: bool) -> None:
        self._run = run
        self._directory = directory
        self._dry = dry
        self.changed = False
        self.before: dict[str, str] = {}
        self.after: dict[str, str] = {}

    def present(self, accept: list[str], guard: list[str], former: bool) -> None:
        """Bring files and table into their state; raises OSError, RuntimeError."""
        before = {name: _text(self._path(name)) for name in FILES}
        if former:
            accept = accept + [r for r in _nft.accepted(before["table.nft"]) if r not in accept]
        after = {"table.nft": _nft.table(accept, guard), "accept.nft": _nft.chain(accept)}
        self.before, self.after = before, after
        if before != after:
            self.changed = True
            self._check(after["table.nft"])
            for name, text in after.items():
                self._write(name, text)
        if _nft.comment(self._listed()) != _nft.comment(after["table.nft"]):
            self.changed = True
            if not self._dry:
                self._must("-f", self._path("table.nft"))

    def absent(self) -> None:
        """Remove the table and the files; raises OSError, RuntimeError."""
        self.before = {name: _text(self._path(name)) for name in FILES}
        self.after = dict.fromkeys(FILES, "")
        if self._listed():
            self.changed = True
            if not self._dry:
                self._must("delete", "table", *_nft.TABLE.split())
        for name in FILES:
            if os.path.exists(self._path(name)):
                self.changed = True
                if not self._dry:
                    os.unlink(self._path(name))
        if os.path.isdir(self._directory) and not self._dry and not os.listdir(self._directory):
            os.rmdir(self._directory)

    def blocking(self) -> list[str]:
        """Chains of others that drop the packets all the same."""
        code, out, _err = self._run([NFT, "-j", "list", "ruleset"])
        return _nft.blocking(out) if code == 0 else []

    def _listed(self) -> str:
        """The table as the kernel has it, "" if it has none."""
        if not os.path.exists(NFT):
            return ""  # Check mode, before the package is installed; or it is gone.
        code, out, _err = self._run([NFT, "list", "table", *_nft.TABLE.split()])
        return out if code == 0 else ""

    def _check(self, text: str) -> None:
        """Let nft judge the file before anything is replaced."""
        if not os.path.exists(NFT):
            return
        with tempfile.NamedTemporaryFile("w", suffix=".nft") as file:
            file.write(text)
            file.flush()
            self._must("-c", "-f", file.name)

    def _must(self, *words: str) -> None:
        code, out, err = self._run([NFT, *words])
        if code != 0:
            raise RuntimeError(f"nft {words[0]}: {' '.join((err or out).split())[:300]}")

    def _path(self, name: str) -> str:
        return os.path.join(self._directory, name)

    def _write(self, name: str, text: str) -> None:
        if self._dry:
            return
        os.makedirs(self._directory, mode=0o755, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=self._directory, prefix=".new-")
        with os.fdopen(descriptor, "w") as handle:
            os.fchmod(descriptor, 0o644)
            handle.write(text)
            handle.flush()
            os.fsync(descriptor)
        os.replace(temporary, self._path(name))


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as handle:
            return handle.read()
    except FileNotFoundError:
        return ""


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "accept": {"type": "list", "elements": "str", "default": []},
            "guard": {"type": "list", "elements": "str", "default": []},
            "former": {"type": "bool", "default": False},
            "directory": {"type": "path", "default": "/etc/failover-firewall"},
        },
        supports_check_mode=True,
    )
    given = module.params
    firewall = Firewall(runner(module), given["directory"], module.check_mode)
    blocking: list[str] = []
    try:
        if given["state"] == "absent":
            firewall.absent()
        else:
            firewall.present(given["accept"], given["guard"], given["former"])
            blocking = firewall.blocking() if os.path.exists(NFT) else []
    except (OSError, RuntimeError) as error:
        module.fail_json(msg=f"firewall: {given['directory']}: the table was not changed: {error}.")
    for chain in blocking:
        module.warn(
            f"firewall: {chain} drops what it does not accept, and no rule of another table can"
            f' change that; put the line include "{given["directory"]}/accept.nft" into that chain,'
            " or open the ports there."
        )
    diff = [
        {"before_header": name, "after_header": name, "before": text, "after": firewall.after[name]}
        for name, text in firewall.before.items()
    ]
    module.exit_json(changed=firewall.changed, blocking=blocking, diff=diff)


if __name__ == "__main__":
    main()
