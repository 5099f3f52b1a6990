# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules that open and close a service's filesystem have in common."""

from __future__ import annotations

import os

from ansible.module_utils.basic import AnsibleModule

from . import _engines
from ._command import runner

OPTIONS = {"ext4": ("-m", "0")}
"""No blocks for root alone: the cluster keeps a reserve, and gives it up to every account (F91)."""

JOURNAL_FROM = 32 << 30
"""From this size on mke2fs makes a journal of 256 MiB to 1 GiB. A mount after a crash replays it,
and a takeover waits for that: at the worst 1.4 s with 1 GiB, 0.35 s with 128 MiB."""
JOURNAL = ("-J", "size=128")


class Filesystem:
    """The filesystem of one service on this node."""

    def __init__(self, module: AnsibleModule) -> None:
        self.module = module
        self.params = module.params
        module.run_command_environ_update = {"LC_ALL": "C", "LANG": "C"}
        if self.service in _engines.services():
            self.fail(f"the cluster manages service {self.service}, and its filesystem with it.")

    @property
    def service(self) -> str:
        """Whose filesystem it is."""
        return str(self.params["service"])

    @property
    def device(self) -> str:
        """What is mounted."""
        return str(self.params["device"])

    def open(self) -> bool:
        """Format if empty, mount; return whether it was, or would be, formatted."""
        raise NotImplementedError

    def close(self) -> None:
        """Unmount, and give the device back."""
        raise NotImplementedError

    def apply(self) -> None:
        """Do what ``state`` says, and end the module."""
        formatted = False
        if self.params["state"] == "opened":
            formatted = self.open()
        else:
            self.close()
        self.module.exit_json(changed=formatted, formatted=formatted)

    def fail(self, reason: str) -> None:
        """End with one sentence."""
        self.module.fail_json(msg=f"{self.params['path']}: {reason}")

    def must(self, argv: list[str]) -> None:
        """Run a command that must succeed."""
        code, out, err = runner(self.module)(argv)
        if code != 0:
            self.fail(f"{argv[0]} failed: {' '.join((err or out).split())}")

    def mounted(self) -> bool:
        """Whether the right device is mounted; a strange one is refused."""
        device = os.path.realpath(self.device)
        with open("/proc/self/mounts", encoding="utf-8") as mounts:
            for line in mounts:
                source, target = line.split()[:2]
                if target == self.params["path"]:
                    if os.path.realpath(source) != device:
                        self.fail(f"{source} is mounted there, not {self.device}.")
                    return True
        return False

    def make(self, *options: str) -> None:
        """Write an empty filesystem."""
        kind = self.params["filesystem"]
        journal = JOURNAL if kind == "ext4" and self._size() >= JOURNAL_FROM else ()
        self.must([f"mkfs.{kind}", "-q", *OPTIONS.get(kind, ()), *journal, *options, self.device])

    def _size(self) -> int:
        """Of the device, in bytes."""
        with open(self.device, "rb") as device:
            return device.seek(0, os.SEEK_END)

    def mount(self) -> None:
        """Mount it."""
        path, options = self.params["path"], self.params["options"]
        os.makedirs(path, mode=0o755, exist_ok=True)
        self.must(["mount", "-t", self.params["filesystem"], "-o", options, self.device, path])
