# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the configuration files of DRBD on this node say, without asking any of its tools."""

from __future__ import annotations

import glob
import hashlib
import os
import re
from typing import Any

DIRECTORY = "/etc/drbd.d"
MAIN = "/etc/drbd.conf"
HEADER = "# Written by failover.cluster;"
"""The first line of a file of ours begins so; any other file is somebody else's."""

# A quoted word, or a comment; a # inside quotes begins none.
_QUOTED = re.compile(r'"(?:\\.|[^"\\])*"|#[^\n]*')
_MINOR = re.compile(r"\bminor\s+(\d{1,7})\b|/dev/drbd(\d{1,7})\b")
_SHA1 = re.compile(r"\bcram-hmac-alg\s+sha1\s*;")
_RESOURCE = re.compile(r"\bresource\s+([A-Za-z0-9_.-]{1,64})\s*\{")
_PORT = re.compile(r"\baddress\s[^;]*?:(\d{1,5})\s*;")


def parse(text: str) -> dict[str, Any]:
    """Return whose file it is, and which resources, minors and ports stand in it."""
    bare = _QUOTED.sub(lambda found: "" if found[0][0] == "#" else found[0][1:-1], text)
    return {
        "ours": text.startswith(HEADER),
        "minors": sorted({int(one or other) for one, other in _MINOR.findall(bare)}),
        "ports": sorted({int(port) for port in _PORT.findall(bare)}),
        "digest": hashlib.sha256(text.encode()).hexdigest(),
        "fencing": "resource-and-stonith" in bare,
        "sha1": _SHA1.search(bare) is not None,
        "resources": sorted(set(_RESOURCE.findall(bare))),
    }


def read(directory: str = DIRECTORY, main: str = MAIN) -> dict[str, dict[str, Any]]:
    """Return what each file says by its path; a file that cannot be read is left out."""
    result = {}
    for path in sorted([*glob.glob(f"{glob.escape(directory)}/*.res"), main]):
        try:
            with open(path, encoding="utf-8", errors="replace") as handle:
                result[path] = parse(handle.read())
        except FileNotFoundError:
            continue
    return result


def path_of(name: str, directory: str = DIRECTORY) -> str:
    """The file of one of our resources."""
    return f"{directory}/{name}.res"


def minor_of(name: str, directory: str = DIRECTORY) -> int | None:
    """The minor that the file of a resource of ours gives it, None if there is no such file."""
    found = read(directory, path_of(name, directory)).get(path_of(name, directory))
    return found["minors"][0] if found is not None and found["minors"] else None


def disk_of(text: str, host: str) -> str:
    """The backing device that a file of ours gives a host, "" for none."""
    found = re.search(
        rf'\bon\s+"?{re.escape(host)}"?\s*{{.*?\bdisk\s+"?([^";{{]+?)"?\s*;', text, re.S
    )
    return found[1] if found is not None else ""


def kernel_minors(sysfs: str = "/sys") -> list[int]:
    """The minors that the kernel has, whoever configured them."""
    names = (os.path.basename(path) for path in glob.glob(f"{sysfs}/class/block/drbd*"))
    return sorted(int(name[4:]) for name in names if name[4:].isdigit())


def listening(proc: str = "/proc") -> list[int]:
    """The TCP ports on which anybody listens."""
    ports = set()
    for table in ("tcp", "tcp6"):
        try:
            with open(f"{proc}/net/{table}", encoding="ascii") as handle:
                lines = handle.read().splitlines()[1:]
        except FileNotFoundError:
            continue
        for line in lines:
            fields = line.split()
            if fields[3] == "0A":
                ports.add(int(fields[1].rpartition(":")[2], 16))
    return sorted(ports)
