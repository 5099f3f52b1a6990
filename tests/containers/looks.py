# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking from outside whether an application serves, without asking its agent."""

from __future__ import annotations

import socket
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

ANSWER_S = 5.0


def http(url: str) -> bool:
    """A page that is a success."""
    try:
        with urllib.request.urlopen(url, timeout=ANSWER_S) as answer:
            return 200 <= int(answer.status) < 300
    except (urllib.error.URLError, OSError):
        return False


def says(expected: str, *command: str) -> bool:
    """A program that succeeds and prints this."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=ANSWER_S, check=False
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0 and expected in done.stdout


def tcp(port: int, request: bytes, expected: bytes) -> bool:
    """A server on this host that answers a request with a text that holds the expected one."""
    try:
        with socket.create_connection(("127.0.0.1", port), ANSWER_S) as connection:
            connection.settimeout(ANSWER_S)
            connection.sendall(request)
            return expected in connection.recv(4096)
    except OSError:
        return False


def mounted(directory: str, table: Path = Path("/proc/self/mountinfo")) -> bool:
    """The kernel has a mount on the directory."""
    lines = table.read_text(encoding="utf-8").splitlines()
    return any(line.split()[4] == directory for line in lines)


def content(path: str, expected: str) -> bool:
    """A file holds this line and nothing else."""
    try:
        return Path(path).read_text(encoding="utf-8").strip() == expected
    except FileNotFoundError:
        return False
