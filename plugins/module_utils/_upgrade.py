# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an upgrade of a node's packages would change, and why the node has to boot afterwards."""

from __future__ import annotations

import fcntl
import glob
import os
import re
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

Run = Callable[[Sequence[str]], tuple[int, str, str]]

SIMULATE = ("apt-get", "-s", "-q", "-o", "Debug::NoLocking=1")
SCOPES: dict[str, tuple[str, ...]] = {
    "safe": ("upgrade", "--with-new-pkgs"),
    "full": ("dist-upgrade",),
    "cluster": ("install", "--only-upgrade"),
    "none": (),
}
"""What each choice of packages asks apt for; cluster: the packages that the cluster needs."""
LINE = re.compile(r"(?P<what>Inst|Remv) (?P<name>\S+)(?: \[(?P<had>[^]]*)\])?(?: \((?P<new>\S+))?")
LOCK = "/var/lib/dpkg/lock-frontend"
"""What apt and dpkg hold while they install something."""
POLL_S = 1.0
REQUIRED = "/run/reboot-required"
PLACES = ("/usr/", "/lib", "/bin/", "/sbin/")
GONE = " (deleted)"


def pending(
    scope: str, names: Iterable[str], run: Run, options: Sequence[str] = ()
) -> list[dict[str, str]]:
    """Return what apt would install or remove: name, and its version before and after, or "".

    options: more words for apt. Raises RuntimeError when apt cannot tell.
    """
    words = SCOPES[scope]
    wanted = sorted(names) if scope == "cluster" else []
    if not words or (scope == "cluster" and not wanted):
        return []
    code, out, err = run(["/usr/bin/env", "LC_ALL=C", *SIMULATE, *options, *words, *wanted])
    if code != 0:
        raise RuntimeError(f"apt-get {' '.join(words)} cannot be planned: {_one_line(err or out)}")
    return parse(out)


def parse(text: str) -> list[dict[str, str]]:
    """Return what the lines of a simulation say."""
    found = [LINE.match(line) for line in text.splitlines()]
    return [
        {
            "name": match["name"],
            "before": match["had"] or "",
            "after": (match["new"] or "") if match["what"] == "Inst" else "",
        }
        for match in found
        if match is not None
    ]


def outdated(proc: str = "/proc") -> list[str]:
    """Return the names of the processes that run with programs or libraries that were replaced."""
    names = set()
    for directory in glob.glob(f"{proc}/[0-9]*"):
        try:
            if _replaced(directory):
                with open(f"{directory}/comm", encoding="utf-8", errors="replace") as handle:
                    names.add(handle.read().strip())
        except OSError:
            continue  # It has ended.
    return sorted(names)


def _replaced(directory: str) -> bool:
    with open(f"{directory}/maps", encoding="utf-8", errors="replace") as handle:
        return any(_gone(line.rstrip("\n").split(None, 5)) for line in handle)


def _gone(fields: Sequence[str]) -> bool:
    """Whether a mapping executes a file of the system that is not there any more."""
    if len(fields) < 6 or "x" not in fields[1]:
        return False
    return fields[5].startswith(PLACES) and fields[5].endswith(GONE)


def reasons(
    running: str, boots: Sequence[str], required: bool, old: Sequence[str], release: str = ""
) -> list[str]:
    """Return why a node has to boot before it runs what is installed.

    release: that which it is about to get.
    """
    result = [f"it gets {release}"] if release else []
    newest = max(boots, key=_order)
    if newest != running:
        result.append(f"the kernel {newest} is installed, and {running} runs")
    if required:
        result.append(f"a package asks for it ({REQUIRED})")
    if old:
        shown = ", ".join(old[:5]) + (" and others" if len(old) > 5 else "")
        result.append(f"programs run with files that were replaced: {shown}")
    return result


def idle(wait_s: float, path: str = LOCK) -> bool:
    """Wait until nobody installs anything; return whether that has come about."""
    until = time.monotonic() + wait_s
    while True:
        try:
            with open(path, "a", encoding="ascii") as handle:
                fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except FileNotFoundError:
            return True
        except OSError:
            if time.monotonic() > until:
                return False
        time.sleep(POLL_S)


def _order(kernel: str) -> list[tuple[int, str]]:
    """Compares releases of kernels number by number."""
    parts = re.findall(r"\d+|[^\d.-]+", kernel)
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]


def asked_for(path: str = REQUIRED) -> bool:
    """Whether a package asks for a boot."""
    return os.path.exists(path)


def summary(changes: Sequence[dict[str, Any]]) -> str:
    """Return what would be changed, in a few words."""
    names = [change["name"] for change in changes if change["after"]]
    gone = [change["name"] for change in changes if not change["after"]]
    shown = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
    said = f"{len(names)} packages ({shown})" if names else "no package"
    return f"{said}; apt removes {', '.join(gone)}" if gone else said


def _one_line(text: str) -> str:
    return " ".join(text.split())[-300:]
