# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files on the file systems of other hosts. To ask for one may hang for good: NFS, its server dead.

What a process has open is known by its path, which the kernel tells without a look at the file.
Only a file on a disk of this host is asked for its device. Another host's is on no disk here.
"""

from __future__ import annotations

from pathlib import Path

from failoverd.system import kernel, mounts

KINDS = ("nfs", "cifs", "smb", "ceph", "9p", "afs", "gluster", "lustre", "fuse", "autofs")
"""What the names of the types begin with. fuse: its server is a program, which may hang as well."""
LOCAL = ("fuseblk", "nfsd")
"""These begin like one of them. The first is a disk of this host, the second no place for files."""


class Remote:
    """For one search: the mounts of each mount namespace are read once."""

    def __init__(self) -> None:
        self._tables: dict[str, dict[str, mounts.Mount]] = {}
        """By namespace: what is mounted where, empty where nothing remote is."""

    def mount(self, process: Path, path: str) -> mounts.Mount | None:
        """The mount of another host's file system that a path is on; None if it is on this host.

        path: as this process, a directory below /proc, sees it.
        """
        table = self._table(process)
        if not table:
            return None
        place = Path(path.removesuffix(" (deleted)"))
        found = next((table[str(b)] for b in (place, *place.parents) if str(b) in table), None)
        return found if found is not None and is_remote(found.fstype) else None

    def _table(self, process: Path) -> dict[str, mounts.Mount]:
        try:
            name = str((process / "ns/mnt").readlink())
            if name not in self._tables:
                text = kernel.read(str(process / "mountinfo")).decode("utf-8", "surrogateescape")
                found = mounts.mounted(text)
                far = any(is_remote(entry.fstype) for entry in found)
                self._tables[name] = {entry.path: entry for entry in found} if far else {}
        except OSError:
            return {}
        return self._tables[name]


def is_remote(fstype: str) -> bool:
    """Whether what answers for a file system of this type is not the kernel of this host."""
    return fstype.startswith(KINDS) and fstype not in LOCAL
