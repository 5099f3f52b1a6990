# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which kernel a node would boot next, and which DRBD it has."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Callable, Mapping, Sequence

Run = Callable[[Sequence[str]], tuple[int, str, str]]

IMAGE = "vmlinuz-"
MENU = "grub/grub.cfg"
ENVIRONMENT = "grub/grubenv"
DEFAULT = re.compile(r'^\s*set default="([^"]*)"', re.MULTILINE)
ONCE = "${next_entry}"
ENTRY = re.compile(rf"^\s*linux\s+\S*/{IMAGE}(\S+)", re.MULTILINE)


def next_boot(running: str, boot: str = "/boot") -> list[str]:
    """Return the kernels of which one boots next: one, if the boot loader tells it.

    A machine without kernels of its own gets the same one again from where it came.
    """
    found = glob.glob(f"{glob.escape(boot)}/{IMAGE}*")
    installed = sorted(os.path.basename(path)[len(IMAGE) :] for path in found)
    if not installed:
        return [running]
    chosen = _first_of_menu(_text(f"{boot}/{MENU}"), _text(f"{boot}/{ENVIRONMENT}"))
    return [chosen] if chosen in installed else installed


def _first_of_menu(menu: str, environment: str) -> str:
    """The kernel of the first entry, if that is the one which boots; else ""."""
    defaults = set(DEFAULT.findall(menu)) - {ONCE}
    once = re.search(r"^next_entry=\S", environment, re.MULTILINE)
    first = ENTRY.search(menu)
    return first[1] if first and defaults == {"0"} and not once else ""


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as handle:
            return handle.read()
    except OSError:
        return ""


def drbd_versions(kernels: Sequence[str], run: Run) -> dict[str, str]:
    """Return the version of DRBD's module by kernel, "" for a kernel that has none."""
    tool = next((p for p in ("/usr/sbin/modinfo", "/sbin/modinfo") if os.path.exists(p)), "")
    result = {}
    for kernel in kernels:
        code, out, _err = (
            run([tool, "-k", kernel, "-F", "version", "drbd"]) if tool else (1, "", "")
        )
        result[kernel] = out.strip() if code == 0 else ""
    return result


def unfit(running: str, loaded: str, boots: Mapping[str, str]) -> str:
    """Return why a boot would harm the replication, "" if it would not.

    loaded: the DRBD that runs now. boots: the DRBD of each kernel that may boot next. Releases of
    DRBD that differ in their second number differ in their meta data.
    """
    for kernel, version in boots.items():
        if kernel == running:
            continue
        if not version:
            return (
                f"the kernel {kernel}, which boots next, has no DRBD module; the running kernel"
                f" {running} has {loaded or 'one'}. Install the module for {kernel}, or let"
                f" {running} boot"
            )
        if loaded and version.split(".")[:2] != loaded.split(".")[:2]:
            return (
                f"the kernel {kernel}, which boots next, has DRBD {version}, and {loaded} runs now."
                f" Another release of DRBD is a change of its own: let {running} boot"
            )
    return ""
