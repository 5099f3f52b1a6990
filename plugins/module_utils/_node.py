# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a node says about itself, read without changing anything and with few processes."""

from __future__ import annotations

import grp
import json
import os
import pwd
import re
import socket
from collections.abc import Callable, Iterable, Sequence
from typing import Any

Run = Callable[[Sequence[str]], tuple[int, str, str]]


def interfaces(run: Run) -> dict[str, list[str]]:
    """Return the addresses (with prefix) of every interface; raises RuntimeError."""
    code, out, err = run(["ip", "-j", "address"])
    if code != 0:
        raise RuntimeError(f"ip -j address failed: {err.strip()}")
    return {
        entry["ifname"]: [
            f"{item['local']}/{item['prefixlen']}"
            for item in entry.get("addr_info", [])
            if "local" in item and _usable(item)
        ]
        for entry in json.loads(out)
        if entry.get("ifname")
    }


def _usable(item: dict[str, Any]) -> bool:
    """An address of the host; on a cable between two hosts it may be one of 169.254.0.0/16."""
    return item.get("scope") == "global" or (
        item.get("scope") == "link" and item.get("family") == "inet"
    )


def release() -> dict[str, str]:
    """Return id and version of the distribution."""
    values: dict[str, str] = {}
    try:
        with open("/etc/os-release", encoding="utf-8") as handle:
            for line in handle:
                key, _equals, value = line.strip().partition("=")
                values[key] = value.strip('"')
    except FileNotFoundError:
        pass
    return {"id": values.get("ID", ""), "version": values.get("VERSION_ID", "")}


def free_mib(path: str) -> int:
    """Space that is left below a path, in MiB; of its nearest parent that exists."""
    while not os.path.exists(path):
        path = os.path.dirname(path)
    found = os.statvfs(path)
    return found.f_bavail * found.f_frsize >> 20


def account(name: str) -> dict[str, int] | None:
    """Return uid and gid of an account, None if there is none."""
    try:
        found = pwd.getpwnam(name)
    except KeyError:
        return None
    return {"uid": found.pw_uid, "gid": found.pw_gid}


def taken() -> dict[str, list[int]]:
    """Return the user and group numbers below 1000 that are in use."""
    return {
        "uids": sorted({item.pw_uid for item in pwd.getpwall() if item.pw_uid < 1000}),
        "gids": sorted({item.gr_gid for item in grp.getgrall() if item.gr_gid < 1000}),
    }


def resolve(name: str) -> list[str]:
    """Return the addresses of a host name, [] when it is unknown."""
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except OSError:
        return []
    return sorted({str(item[4][0]).partition("%")[0] for item in found})


def text(path: str, pattern: str) -> str:
    """Return the first group of a pattern that a whole file has; "" if it cannot be told."""
    try:
        with open(path, encoding="utf-8", errors="replace") as handle:
            found = re.fullmatch(pattern, handle.read(65536), re.DOTALL)
    except OSError:
        return ""
    return found[1] if found is not None else ""


def mounts(paths: Iterable[str]) -> dict[str, str]:
    """Return the source of each of the paths that is a mount point."""
    wanted = set(paths)
    with open("/proc/self/mounts", encoding="utf-8") as handle:
        fields = [line.split()[:2] for line in handle]
    return {target: source for source, target in fields if target in wanted}


def drbd_version(run: Run, loaded: str = "/sys/module/drbd/version") -> str:
    """Return the version of DRBD's kernel module, loaded or not; "" when there is none."""
    try:
        with open(loaded, encoding="ascii") as handle:
            return handle.read().strip()
    except FileNotFoundError:
        pass
    tool = next((p for p in ("/usr/sbin/modinfo", "/sbin/modinfo") if os.path.exists(p)), "")
    code, out, _err = run([tool, "-F", "version", "drbd"]) if tool else (1, "", "")
    return out.strip() if code == 0 else ""


def watchdog(device: str, driver: str, run: Run, sysfs: str = "/sys") -> dict[str, Any]:
    """Return exists, loadable and identity of a watchdog without opening it, which would start it.

    loadable: the kernel has the driver that is to be loaded. identity: how the device calls
    itself, "" while it is not there.
    """
    device = device or "/dev/watchdog"
    number = os.path.basename(os.path.realpath(device))
    number = "watchdog0" if number == "watchdog" else number
    identity = ""
    try:
        with open(f"{sysfs}/class/watchdog/{number}/identity", encoding="utf-8") as handle:
            identity = handle.read().strip()
    except OSError:
        pass  # Not every driver is of the class.
    loadable = os.path.isdir(f"{sysfs}/module/{driver}") if driver else False
    if driver and not loadable:
        tool = next((p for p in ("/usr/sbin/modinfo", "/sbin/modinfo") if os.path.exists(p)), "")
        loadable = bool(tool) and run([tool, "-F", "filename", driver])[0] == 0
    return {"exists": os.path.exists(device), "loadable": loadable, "identity": identity}
