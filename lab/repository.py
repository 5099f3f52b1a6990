# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The package source of the nodes, with everything that they may install and nothing else.

So a package that a role forgets is missing on the node, and ``apt-get update`` is quick.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
from collections.abc import Iterable, Set
from pathlib import Path

from lab.command import run
from lab.image import Image, words
from lab.paths import images_dir
from lab.progress import Progress
from lab.sources import debian_sources
from lab.stub_packages import build_stubs

FORMER = {"trixie": ("bookworm", ("postgresql-15",))}
"""What a node may have kept of the release before its own: tests/kernels/versions upgrades it."""
PACKAGES = Path(__file__).resolve().parent / "node-packages.txt"
STUBS = Path(__file__).resolve().parent / "stub-packages.txt"


def wanted(names: Iterable[str], known: Set[str]) -> list[str]:
    """Names to install: one of the alternatives; with a question mark only if the suite has it."""
    chosen = [next((one for one in name.split("|") if one in known), name) for name in names]
    return [name.rstrip("?") for name in chosen if not name.endswith("?") or name[:-1] in known]


def repository(
    image: Image,
    suite: str,
    progress: Progress,
    packages: Path = PACKAGES,
    *,
    following: str = "",
) -> Path:
    """Directory of the repository for ``image``, filled now if needed (needs the builder lock).

    packages is the list of what may be installed. following is another suite; each of the two has a
    directory of its name then.
    """
    listed = packages.read_bytes() + STUBS.read_bytes() + repr(FORMER.get(suite, "")).encode()
    key = hashlib.sha256(listed).hexdigest()[:12]
    target = image.root / f"repository-{key}{following and f'-{following}'}"
    if target.exists():
        return target
    progress(f"collecting the nodes' packages for {suite}, once: about a minute")
    work = Path(tempfile.mkdtemp(prefix="build-", dir=images_dir()))
    try:
        stubs = work / "stubs"
        stubs.mkdir()
        build_stubs(words(STUBS), stubs)
        _index(stubs)
        apt = _private_apt(work, image.dpkg_status, suite)
        run([*apt, "update"], timeout=300)
        files = _download(apt, words(packages), work, progress)
        if suite in FORMER:
            files = _former(apt, suite, work)
        staged = work / "repository"
        staged.mkdir()
        _stage([*files, *stubs.glob("*.deb")], staged, suite if following else ".")
        if following:
            whole = _whole(work / "next", image, following, packages, progress)
            _stage(whole, staged, following)
        staged.chmod(0o755)
        staged.replace(target)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return target


def _stage(files: Iterable[Path], root: Path, place: str) -> None:
    """Make a repository in a directory below root, which is what the nodes know."""
    where = root / place
    where.mkdir(exist_ok=True)
    for file in files:
        shutil.copy2(file, where / file.name)
    _index(root, place)


def _whole(work: Path, image: Image, suite: str, packages: Path, progress: Progress) -> list[Path]:
    """Everything that a node of another suite may have, its base system as well."""
    work.mkdir()
    stubs = work / "stubs"
    stubs.mkdir()
    build_stubs(words(STUBS), stubs)
    _index(stubs)
    status = work / "status"
    status.touch()
    apt = _private_apt(work, status, suite)
    run([*apt, "update"], timeout=300)
    installed = re.findall(r"^Package: (\S+)$", image.dpkg_status.read_text("utf-8"), re.MULTILINE)
    known = set(run(["apt-cache", *apt[3:], "pkgnames"]).split())
    base = [name for name in installed if name in known]
    files = _download(apt, [*base, *words(packages)], work, progress)
    return [*files, *stubs.glob("*.deb")]


def _private_apt(work: Path, status: Path, suite: str) -> list[str]:
    """An apt-get with the sources of a node; status: the list of what is installed there."""
    for name in ("lists/partial", "archives/partial", "etc/preferences.d", "log"):
        (work / name).mkdir(parents=True)
    sources = work / "sources.list"
    lines = [*debian_sources(suite), f"deb [trusted=yes] file:{work / 'stubs'} ./"]
    sources.write_text("\n".join(lines) + "\n", encoding="utf-8")
    options = {
        "Dir::Etc::SourceList": sources,
        "Dir::Etc::SourceParts": "-",
        "Dir::Etc::Preferences": "-",
        "Dir::Etc::PreferencesParts": work / "etc/preferences.d",
        "Dir::State::Lists": work / "lists",
        "Dir::State::status": status,
        "Dir::State::extended_states": work / "extended_states",
        "Dir::Cache": work,
        "Dir::Cache::Archives": work / "archives",
        "Dir::Log": work / "log",
        "APT::Sandbox::User": "root",
        "APT::Install-Recommends": "false",
        "Acquire::Languages": "none",
        "Acquire::Retries": "3",
        "Debug::NoLocking": "true",
    }
    arguments = [part for key, value in options.items() for part in ("-o", f"{key}={value}")]
    return ["apt-get", "-y", "-q", *arguments]


def _download(
    apt: list[str], packages: Iterable[str], work: Path, progress: Progress
) -> list[Path]:
    cache = ["apt-cache", *apt[3:]]
    known = set(run([*cache, "pkgnames"]).split())
    run([*apt, "install", "--download-only", *wanted(packages, known)], timeout=900)
    files = sorted((work / "archives").glob("*.deb"))
    size = sum(file.stat().st_size for file in files) >> 20
    progress(f"  {len(files)} packages, {size} MiB")
    return files


def _former(apt: list[str], suite: str, work: Path) -> list[Path]:
    """Add what a node may have kept; whatever the suite itself has is taken from there."""
    former, packages = FORMER[suite]
    with (work / "sources.list").open("a", encoding="utf-8") as sources:
        sources.write("\n".join(debian_sources(former)) + "\n")
    rank = f"Package: *\nPin: release n={former}*\nPin-Priority: 100\n"
    (work / "etc/preferences.d/former").write_text(rank, encoding="utf-8")
    run([*apt, "update"], timeout=300)
    run([*apt, "install", "--download-only", *packages], timeout=900)
    return sorted((work / "archives").glob("*.deb"))


def _index(root: Path, place: str = ".") -> None:
    """The names in it are those below root."""
    for kind in ("packages", "release"):
        words = ["sh", "-c", f'cd "$1" && apt-ftparchive {kind} "$2"', "sh", str(root), place]
        (root / place / kind.title()).write_text(run(words), encoding="utf-8")
