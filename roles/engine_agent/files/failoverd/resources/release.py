# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Unmounts a disk everywhere on this host, so that nobody writes to it any more (F71)."""

from __future__ import annotations

import errno
from dataclasses import dataclass, field

from . import occupied, users


@dataclass
class Outcome:
    """The result of one attempt. left: who still uses the disk, empty if it is free."""

    left: str = ""
    ended: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)
    """Places other than its path where it was unmounted."""


def attempt(name: str, device: occupied.Device | None, path: str) -> Outcome:
    """Unmount everything of this device or at the path. Blocks. Raises OSError.

    Processes that keep these mounts busy are ended, and no others (F54).
    device: None if there is no such device now; then only mounts at the path are unmounted.
    """
    outcome = Outcome()
    devices = [] if device is None else occupied.stack(device)
    mine = occupied.here(devices, path)
    _clear(mine, devices, path, outcome)
    if device is not None and occupied.claimed(device, name) is not False:
        _clear_elsewhere(name, device, {path, *(p.mount.path for p in mine)}, outcome)
    left = [str(place) for place in occupied.here(devices, path)]
    if left:
        outcome.left = left[0] if device is None else occupied.describe(device, name, path)
    elif device is not None:
        outcome.left = held(name, device, path)
    return outcome


def held(name: str, device: occupied.Device, path: str) -> str:
    """Who uses the device, as far as can be known; empty if nobody does. Blocks."""
    claimed = occupied.claimed(device, name)
    if claimed is False:
        return ""
    places = [
        *occupied.here(occupied.stack(device), path),
        *occupied.elsewhere(occupied.stack(device)),
    ]
    if not claimed and not places:
        return ""
    return (
        occupied.describe(device, name, path)
        or f"{name} is in use by the kernel, and neither a mount nor a process shows why"
    )


def _clear_elsewhere(name: str, device: occupied.Device, bases: set[str], outcome: Outcome) -> None:
    devices = occupied.stack(device)
    _clear(occupied.elsewhere(devices), devices, "", outcome)
    if occupied.claimed(device, name):
        # Files of a lazily unmounted mount keep it, and no table shows them.
        for number in devices:
            outcome.ended += users.end(users.Content(number))
    if occupied.claimed(device, name):
        # Layers of an overlay keep it, too: the kernel has a mount of its own for each.
        _clear(occupied.overlays(bases), devices, "", outcome)


def _clear(
    places: list[occupied.Place], devices: list[occupied.Device], path: str, outcome: Outcome
) -> None:
    for place in places:
        inside = place.namespace is None and occupied.below(place.mount.path, [path])
        if _unmount(place, devices, outcome) and not inside:
            outcome.elsewhere.append(place.where)


def _unmount(place: occupied.Place, devices: list[occupied.Device], outcome: Outcome) -> bool:
    target: users.Target = users.Single(place.mount.number)
    if place.mount.device in devices:
        target = users.Content(place.mount.device)
    for _round in range(2):
        try:
            place.unmount()
            return True
        except OSError as error:
            if error.errno not in (errno.EBUSY, errno.EINVAL, errno.ENOENT, errno.EPERM):
                raise
            if error.errno != errno.EBUSY and not _is_root(place):
                return False
        ended = users.end(target)
        outcome.ended += ended
        if not ended:
            return False
    return False


def _is_root(place: occupied.Place) -> bool:
    """It is / of another namespace: it goes when the processes of the namespace have ended."""
    return place.namespace is not None and place.mount.path == "/"
