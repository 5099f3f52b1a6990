# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is published: the tarball that ansible-galaxy builds, and the examples in it."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import tarfile
from collections import defaultdict
from pathlib import Path

import pytest
import yaml

from .conftest import CHECKOUT, SECRET, Play

SMALL_BYTES = 1000
"""Shorter files, such as those of two roles that do the same, may be alike."""
EXAMPLES = sorted((CHECKOUT / "examples").glob("*.yml"))


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Name and content of each file, built from a checkout that was worked in."""
    place = tmp_path_factory.mktemp("checkout")
    leave = shutil.ignore_patterns("build", ".git", ".hypothesis", ".*_cache", "__pycache__")
    shutil.copytree(CHECKOUT, place / "cluster", ignore=leave)
    for left in ("roles/engine_agent/files/.mypy_cache/3.11", "plugins/modules/__pycache__"):
        (place / "cluster" / left).mkdir(parents=True)
        (place / "cluster" / left / "x.db").touch()
    galaxy = str(Path(sys.executable).with_name("ansible-galaxy"))
    build = [galaxy, "collection", "build", "--output-path", str(place)]
    subprocess.run(build, cwd=place / "cluster", check=True, stdout=subprocess.DEVNULL)
    [found] = place.glob("*.tar.gz")
    with tarfile.open(found) as tar:
        return {
            member.name: content.read()
            for member in tar
            if (content := tar.extractfile(member)) is not None
        }


def test_nothing_is_published_twice(published: dict[str, bytes]) -> None:
    alike = defaultdict(list)
    for name, content in published.items():
        if len(content) >= SMALL_BYTES:
            alike[hashlib.sha256(content).digest()].append(name)
    assert [names for names in alike.values() if len(names) > 1] == []


def test_no_cache_and_nothing_that_only_develops_is_published(published: dict[str, bytes]) -> None:
    for name in published:
        parts = Path(name).parts
        assert "__pycache__" not in parts
        assert not any(part.startswith(".") for part in parts), name
        assert parts[0] not in ("lab", "tests", "build", "Makefile", "LICENSES")
    assert {"LICENSE", "README.md", "SECURITY.md", "examples/README.md"} <= set(published)


def test_each_link_between_pages_leads_to_a_file_that_is_published(
    published: dict[str, bytes],
) -> None:
    names = published.keys() | {str(folder) for name in published for folder in Path(name).parents}
    for name, content in published.items():
        if name.endswith(".md"):
            for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", content.decode()):
                path = (CHECKOUT / name).parent.joinpath(target).resolve()
                linked = path.relative_to(CHECKOUT).as_posix()
                assert linked in names, f"{name}: {target}"


def test_no_address_is_invented() -> None:
    text = (CHECKOUT / "galaxy.yml").read_text(encoding="utf-8")
    assert re.search(r"\bexample\.(com|org|net)\b", text) is None
    assert yaml.safe_load(text)["repository"], "galaxy-importer refuses a collection without it"


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_a_sound_cluster(play: Play, path: Path) -> None:
    done = play("validate", path.read_text(encoding="utf-8"), "-e", f"vault_bmc_password={SECRET}")
    assert done.code == 0, done.text
    assert done.ok("node1") and done.ok("node2")


def test_every_example_is_listed_and_accepts_no_risk() -> None:
    page = (CHECKOUT / "examples/README.md").read_text(encoding="utf-8")
    assert EXAMPLES
    for path in EXAMPLES:
        assert f"| `{path.name}` |" in page
        assert "failover_unsafe" not in path.read_text(encoding="utf-8")
