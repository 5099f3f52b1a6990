# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The next release of Debian: package sources, what apt would do, and what forbids it."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.failover.cluster.plugins.module_utils import _release

LINES = """\
# deb http://deb.debian.org/debian bookworm main
deb [arch=amd64 signed-by=/k.gpg] http://deb.debian.org/debian bookworm main contrib
deb-src http://deb.debian.org/debian bookworm-updates main # bookworm
deb http://security.debian.org/debian-security bookworm-security main

deb [trusted=yes] http://10.0.0.1/ ./
deb http://10.0.0.1 bookworm/ # flat
deb http://mirror/bookworm bullseye main
"""
STANZAS = """\
# bookworm
Types: deb
URIs: http://deb.debian.org/bookworm
Suites: bookworm bookworm-updates
  bookworm-backports
Components: main

Types: deb
URIs: http://deb.debian.org/debian
suites: bookworm
Enabled: no

Types: deb
URIs: http://apt.example.net
Suites: stable
"""
PACKAGE = "Package: {name}\nVersion: {version}\nArchitecture: all\nMaintainer: x <x@example.net>\nDescription: x\n"


def run(argv: Sequence[str]) -> tuple[int, str, str]:
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=300)
    return done.returncode, done.stdout, done.stderr


def test_a_line_gets_the_other_release_and_everything_else_stays() -> None:
    text, others = _release.rewrite(LINES, False, "bookworm", "trixie")
    assert others == ("./", "bullseye")
    changed = [
        (old, new)
        for old, new in zip(LINES.splitlines(), text.splitlines(), strict=True)
        if old != new
    ]
    assert [new for _old, new in changed] == [
        "deb [arch=amd64 signed-by=/k.gpg] http://deb.debian.org/debian trixie main contrib",
        "deb-src http://deb.debian.org/debian trixie-updates main # bookworm",
        "deb http://security.debian.org/debian-security trixie-security main",
        "deb http://10.0.0.1 trixie/ # flat",
    ]
    assert _release.rewrite(text, False, "bookworm", "trixie")[0] == text


def test_a_stanza_that_is_enabled_gets_the_other_release() -> None:
    text, others = _release.rewrite(STANZAS, True, "bookworm", "trixie")
    assert others == ("stable",)
    assert text == STANZAS.replace(
        "Suites: bookworm bookworm-updates", "Suites: trixie trixie-updates"
    ).replace("  bookworm-backports", "  trixie-backports")


@pytest.fixture
def node(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A node with bookworm, whose only source is a directory of this machine."""
    # Not below pytest's own directory, which only its owner may enter.
    place = Path(tempfile.mkdtemp(prefix="failover-test-"))
    place.chmod(0o755)
    root = place / "apt"
    (root / "sources.list.d").mkdir(parents=True)
    (root / "sources.list").write_text(f"deb [trusted=yes] file:{place}/offered bookworm/\n")
    monkeypatch.setattr(_release, "codename", lambda: "bookworm")
    yield root
    shutil.rmtree(place)


def offered(node: Path, **packages: str) -> None:
    """What the source has of trixie: the version of each package."""
    place = node.parent / "offered" / "trixie"
    place.mkdir(parents=True)
    for name, version in packages.items():
        name = name.replace("_", "-")
        control = node.parent / name / "DEBIAN" / "control"
        control.parent.mkdir(parents=True)
        control.write_text(PACKAGE.format(name=name, version=version))
        run(["dpkg-deb", "--build", str(control.parents[1]), str(place / f"{name}.deb")])
    index = run(["sh", "-c", f"cd {place.parent} && apt-ftparchive packages trixie"])[1]
    (place / "Packages").write_text(index)


def looked(node: Path, *names: str) -> dict[str, Any]:
    return _release.look("trixie", names, run, str(node))


def test_apt_is_asked_with_copies_of_the_sources(node: Path) -> None:
    offered(node, base_files="999")
    before = {path: path.read_text() for path in node.rglob("*") if path.is_file()}
    told = looked(node)
    assert (told["has"], told["problems"]) == ("bookworm", [])
    assert told["sources"] == [f"{node}/sources.list"]
    assert [one["after"] for one in told["pending"] if one["name"] == "base-files"] == ["999"]
    assert {path: path.read_text() for path in node.rglob("*") if path.is_file()} == before
    assert not list(Path(_release.WORK).glob("failover-release-*"))


@pytest.mark.parametrize(
    ("packages", "said"),
    [
        (None, "its package sources do not offer trixie: "),
        ({"harmless": "1"}, "no package source of it has trixie"),
    ],
)
def test_a_source_without_that_release_is_told(
    node: Path, packages: dict[str, str] | None, said: str
) -> None:
    if packages is not None:
        offered(node, **packages)
    [problem] = looked(node)["problems"]
    assert problem.startswith(said)


def test_a_name_that_means_another_release_later_is_refused(node: Path) -> None:
    (node / "sources.list.d/more.sources").write_text(STANZAS)
    [problem] = looked(node)["problems"]
    assert "more.sources names stable, which is no release;" in problem


def test_what_the_cluster_needs_must_not_be_removed() -> None:
    changes = [
        {"name": "base-files", "before": "12", "after": "13"},
        {"name": "drbd-utils", "before": "9", "after": ""},
    ]
    assert list(_release._harm("trixie", changes, ["drbd-utils", "kmod"])) == [
        "apt would remove drbd-utils, which the cluster needs"
    ]


def test_a_disk_without_room_is_told_before(monkeypatch: pytest.MonkeyPatch) -> None:
    text = (
        "Need to get 1,200 MB/1,350 MB of archives.\nAfter this operation, {} GB of additional disk"
    )
    assert _release.sizes(text.format("2.5")) == {"download": 1_350_000_000, "room": 2_500_000_000}
    said = list(_release._narrow(lambda argv: (1, text.format("900000"), ""), []))
    assert len(said) == 1 and "MiB free, and needs 8583" in said[0]
    assert _release.sizes("") == {"download": 0, "room": 0}


@pytest.mark.parametrize(("has", "said"), [("buster", "cannot go further"), ("trixie", "")])
def test_only_the_next_release_is_gone_to(
    node: Path, monkeypatch: pytest.MonkeyPatch, has: str, said: str
) -> None:
    monkeypatch.setattr(_release, "codename", lambda: has)
    assert " ".join(looked(node)["problems"]).endswith(said)


def test_the_sources_are_switched_once_and_kept_as_they_were(node: Path, tmp_path: Path) -> None:
    (node / "sources.list").chmod(0o640)
    before = (node / "sources.list").read_text()
    keep = str(tmp_path / "kept")
    assert _release.switch("trixie", keep, dry=True, root=str(node)) == [f"{node}/sources.list"]
    assert (node / "sources.list").read_text() == before
    assert _release.switch("trixie", keep, dry=False, root=str(node)) == [f"{node}/sources.list"]
    assert (node / "sources.list").read_text() == before.replace("bookworm/", "trixie/")
    assert (node / "sources.list").stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "kept/sources.list").read_text() == before
    assert _release.switch("trixie", keep, dry=False, root=str(node)) == []
