# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lays a pipe over /proc/sysrq-trigger; a "b" that is written there resets this container."""

import contextlib
import os
import socket
import subprocess
from pathlib import Path

PIPE = "/run/container-reset"
POWER = "/mnt/power/socket"

os.mkfifo(PIPE, 0o600)
# Without this file in the kernel of the host, nothing has to be protected.
if Path("/proc/sysrq-trigger").exists():
    subprocess.run(["mount", "--bind", PIPE, "/proc/sysrq-trigger"], check=True)
# Open for reading and writing, so that it never ends.
pipe = os.open(PIPE, os.O_RDWR)
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
    manager.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
while True:
    if b"b" not in os.read(pipe, 64):
        continue
    # The pipe must stay open in any case, or the next writer would hang.
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as power:
        power.connect(POWER)
        power.sendall(f"reset {os.uname().nodename}\n".encode())
        power.recv(64)
