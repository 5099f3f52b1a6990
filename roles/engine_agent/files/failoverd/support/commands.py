# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs programs that only tell something, with limits of time and output."""

from __future__ import annotations

import os
import selectors
import subprocess
import time

ENVIRONMENT = {
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    "LC_ALL": "C",
    "SYSTEMD_COLORS": "0",
    "SYSTEMD_PAGER": "cat",
}
CHUNK = 65536


class Commands:
    """They share one deadline. A command that cannot run tells why instead."""

    def __init__(self, until: float, each_s: float = 15.0, most: int = 4 << 20) -> None:
        """until: monotonic time. most: bytes of one output; the rest is dropped."""
        self._until = until
        self._each_s = each_s
        self._most = most

    def run(self, *argv: str) -> str:
        """Its output, errors included; of too much the beginning, to the end of a line."""
        left = min(self._each_s, self._until - time.monotonic())
        if left <= 0:
            return "(not asked: the time for the whole archive was over)\n"
        try:
            child = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=ENVIRONMENT,
                cwd="/",
            )
        except OSError as error:
            return f"({argv[0]} cannot run: {error.strerror})\n"
        with child:
            output, why = self._read(child, time.monotonic() + left)
            if child.poll() is None:
                child.kill()
        text = output.decode(errors="replace")
        if why:
            # A secret must not be cut in two: then its first half would not be found.
            text = text[: text.rfind("\n") + 1] + f"({why})\n"
        return text

    def _read(self, child: subprocess.Popen[bytes], until: float) -> tuple[bytes, str]:
        """The output, and why it is not all of it."""
        assert child.stdout is not None
        output = bytearray()
        with selectors.DefaultSelector() as selector:
            selector.register(child.stdout, selectors.EVENT_READ)
            while (left := until - time.monotonic()) > 0:
                if not selector.select(left):
                    break
                part = os.read(child.stdout.fileno(), CHUNK)
                if not part:
                    return bytes(output), ""
                output += part
                if len(output) > self._most:
                    return bytes(
                        output[: self._most]
                    ), f"the rest is left out after {self._most} bytes"
        return bytes(output), "it did not end in time"
