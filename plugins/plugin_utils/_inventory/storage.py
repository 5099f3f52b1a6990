# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""storage of a service: a replicated disk, a shared disk, or none."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .._daemon import forms
from .._problems import refuse
from .kinds import Each, Flag, Key, Path, Read, Scope, Text, Whole

FILESYSTEMS = ("ext4", "xfs")
LOCKS = 64
"""Locks of a lock disk."""
DRBD_PORT = 7789
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


class DrbdPort(Whole):
    """A port that no service of the system has."""

    def __init__(self) -> None:
        super().__init__(1024, forms.PORTS[1])


DEVICE = Disk()
FILESYSTEM = Key(Text(FILESYSTEMS), "File system.", default="ext4")
OPTIONS = Key(Options(), "Mount options.", default="noatime")
MOUNT = Key(Mount(), "Directory where the file system is mounted.", required=True)
DRBD: Mapping[str, Key] = {
    "disk": Key(Each(DEVICE), "Backing device of each node.", required=True),
    "link": Key(Text(words="name of a link"), "Network link of the replication.", required=True),
    "mount": MOUNT,
    "filesystem": FILESYSTEM,
    "options": OPTIONS,
    "minor": Key(
        Whole(0, 255),
        "Number of the DRBD device. It belongs to the service and never changes.",
        otherwise="the one that it has, or the lowest that is free on both nodes",
    ),
    "port": Key(
        DrbdPort(),
        "TCP port of the replication.",
        otherwise=f"the one that it has, or the lowest from {DRBD_PORT} that is free on both nodes",
    ),
    "overwrite": Key(
        Flag(), "Whether what is on the disks may be overwritten at the first run.", default=False
    ),
}
SHARED: Mapping[str, Key] = {
    "disk": Key(Each(DEVICE), "Disk that both nodes see.", required=True),
    "mount": MOUNT,
    "filesystem": FILESYSTEM,
    "options": OPTIONS,
    "mmp": Key(
        Flag(),
        "Multi-mount protection of a new ext4. It adds about 22 s to a start after a crash.",
        otherwise="true for ext4",
    ),
    "lock": Key(
        Whole(1, LOCKS),
        "Number of the lock on failover_sfex. It belongs to the service and never changes.",
        otherwise="the one that it has, or the lowest that is free",
    ),
}
NONE: Mapping[str, Key] = {}
TYPES: Mapping[str, Mapping[str, Key]] = {"drbd": DRBD, "shared": SHARED, "none": NONE}


def no_storage() -> Read:
    """What a service without storage has in the place of one."""
    return Read(type="none", disk={}, link="", mount="", overwrite=False)
