# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Resets this node at once and without a sync, because it may have lost its right to write.

The journal of the file system repairs the disk afterwards, exactly as after a power cut.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from failoverd.system.files import read_bytes, write_whole

SYSRQ = "/proc/sysrq-trigger"
KMSG = "/dev/kmsg"
RESTART = 0x01234567
"""LINUX_REBOOT_CMD_RESTART of reboot(2)."""
NOTE_S = 0.1
"""Longest wait for the reason to reach the disk. The disk may be what hangs."""


def _reboot() -> None:
    """The kernel's restart: quick, but every driver is asked first."""
    ctypes.CDLL(None, use_errno=True).reboot(ctypes.c_int(RESTART))


class SelfFence:
    """Tries three ways in this order: sysrq, reboot(2), and a watchdog that nobody pets."""

    def __init__(
        self,
        note: Path,
        alert: Callable[[str, str], None],
        surrender: Callable[[], None],
        sysrq: str = SYSRQ,
        reboot: Callable[[], None] | None = None,
    ) -> None:
        self._note = note
        self._alert = alert
        self._surrender = surrender
        self._sysrq = sysrq
        # With another file, as in tests, this machine must not be reset.
        self._reboot = reboot or (_reboot if sysrq == SYSRQ else lambda: None)
        self.done = False

    def reset(self, why: str) -> None:
        """Reset the node now. Returns only if the kernel refuses, or in a test."""
        self._surrender()
        if self.done:
            return
        self.done = True
        self._say(why)
        try:
            fd = os.open(self._sysrq, os.O_WRONLY | os.O_CLOEXEC)
            os.write(fd, b"b")
            os.close(fd)
        except OSError as error:
            # The second way may hang in a driver. The daemon must go on without petting.
            threading.Thread(target=self._reboot, daemon=True).start()
            self._alert("self-reset", f"{self._sysrq}: {error.strerror}; trying reboot(2)")
        self._alert("self-reset", f"this node resets itself: {why}")

    def _say(self, why: str) -> None:
        line = f"failoverd: resetting this node: {why}"
        with contextlib.suppress(OSError):
            # Goes to the console and to collectors of kernel messages; never waits for a disk.
            fd = os.open(KMSG, os.O_WRONLY | os.O_CLOEXEC | os.O_NONBLOCK)
            # The kernel takes a line as a whole or not at all.
            os.write(fd, line.encode(errors="backslashreplace")[:900])
            os.close(fd)
        writer = threading.Thread(target=self._keep, args=(why,), daemon=True)
        writer.start()
        writer.join(NOTE_S)

    def _keep(self, why: str) -> None:
        with contextlib.suppress(OSError):
            stamp = time.strftime("%Y-%m-%d %H:%M:%S %z")
            write_whole(self._note, f"{stamp}: {why}\n", durable=True)


def last_reset(note: Path) -> str:
    """Why this node reset itself before this boot, empty if it did not; returned once."""
    try:
        text = read_bytes(note).decode(errors="replace").strip()
        note.unlink()
    except OSError:
        return ""
    return text
