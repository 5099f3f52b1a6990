# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the things of an adopted service lie: before, meanwhile, and afterwards."""

from __future__ import annotations

import os

HOME = "/var/lib/failover/adopted"
"""What a node remembers of the services that were adopted."""
KEPT = ".before-failover"
"""Behind the name of what was there before, until somebody confirms that it may go."""
COPYING = ".copying"
"""Behind the name of a copy that is not whole yet."""


class Failed(Exception):
    """Nothing more can be done. The text says what happened, and what to do."""


def new(mount: str, path: str) -> str:
    """Where the content of a path lies on the storage: below its mount point, by its old name."""
    return mount.rstrip("/") + path


def within(path: str, directory: str) -> bool:
    """Whether a path is the directory or lies in it."""
    return path == directory or path.startswith(directory.rstrip("/") + "/")


def parents(path: str, top: str) -> None:
    """Make the directories above a path; top has to be there."""
    if not os.path.isdir(top):
        raise Failed(f"{top}: is not there; the file system of the service is not mounted.")
    above = os.path.dirname(path)
    if not os.path.isdir(above):
        os.makedirs(above, mode=0o755)
