# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every storage of a service has. The keys of each type stand in its own file (_storage/)."""

from __future__ import annotations

import re
from typing import Any

from .._problems import refuse
from .kinds import Key, Path, Text
from .reading import Scope

FILESYSTEMS = ("ext4", "xfs")
# Exactly these belong to the system; somebody's own directory may lie below.
SYSTEM = (
    "/",
    "/home",
    "/media",
    "/mnt",
    "/opt",
    "/srv",
    "/tmp",
    "/usr/local",
    "/var",
    "/var/cache",
    "/var/lib",
    "/var/local",
    "/var/opt",
    "/var/spool",
    "/var/www",
)
# Nothing below these is anybody's own.
BELOW = (
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/lost+found",
    "/proc",
    "/root",
    "/run",
    "/sbin",
    "/sys",
    "/usr/bin",
    "/usr/games",
    "/usr/include",
    "/usr/lib",
    "/usr/lib32",
    "/usr/lib64",
    "/usr/libexec",
    "/usr/libx32",
    "/usr/local/bin",
    "/usr/local/lib",
    "/usr/local/sbin",
    "/usr/sbin",
    "/usr/share",
    "/usr/src",
    "/var/backups",
    "/var/cache/apt",
    "/var/cache/debconf",
    "/var/lib/apt",
    "/var/lib/dbus",
    "/var/lib/dpkg",
    "/var/lib/failoverd",
    "/var/lib/systemd",
    "/var/lib/ucf",
    "/var/lock",
    "/var/log",
    "/var/mail",
    "/var/run",
    "/var/tmp",
)


NO_OPTIONS = {
    "ro": "the cluster writes there",
    "remount": "the daemon mounts by itself",
    "bind": "the daemon mounts a device",
    "loop": "the daemon mounts a device",
    "noauto": "it stands in no fstab",
    "_netdev": "it stands in no fstab",
    "nofail": "it stands in no fstab",
    "user": "only the daemon mounts it",
    "users": "only the daemon mounts it",
}
"""Mount options that are not the user's."""


class Disk(Path):
    """A block device in its one form, that is not a DRBD device itself."""

    def __init__(self) -> None:
        super().__init__("/dev/", "is not a backing device below /dev.")

    def read(self, where: str, value: Any, scope: Scope) -> str:
        disk = super().read(where, value, scope)
        # A volume group may be called drbdpool.
        if re.match(r"/dev/(drbd\d+$|drbd[/_]|(shm|pts|mqueue|hugepages|char|net|fd)(/|$))", disk):
            refuse(where, disk, "is not a backing device below /dev.")
        return disk

    def says(self) -> str:
        return "device below `/dev`"


class Mount(Path):
    """A directory of the service's own."""

    def read(self, where: str, value: Any, scope: Scope) -> str:
        mount = super().read(where, value, scope)
        if mount in (*SYSTEM, "/usr") or any(
            mount == one or mount.startswith(f"{one}/") for one in BELOW
        ):
            refuse(where, mount, "belongs to the system; choose a directory of its own.")
        if not re.fullmatch(r"[A-Za-z0-9/_.-]+", mount):
            refuse(where, mount, "holds other characters than letters, digits, / . _ -.")
        return mount

    def says(self) -> str:
        return "directory of its own"


class Options(Text):
    """Mount options, separated by commas."""

    OPTION = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*(=[A-Za-z0-9_.:/+-]+)?")

    def __init__(self) -> None:
        super().__init__(words="options with commas")

    def read(self, where: str, value: Any, scope: Scope) -> str:
        options = super().read(where, value, scope)
        for option in options.split(","):
            if not self.OPTION.fullmatch(option):
                refuse(where, options, "is not a list of mount options such as noatime,nodev.")
            if option in NO_OPTIONS:
                refuse(where, options, f"holds {option}; {NO_OPTIONS[option]}.")
        return options


DEVICE = Disk()
FILESYSTEM = Key(Text(FILESYSTEMS), "File system.", default="ext4")
OPTIONS = Key(Options(), "Mount options.", default="noatime")
MOUNT = Key(Mount(), "Directory where the file system is mounted.", required=True)
