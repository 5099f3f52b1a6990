# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds the users of a disk: mounts in any namespace, processes, and the kernel (F71)."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from failoverd.system import mounts

from . import namespaces, users

BLOCK = Path("/sys/dev/block")
LOOPS = Path("/sys/block")
SWAPS = Path("/proc/swaps")
EXPORTS = Path("/proc/fs/nfsd/exports")
OVERLAY = ("lowerdir=", "lowerdir+=", "datadir+=", "upperdir=", "workdir=")
Device = tuple[int, int]


@dataclass(frozen=True)
class Place:
    """A mount and its namespace; None: the namespace of this daemon."""

    mount: mounts.Mount
    namespace: namespaces.Namespace | None = None

    @property
    def where(self) -> str:
        """For people."""
        inside = f" in the mount namespace of {self.namespace.name}" if self.namespace else ""
        return f"{self.mount.path}{inside}"

    def __str__(self) -> str:
        return f"mounted at {self.where}"

    def unmount(self) -> None:
        """Raises OSError."""
        if self.namespace is None:
            mounts.unmount(self.mount.path)
        else:
            self.namespace.unmount(self.mount.path)


def number_of(path: str) -> Device:
    """The number of a block device. Raises OSError, ValueError for anything else."""
    status = Path(path).stat()
    if not stat.S_ISBLK(status.st_mode):
        raise ValueError("is not a block device")
    return os.major(status.st_rdev), os.minor(status.st_rdev)


def stack(device: Device) -> list[Device]:
    """The device, and devices of device-mapper or md on the whole of it, such as a multipath."""
    found = [device]
    waiting = [device]
    while waiting:
        lower = waiting.pop(0)
        with contextlib.suppress(OSError, ValueError):
            for holder in (BLOCK / f"{lower[0]}:{lower[1]}" / "holders").iterdir():
                major, minor = (holder / "dev").read_text(encoding="ascii").split(":")
                upper = (int(major), int(minor))
                if upper not in found:
                    found.append(upper)
                    waiting.append(upper)
    return found


def claimed(device: Device, path: str) -> bool | None:
    """Whether a file system, swap or another part of the kernel has claimed the device.

    The kernel gives a device to one claimant (O_EXCL, open(2)), and a file system keeps its claim
    while anything holds it: a mount in a hidden namespace, a file of a lazy unmount.
    None: the device cannot be opened. DRBD refuses that on a node where nobody can use it.
    """
    above = stack(device)[1:]
    if not above:
        return _refused(path)
    # A device above it has claimed the device itself.
    names = [(BLOCK / f"{major}:{minor}").resolve().name for major, minor in above]
    answers = [_refused(f"/dev/{name}") for name in names]
    if True in answers:
        return True
    return None if None in answers else False


def _refused(path: str) -> bool | None:
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_EXCL | os.O_NONBLOCK | os.O_CLOEXEC))
    except OSError as error:
        if error.errno == errno.EBUSY:
            return True
        return False if error.errno == errno.EMEDIUMTYPE else None
    return False


def here(devices: Sequence[Device], path: str) -> list[Place]:
    """The mounts of this namespace that have to go before the devices are free.

    These are their own mounts, the mounts at the path, and all mounts below one of these, in an
    order in which they can be unmounted.
    """
    table = mounts.mounted()
    return _order(_tops(table, devices, path), table, None)


def elsewhere(devices: Sequence[Device]) -> list[Place]:
    """The same of all other namespaces. A namespace that ends or cannot be entered has none."""
    found: list[Place] = []
    for namespace, table in _tables():
        if namespace is not None:
            found += _order(_tops(table, devices), table, namespace)
    return found


def overlays(bases: set[str]) -> list[Place]:
    """The overlays in any namespace that have a layer below these paths of this namespace."""
    found: list[Place] = []
    for namespace, table in _tables():
        tops = [entry for entry in table if _lies_on(entry, bases)]
        found += _order(tops, table, namespace)
    return found


def _tables() -> Iterator[tuple[namespaces.Namespace | None, list[mounts.Mount]]]:
    yield None, mounts.mounted()
    for namespace in namespaces.foreign():
        with contextlib.suppress(OSError):
            yield namespace, namespace.mounted()


def _tops(
    table: list[mounts.Mount], devices: Sequence[Device], path: str | None = None
) -> list[mounts.Mount]:
    return [entry for entry in table if entry.device in devices or entry.path == path]


def _order(
    tops: list[mounts.Mount], table: list[mounts.Mount], namespace: namespaces.Namespace | None
) -> list[Place]:
    # A mount at / of a namespace goes when its processes end.
    bases = {entry.path for entry in tops if entry.path != "/"}
    wanted = [entry for entry in table if entry in tops or below(entry.path, bases)]
    ranked = sorted(enumerate(wanted), key=lambda pair: (len(pair[1].path), pair[0]), reverse=True)
    return [Place(entry, namespace) for _index, entry in ranked]


def below(path: str, bases: Iterable[str]) -> bool:
    """Whether a path lies below one of these, or is one of them."""
    return any(path == base or path.startswith(base.rstrip("/") + "/") for base in bases)


def _lies_on(entry: mounts.Mount, bases: set[str]) -> bool:
    if entry.fstype != "overlay":
        return False
    for word in entry.options:
        for key in OVERLAY:
            if word.startswith(key):
                layers = word[len(key) :].split(":")
                if any(below(layer, bases) for layer in layers if layer):
                    return True
    return False


def by_kernel(device: Device, bases: set[str]) -> list[str]:
    """Uses of the device, or of files below these paths, by the kernel itself, for people."""
    found = [
        f"used as swap: {file}" for file in _swaps() if below(file, bases) or _is(file, device)
    ]
    for loop in sorted(LOOPS.iterdir()):
        with contextlib.suppress(OSError):
            file = (loop / "loop/backing_file").read_text(encoding="utf-8").strip()
            if below(file, bases):
                found.append(f"used by the loop device /dev/{loop.name} with {file}")
    with contextlib.suppress(OSError):
        for line in EXPORTS.read_text(encoding="utf-8").splitlines():
            shared = mounts.plain(line.split("\t")[0])
            if not line.startswith("#") and below(shared, bases):
                found.append(f"used by the NFS server, which exports {shared}")
    return found


def _swaps() -> list[str]:
    with contextlib.suppress(OSError):
        lines = SWAPS.read_text(encoding="utf-8").splitlines()[1:]
        return [mounts.plain(line.split()[0]) for line in lines]
    return []


def _is(path: str, device: Device) -> bool:
    with contextlib.suppress(OSError, ValueError):
        return number_of(path) == device
    return False


def describe(device: Device, name: str, path: str) -> str:
    """One sentence about the users of the device; empty if none is known."""
    devices = stack(device)
    mine = here(devices, path)
    held = [str(place) for place in [*mine, *elsewhere(devices)] if place.mount.device in devices]
    bases = {path, *(place.mount.path for place in mine)}
    held += [f"below the overlay {place}" for place in overlays(bases)]
    held += by_kernel(device, bases)
    programs = sorted(users.find(users.Content(device)) | users.find(users.Node(device)))
    held += [f"in use by {users.name_of(pid)}" for pid in programs]
    return f"{name} is {'; '.join(held)}" if held else ""
