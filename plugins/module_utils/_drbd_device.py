# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One replicated device of DRBD 8.4 on this node: its state, sizes, generations and progress."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from typing import Any

from . import _drbd, _drbd_files

Run = Callable[[Sequence[str]], tuple[int, str, str]]

DEVICE = re.compile(r"^\s*(\d+): cs:")
BEHIND = re.compile(r"\boos:(\d+)")
DONE = re.compile(r"(?:sync'ed|verified):\s*(\d+(?:\.\d+)?)%")
LEFT = re.compile(r"\bfinish:\s*(\d+):(\d\d):(\d\d)")
VERIFY_ALG = re.compile(r'\bverify-alg\s+"?([^\s";]+)"?\s*;')
GENERATIONS = re.compile(r"^([0-9A-F]{16}):([0-9A-F]{16}):([0-9A-F]{16}):([0-9A-F]{16}):", re.M)
VERIFYING = ("VerifyS", "VerifyT")


class Unusable(Exception):
    """Why the device cannot be worked on, as a sentence."""


def look(
    resource: str,
    run: Run,
    proc: str = "/proc",
    sysfs: str = "/sys",
    directory: str = _drbd_files.DIRECTORY,
) -> dict[str, Any]:
    """Return what the kernel says of a resource; changes nothing. Raises Unusable.

    state: as _drbd.read(). behind: bytes that are marked as different from the other copy.
    percent, left_s: of a resync or a verification that is under way. bytes: size of the device.
    lower, lower_bytes: what lies below it. generations: current, bitmap and two older ones.
    verify_alg: of the kernel, verify_alg_kept: of the file. mounts: where the device is mounted.
    """
    text = kernel(resource, proc)
    path = _drbd_files.path_of(resource, directory)
    minor = _drbd_files.minor_of(resource, directory)
    if minor is None:
        raise Unusable(f"{path} names no device; run the playbook site first.")
    state = _drbd.parse_proc(text, minor)
    if not _drbd.configured(state):
        raise Unusable(
            f"DRBD resource {resource}: has no disk in the kernel ({state['connection']},"
            f" {state['disk']}); look at the status of the cluster."
        )
    with open(path, encoding="utf-8") as handle:
        file = handle.read()
    lower = _drbd_files.disk_of(file, os.uname().nodename)
    shown = _must(run, ["drbdsetup", "show", resource])
    kept = VERIFY_ALG.search(file)
    found = VERIFY_ALG.search(shown)
    return {
        "minor": minor,
        "state": state,
        **progress(text, minor),
        "bytes": sectors(f"{sysfs}/class/block/drbd{minor}/size"),
        "lower": lower,
        "lower_bytes": sectors(
            f"{sysfs}/class/block/{os.path.basename(os.path.realpath(lower))}/size"
        ),
        "generations": generations(_must(run, ["drbdadm", "get-gi", resource])),
        "verify_alg": found[1] if found else "",
        "verify_alg_kept": kept[1] if kept else "",
        "mounts": _drbd.mounts(f"/dev/drbd{minor}", proc),
    }


def kernel(resource: str, proc: str = "/proc") -> str:
    """Return what the kernel says of all devices. Raises Unusable for another DRBD than 8.4."""
    try:
        with open(f"{proc}/drbd", encoding="utf-8") as handle:
            text = handle.read()
    except FileNotFoundError:
        text = ""
    if text.startswith("version: 8.4"):
        return text
    said = text.split(" (", 1)[0].strip() or "no DRBD"
    raise Unusable(
        f"DRBD resource {resource}: the kernel has {said}; this was written for version 8.4 only."
    )


def progress(text: str, minor: int) -> dict[str, Any]:
    """Return behind, percent and left_s of one device."""
    lines: list[str] = []
    mine = False
    for line in text.splitlines():
        begins = DEVICE.match(line)
        mine = int(begins[1]) == minor if begins else mine
        if mine:
            lines.append(line)
    part = "\n".join(lines)
    behind, done, left = (pattern.search(part) for pattern in (BEHIND, DONE, LEFT))
    return {
        "behind": int(behind[1]) * 1024 if behind else 0,
        "percent": float(done[1]) if done else None,
        "left_s": int(left[1]) * 3600 + int(left[2]) * 60 + int(left[3]) if left else None,
    }


def generations(text: str) -> list[str]:
    """Return the identifiers in the answer of drbdadm get-gi. Raises Unusable."""
    found = GENERATIONS.search(text)
    if found is None:
        raise Unusable(f"drbdadm get-gi says {text[:200]!r}, which has no generations.")
    return list(found.groups())


def sectors(path: str) -> int:
    """Return a size that sysfs gives in sectors, in bytes; 0 if there is none."""
    try:
        with open(path, encoding="ascii") as handle:
            return int(handle.read()) * 512
    except FileNotFoundError:
        return 0


def _must(run: Run, argv: list[str]) -> str:
    code, out, err = run(argv)
    if code != 0:
        raise Unusable(f"{' '.join(argv)} failed: {' '.join((err or out).split())}")
    return out
