# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks who may read and write the configuration: it holds keys, and root acts on it (X9)."""

from __future__ import annotations

import os
import stat
from pathlib import Path

SECRET = ("key", "fencing.json", "notifications.json", "cluster.json")
"""cluster.json may hold a parameter of the fence device of one node."""


def problems(directory: str) -> list[str]:
    """A sentence for each file that others than root can read or change.

    The daemon starts all the same: without it nobody would decide for the services.
    """
    base = Path(directory)
    found = [_problem(base, 0o022)] + [_problem(base / name, 0o077) for name in SECRET]
    return [problem for problem in found if problem]


def _problem(path: Path, forbidden: int) -> str:
    try:
        about = path.stat()
    except OSError:
        return ""
    mode = stat.S_IMODE(about.st_mode)
    if about.st_uid not in (0, os.geteuid()):
        said, remedy = (
            f"belongs to user {about.st_uid}, who can change it",
            f"chown root:root {path}",
        )
    elif mode & forbidden & 0o022:
        said = f"others than root can change it (mode {mode:04o})"
        remedy = f"chmod go-w {path}" if forbidden == 0o022 else f"chmod 0600 {path}"
    elif mode & forbidden:
        said, remedy = f"others than root can read it (mode {mode:04o})", f"chmod 0600 {path}"
    else:
        return ""
    secret = " and replace its secret" if path.name != "cluster.json" and forbidden == 0o077 else ""
    return f"{path}: {said}: {remedy}{secret}"
