# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configuration and programs are the same on both hosts: read on one, written on the other.

They travel as an archive. What the other host had there is kept in an archive of its own.
"""

from __future__ import annotations

import base64
import grp
import io
import os
import pwd
import shutil
import stat
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from . import places
from .places import Failed

MOST = 32 << 20
"""Bytes that may be sent; more than that is data and belongs onto the storage."""
BEFORE = "before.tar.gz"


def read(paths: Sequence[str], texts: Mapping[str, str], root: str = "") -> str:
    """Return an archive as base64. texts: what some of the files say instead. Raises Failed."""
    buffer, size = io.BytesIO(), 0
    # Of one content comes one archive: no time of its own.
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=6) as archive:
        for path in _all(paths, root):
            member = archive.gettarinfo(root + path, arcname=path.lstrip("/"))
            if member is None or not (member.isfile() or member.isdir() or member.issym()):
                continue
            # A second name of a file is a file of its own here.
            data = None
            if member.isfile():
                data = texts[path].encode() if path in texts else Path(root + path).read_bytes()
                member.size = len(data)
                size += member.size
            if size > MOST:
                raise Failed(
                    f"{path}: with it more than {MOST >> 20} MiB of files would be copied to the"
                    " second host. Name directories that hold data under adopt_directories."
                )
            archive.addfile(member, io.BytesIO(data) if data is not None else None)
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def _all(paths: Sequence[str], root: str) -> Iterator[str]:
    """The paths and everything below them, each once, a directory before what is in it."""
    for path in sorted(dict.fromkeys(paths)):
        real = root + path
        if not os.path.lexists(real):
            continue
        yield path
        if os.path.isdir(real) and not os.path.islink(real):
            for place, directories, files in os.walk(real):
                directories.sort()
                for name in sorted({*files, *directories}):
                    yield os.path.join(place, name)[len(root) :]


def write(
    text: str, paths: Sequence[str], home: Path, root: str = "", dry: bool = False
) -> list[str]:
    """Make these paths what the archive says; return what changed. Raises Failed.

    What is below the paths and not in the archive is removed. All of it is kept before.
    """
    with tarfile.open(fileobj=io.BytesIO(base64.b64decode(text)), mode="r:gz") as archive:
        members = {"/" + member.name: member for member in archive.getmembers()}
        for path in members:
            if ".." in path.split("/") or not any(places.within(path, top) for top in paths):
                raise Failed(f"{path}: was not asked for, and is not written.")
        here = list(_all(paths, root))
        changes = [path for path in members if not _same(archive, members[path], root + path)]
        gone = [path for path in here if path not in members]
        if dry or not (changes or gone):
            return [*changes, *gone]
        _keep(here, home / BEFORE, root)
        for path in reversed(gone):
            _remove(root + path)
        for path in changes:
            _put(archive, members[path], root + path)
    return [*changes, *gone]


def _keep(paths: Sequence[str], kept: Path, root: str) -> None:
    """Once: what was there before the first run."""
    if kept.exists():
        return
    fresh = kept.with_name(f"{kept.name}.new")
    with tarfile.open(fresh, "w:gz") as archive:
        for path in paths:
            archive.add(root + path, arcname=path.lstrip("/"), recursive=False)
    fresh.chmod(0o600)
    fresh.replace(kept)


def _owner(member: tarfile.TarInfo) -> tuple[int, int]:
    """By name, because the numbers of the hosts may differ."""
    try:
        uid = pwd.getpwnam(member.uname).pw_uid
    except KeyError:
        uid = member.uid
    try:
        gid = grp.getgrnam(member.gname).gr_gid
    except KeyError:
        gid = member.gid
    return uid, gid


def _same(archive: tarfile.TarFile, member: tarfile.TarInfo, real: str) -> bool:
    try:
        found = os.lstat(real)
    except OSError:
        return False
    if member.issym():
        return stat.S_ISLNK(found.st_mode) and os.readlink(real) == member.linkname
    kind = stat.S_ISDIR if member.isdir() else stat.S_ISREG
    if not kind(found.st_mode):
        return False
    if (stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid) != (
        member.mode & 0o7777,
        *_owner(member),
    ):
        return False
    return member.isdir() or Path(real).read_bytes() == _bytes(archive, member)


def _bytes(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(member)
    return file.read() if file is not None else b""


def _put(archive: tarfile.TarFile, member: tarfile.TarInfo, real: str) -> None:
    if os.path.lexists(real) and not (member.isdir() and os.path.isdir(real)):
        if member.isfile() and os.path.isfile(real) and not os.path.islink(real):
            pass  # It is replaced in one step.
        else:
            _remove(real)
    os.makedirs(os.path.dirname(real), exist_ok=True)
    if member.issym():
        os.symlink(member.linkname, real)
        return
    target = real if member.isdir() else real + places.COPYING
    if member.isdir():
        os.makedirs(real, exist_ok=True)
    else:
        Path(target).write_bytes(b"")
        os.chmod(target, 0o600)
        Path(target).write_bytes(_bytes(archive, member))
    os.chown(target, *_owner(member))
    os.chmod(target, member.mode & 0o7777)
    if target != real:
        os.replace(target, real)


def _remove(real: str) -> None:
    if os.path.isdir(real) and not os.path.islink(real):
        shutil.rmtree(real)
    elif os.path.lexists(real):
        os.unlink(real)
