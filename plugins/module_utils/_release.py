# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Another release of the distribution: the package sources, and what apt would make of them.

Nothing of the node changes before ``switch``: apt is asked with copies of the sources and of its
lists, which are removed afterwards.
"""

from __future__ import annotations

import contextlib
import glob
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from . import _upgrade

Run = Callable[[Sequence[str]], tuple[int, str, str]]

NEXT = {"bookworm": "trixie"}
"""To which release a node can go from which."""
MOVING = re.compile(r"(?:old)*stable(?:[-/].*)?|(?:testing|unstable)(?:[-/].*)?")
"""Names that mean another release as time goes by."""
SYSTEM = "base-files"
"""The package that says which release a node has. It is part of every one."""
WORK = "/var/tmp"
APT = "/etc/apt"
LINE = re.compile(
    r"(?P<head>\s*deb(?:-src)?\s+(?:\[[^\]]*\]\s*)?\S+\s+)(?P<suites>\S+)(?P<rest>.*)"
)
FIELD = re.compile(r"(?P<head>(?i:suites):)(?P<suites>.*)")
SIZES = (
    ("download", re.compile(r"Need to get (?:\S+ \S+/)?(?P<size>[\d.,]+) (?P<unit>[kMGT]?)B of")),
    (
        "room",
        re.compile(r"After this operation, (?P<size>[\d.,]+) (?P<unit>[kMGT]?)B of additional"),
    ),
)
UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
BOOT_BYTES = 200 * 10**6
"""What another kernel and its initial file system take, where /boot is a disk of its own."""


@dataclass(frozen=True)
class Source:
    """A file of package sources, as it is and as it would be."""

    path: str
    text: str
    becomes: str
    suites: tuple[str, ...]
    """The suites that it names and that are not those of the present release."""

    @property
    def changes(self) -> bool:
        """Whether it names the present release."""
        return self.text != self.becomes


def codename(path: str = "/etc/os-release") -> str:
    """The release that this node has, such as bookworm. Raises OSError or RuntimeError."""
    with open(path, encoding="utf-8") as handle:
        found = re.search(r'^VERSION_CODENAME="?([a-z]+)"?$', handle.read(), re.MULTILINE)
    if found is None:
        raise RuntimeError(f"{path} tells no VERSION_CODENAME")
    return found[1]


def read(old: str, new: str, root: str = APT) -> list[Source]:
    """The files of package sources of this node."""
    parts = [
        path
        for kind in ("list", "sources")
        for path in glob.glob(f"{root}/sources.list.d/*.{kind}")
    ]
    paths = [path for path in (f"{root}/sources.list", *sorted(parts)) if os.path.exists(path)]
    found = []
    for path in paths:
        with open(path, encoding="utf-8") as handle:
            text = handle.read()
        found.append(Source(path, text, *rewrite(text, path.endswith(".sources"), old, new)))
    return found


def rewrite(text: str, stanzas: bool, old: str, new: str) -> tuple[str, tuple[str, ...]]:
    """The text with the suites of another release, and those that are not of the old one.

    stanzas: whether it is in the format deb822. What is a comment or disabled stays.
    """
    others: list[str] = []

    def suite(match: re.Match[str]) -> str:
        name = match[0]
        if name == old or name.startswith((f"{old}-", f"{old}/")):
            return new + name[len(old) :]
        others.append(name)
        return name

    def renamed(words: str) -> str:
        return re.sub(r"\S+", suite, words)

    lines = []
    for block in _blocks(text) if stanzas else [text]:
        enabled = not re.search(r"^(?i:enabled):\s*(?i:no|false|0|off)\s*$", block, re.MULTILINE)
        inside = False
        for line in block.splitlines(keepends=True):
            body = line.rstrip("\n")
            match = (FIELD if stanzas else LINE).fullmatch(body)
            comment = body.lstrip().startswith("#")
            if comment or (stanzas and not enabled):
                pass
            elif match is not None:
                rest = "" if stanzas else match["rest"]
                line = f"{match['head']}{renamed(match['suites'])}{rest}{line[len(body) :]}"
                inside = True
            elif stanzas and inside and body[:1] in (" ", "\t"):
                line = renamed(body) + line[len(body) :]
            else:
                inside = False
            lines.append(line)
    return "".join(lines), tuple(dict.fromkeys(others))


def _blocks(text: str) -> list[str]:
    """The stanzas of a file, with the empty lines that follow each."""
    return re.findall(r"(?:[^\n]*\S[^\n]*\n?)+(?:[ \t]*\n)*|(?:[ \t]*\n)+", text)


def look(new: str, names: Iterable[str], run: Run, root: str = APT) -> dict[str, Any]:
    """What the way to another release would change here, and what is in the way.

    names: the packages that the cluster needs. Raises OSError or RuntimeError when the node cannot
    tell.
    """
    has = codename()
    told: dict[str, Any] = {"has": has, "sources": [], "problems": [], "pending": []}
    if has == new:
        return told
    if NEXT.get(has) != new:
        known = NEXT.get(has)
        told["problems"] = [
            f"it has {has}, and {f'can go to {known} only' if known else 'cannot go further'}"
        ]
        return told
    sources = read(has, new, root)
    told["sources"] = [source.path for source in sources if source.changes]
    told["problems"] = list(_moving(sources))
    if told["problems"]:
        return told
    with _aside(sources) as options:
        code, out, err = run(
            [
                "/usr/bin/env",
                "LC_ALL=C",
                "apt-get",
                "-q",
                *options,
                "-o",
                "APT::Update::Error-Mode=any",
                "update",
            ]
        )
        if code != 0:
            told["problems"] = [f"its package sources do not offer {new}: {_last(err or out)}"]
            return told
        told["pending"] = _upgrade.pending("full", (), run, options)
        told["problems"] = list(_harm(new, told["pending"], names))
        told["problems"] += _narrow(run, options)
    return told


def _moving(sources: Sequence[Source]) -> Iterator[str]:
    """Sources that mean another release than they did when they were written."""
    for source in sources:
        for suite in source.suites:
            if MOVING.fullmatch(suite):
                yield f"{source.path} names {suite}, which is no release; write its code name there"


def _harm(new: str, changes: Sequence[Mapping[str, str]], names: Iterable[str]) -> Iterator[str]:
    after = {change["name"]: change["after"] for change in changes}
    if not after.get(SYSTEM):
        yield f"no package source of it has {new}"
        return
    gone = [name for name in sorted(names) if after.get(name, "-") == ""]
    if gone:
        yield f"apt would remove {', '.join(gone)}, which the cluster needs"


def _narrow(run: Run, options: Sequence[str]) -> Iterator[str]:
    """Disks that are too small for what is downloaded and installed."""
    words = ["-q", "--assume-no", "-o", "Debug::NoLocking=1", *options, "dist-upgrade"]
    _code, out, _err = run(["/usr/bin/env", "LC_ALL=C", "apt-get", *words])
    size = sizes(out)
    wanted: dict[int, tuple[str, int]] = {}
    places = [("/var/cache/apt", size["download"]), ("/usr", size["room"])]
    if os.path.ismount("/boot"):
        places.append(("/boot", BOOT_BYTES))
    for path, needs in places:
        device = os.stat(path).st_dev
        where, sum_ = wanted.get(device, (path, 0))
        wanted[device] = (where, sum_ + needs)
    for path, needs in wanted.values():
        free = shutil.disk_usage(path).free
        if free < needs:
            yield f"{path} has {free >> 20} MiB free, and needs {needs >> 20} MiB"


def sizes(text: str) -> dict[str, int]:
    """What apt says that it would download and need in the end, in bytes; 0 if it says nothing."""
    result = {}
    for name, pattern in SIZES:
        found = pattern.search(text)
        result[name] = (
            int(float(found["size"].replace(",", "")) * UNITS[found["unit"]]) if found else 0
        )
    return result


@contextlib.contextmanager
def _aside(sources: Sequence[Source]) -> Iterator[list[str]]:
    """Options by which apt uses the sources of the other release, and lists of its own."""
    place = tempfile.mkdtemp(prefix="failover-release-", dir=WORK)
    try:
        os.chmod(place, 0o711)  # apt downloads as another user, who must not read the sources.
        for name in ("sources.list.d", "lists/partial"):
            os.makedirs(f"{place}/{name}")
        for source in sources:
            inside = f"{place}/{'/'.join(_relative(source.path))}"
            with open(inside, "w", encoding="utf-8", opener=_private) as handle:
                handle.write(source.becomes)
        settings = {
            "Dir::Etc::SourceList": f"{place}/sources.list",
            "Dir::Etc::SourceParts": f"{place}/sources.list.d",
            "Dir::State::Lists": f"{place}/lists",
            "Dir::Cache::pkgcache": "",
            "Dir::Cache::srcpkgcache": "",
        }
        yield [part for key, value in settings.items() for part in ("-o", f"{key}={value}")]
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _relative(path: str) -> list[str]:
    """sources.list, or sources.list.d and the name of the file."""
    parts = path.split("/")
    return parts[-2:] if parts[-2] == "sources.list.d" else parts[-1:]


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def switch(new: str, keep: str, dry: bool, root: str = APT) -> list[str]:
    """Let the package sources name another release; return the files that changed.

    keep: a directory for copies of them as they were. Raises OSError or RuntimeError.
    """
    has = codename()
    changed = [source for source in read(has, new, root) if source.changes] if has != new else []
    for source in changed if not dry else []:
        os.makedirs(keep, mode=0o700, exist_ok=True)
        copy = f"{keep}/{_relative(source.path)[-1]}"
        if not os.path.exists(copy):
            shutil.copy2(source.path, copy)
        _replace(source.path, source.becomes)
    return [source.path for source in changed]


def _replace(path: str, text: str) -> None:
    """Write a file in one step, with the mode and the owner that it had."""
    was = os.stat(path)
    descriptor, temporary = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".release-")
    with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
        os.fchown(descriptor, was.st_uid, was.st_gid)
        os.fchmod(descriptor, was.st_mode & 0o7777)
        handle.write(text)
        handle.flush()
        os.fsync(descriptor)
    os.replace(temporary, path)


def _last(text: str) -> str:
    return " ".join(text.split())[-300:]
