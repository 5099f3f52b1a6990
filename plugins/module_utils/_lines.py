# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who else uses a serial line, an interface or a mount point of this node."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Sequence

ESCAPED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789:_.")
UNIT_DIRECTORIES = ("/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")


def consoles(path: str = "/proc/cmdline") -> list[str]:
    """Return the devices to which the kernel writes its messages, such as /dev/ttyS0."""
    with open(path, encoding="ascii", errors="replace") as handle:
        words = handle.read().split()
    names = [word[8:].partition(",")[0] for word in words if word.startswith("console=")]
    return [f"/dev/{name}" for name in names]


def readers(device: str, own: Iterable[Sequence[str]] = (), proc: str = "/proc") -> list[str]:
    """Return the names of the processes that have a device open, but for the cluster's own.

    own: how the command lines of those end.
    """
    real = os.path.realpath(device)
    found = set()
    for link in glob.glob(f"{proc}/[0-9]*/fd/*"):
        try:
            # The link alone: a file of another host that is down never answers.
            if os.readlink(link) != real:
                continue
            process = link.split("/fd/")[0]
            with open(f"{process}/cmdline", "rb") as handle:
                words = handle.read().decode(errors="replace").rstrip("\0").split("\0")
        except OSError:
            continue  # It has ended.
        if not any(end and words[-len(end) :] == list(end) for end in own):
            found.add(words[0].split(" ")[0] or "a process of the kernel")
    return sorted(found)


def serial(
    devices: Iterable[str], own: Iterable[Sequence[str]] = ()
) -> dict[str, dict[str, object]]:
    """Return for each line whether it exists, is a console, and who has it open."""
    of_kernel = {os.path.realpath(name) for name in consoles()}
    return {
        device: {
            "exists": os.path.exists(device),
            "console": os.path.realpath(device) in of_kernel,
            "name": os.path.basename(os.path.realpath(device)),
            "readers": readers(device, own),
        }
        for device in devices
    }


def kinds(sysfs: str = "/sys/class/net") -> dict[str, int]:
    """Return the hardware type of each interface as in linux/if_arp.h; 1 is Ethernet."""
    result = {}
    for name in os.listdir(sysfs):
        try:
            with open(f"{sysfs}/{name}/type", encoding="ascii") as handle:
                result[name] = int(handle.read())
        except (OSError, ValueError):
            continue
    return result


def fstab(paths: Iterable[str], table: str = "/etc/fstab") -> list[str]:
    """Return the paths that stand in fstab, however they are written there."""
    try:
        with open(table, encoding="utf-8", errors="replace") as handle:
            lines = [line.split() for line in handle if not line.lstrip().startswith("#")]
    except FileNotFoundError:
        return []
    targets = {os.path.normpath(_plain(fields[1])) for fields in lines if len(fields) > 1}
    return sorted(set(paths) & targets)


def mount_units(
    paths: Iterable[str], directories: Iterable[str] = UNIT_DIRECTORIES
) -> dict[str, str]:
    """Return the unit file that mounts a path, or mounts it on demand, for each that has one."""
    result: dict[str, str] = {}
    for path in paths:
        for kind in ("mount", "automount"):
            for directory in directories:
                file = f"{directory}/{escape(path)}.{kind}"
                # A masked one mounts nothing.
                if os.path.exists(file) and os.path.realpath(file) != "/dev/null":
                    result.setdefault(path, file)
    return result


def escape(path: str) -> str:
    """Return a path as systemd-escape --path writes it."""
    words = path.strip("/").split("/")
    return "-".join(
        "".join(
            letter
            if letter in ESCAPED and not (letter == "." and number == index == 0)
            else "".join(f"\\x{byte:02x}" for byte in letter.encode())
            for index, letter in enumerate(word)
        )
        for number, word in enumerate(words)
    )


def _plain(field: str) -> str:
    """Undo the octal escapes of fstab."""
    for octal, letter in (("\\040", " "), ("\\011", "\t"), ("\\134", "\\")):
        field = field.replace(octal, letter)
    return field
