# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files on file systems of other hosts: with a dead NFS server, a question may hang for ever.

The kernel tells the path of an open file without a look at the file. Only a file on this host is
asked for its device. A file of another host is on no disk of this host.
"""

from __future__ import annotations

from pathlib import Path

from failoverd.system import kernel, mounts

KINDS = ("nfs", "cifs", "smb", "ceph", "9p", "afs", "gluster", "lustre", "fuse", "autofs")
"""Prefixes of the types. fuse: its server is a program, which may hang as well."""
LOCAL = ("fuseblk", "nfsd")
"""Exceptions: the first is a disk of this host, the second has no files."""


class Remote:
    """For one search: the mounts of each mount namespace are read once."""

    def __init__(self) -> None:
        self._tables: dict[str, dict[str, mounts.Mount]] = {}
        """Mounts by namespace, empty without a remote mount."""

    def mount(self, process: Path, path: str) -> mounts.Mount | None:
        """The remote mount of a path; None if the path is on this host.

        path: as seen by this process, a directory below /proc.
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
    """Whether another program than the kernel of this host serves this type of file system."""
    return fstype.startswith(KINDS) and fstype not in LOCAL
