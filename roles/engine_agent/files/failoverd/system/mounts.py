# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mounts and unmounts by system call, and reads the table of mounts."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from . import kernel

MOUNTINFO = "/proc/self/mountinfo"
READ_ONLY, NOSUID, NODEV, NOEXEC = 1, 2, 4, 8
FLAGS = {
    "ro": READ_ONLY,
    "nosuid": NOSUID,
    "nodev": NODEV,
    "noexec": NOEXEC,
    "sync": 16,
    "mand": 64,
    "dirsync": 128,
    "nosymfollow": 256,
    "noatime": 1024,
    "nodiratime": 2048,
    "silent": 1 << 15,
    "relatime": 1 << 21,
    "iversion": 1 << 23,
    "strictatime": 1 << 24,
    "lazytime": 1 << 25,
    # mount(8) adds the same implied options.
    "user": NOEXEC | NOSUID | NODEV,
    "users": NOEXEC | NOSUID | NODEV,
    "owner": NOSUID | NODEV,
    "group": NOSUID | NODEV,
}
CLEARED = {
    "rw": "ro",
    "suid": "nosuid",
    "dev": "nodev",
    "exec": "noexec",
    "async": "sync",
    "nomand": "mand",
    "symfollow": "nosymfollow",
    "atime": "noatime",
    "diratime": "nodiratime",
    "loud": "silent",
    "norelatime": "relatime",
    "noiversion": "iversion",
    "nostrictatime": "strictatime",
    "nolazytime": "lazytime",
}
"""Options that undo another option."""
OF_FSTAB = frozenset(
    {"defaults", "auto", "noauto", "nofail", "_netdev", "nouser", "nousers", "noowner", "nogroup"}
)
"""Options for mount(8) and systemd alone; the kernel would refuse the mount."""
OF_PROGRAMS = ("x-", "X-", "comment=", "user=", "helper=", "uhelper=")
"""Prefixes of options that programs keep in fstab for their own use."""


@dataclass(frozen=True)
class Mount:
    """One line of mountinfo. device: (major, minor). options: of mount and file system."""

    device: tuple[int, int]
    path: str
    fstype: str
    options: frozenset[str] = field(default=frozenset(), compare=False)
    number: int = field(default=0, compare=False)
    root: str = field(default="/", compare=False)
    """The directory of the file system that is mounted; for a kept namespace, its name."""


def mounted(text: str | None = None) -> list[Mount]:
    """All mounts of this mount namespace, oldest first."""
    if text is None:
        text = kernel.read(MOUNTINFO).decode("utf-8", "surrogateescape")
    result = []
    for line in text.splitlines():
        fields = line.split(" ")
        major, minor = fields[2].split(":")
        kind, _source, options = fields[fields.index("-") + 1 :][:3]
        words = frozenset([*fields[5].split(","), *options.split(",")])
        result.append(
            Mount(
                device=(int(major), int(minor)),
                path=plain(fields[4]),
                fstype=kind,
                options=words,
                number=int(fields[0]),
                root=plain(fields[3]),
            )
        )
    return result


def plain(word: str) -> str:
    """A word of the kernel's table, with its octal escapes decoded."""
    text = word.encode("utf-8", "surrogateescape").decode("unicode_escape")
    return text.encode("latin-1", "replace").decode("utf-8", "surrogateescape")


def split_options(options: str) -> tuple[int, str]:
    """The flags for the kernel, and the remaining options for the file system, as mount(8) does."""
    flags, rest = 0, []
    for word in filter(None, (word.strip() for word in options.split(","))):
        if word in FLAGS:
            flags |= FLAGS[word]
        elif word in CLEARED:
            flags &= ~FLAGS[CLEARED[word]]
        elif word not in OF_FSTAB and not word.startswith(OF_PROGRAMS):
            rest.append(word)
    return flags, ",".join(rest)


def mount(device: str, path: str, fstype: str, options: str) -> None:
    """mount(2); creates the directory if needed. Blocks during a journal replay. Raises OSError."""
    Path(path).mkdir(parents=True, exist_ok=True)
    flags, data = split_options(options)
    libc = ctypes.CDLL(None, use_errno=True)
    words: Iterable[bytes] = (device.encode(), os.fsencode(path), fstype.encode())
    if libc.mount(*words, ctypes.c_ulong(flags), data.encode() or None):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def unmount(path: str) -> None:
    """umount2(2), never lazy: on return it is unmounted. Blocks during the sync. Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    nofollow = 8
    if libc.umount2(os.fsencode(path), nofollow):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
