# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module that writes many files at once."""

from __future__ import annotations

import stat

import pytest

from tests.unit.collection.modules import run

FILES = {"a.py": "one\n", "sub/b.py": "two\n"}


@pytest.fixture
def tree(tmp_path):
    def made(check=False, **arguments):
        given = {"dest": str(tmp_path / "tree"), "files": FILES, **arguments}
        return run("tree", check=check, **given)

    return made


def test_a_second_call_changes_nothing(tree, tmp_path):
    first = tree()
    assert (first["changed"], first["written"]) == (True, ["a.py", "sub/b.py"])
    assert (tmp_path / "tree/sub/b.py").read_text() == "two\n"
    second = tree()
    assert (second["changed"], second["written"], second["diff"]) == (False, [], [])


def test_check_mode_says_it_all_and_touches_nothing(tree, tmp_path):
    said = tree(check=True)
    assert said["written"] == ["a.py", "sub/b.py"]
    assert said["diff"][0]["after"] == "one\n"
    assert not (tmp_path / "tree").exists()


def test_a_file_that_was_dropped_is_removed_only_when_asked(tree, tmp_path):
    tree()
    (tmp_path / "tree/old/deep").mkdir(parents=True)
    (tmp_path / "tree/old/deep/c.py").write_text("three\n")
    (tmp_path / "tree/__pycache__").mkdir()
    (tmp_path / "tree/__pycache__/a.pyc").write_text("")
    assert not tree()["changed"]
    assert tree(purge=True)["removed"] == ["old/deep/c.py"]
    assert not (tmp_path / "tree/old").exists()
    assert not tree(purge=True)["changed"]


def test_modes_are_part_of_the_state(tree, tmp_path):
    tree(mode="0600", modes={"a.py": "0755"})
    path = tmp_path / "tree/a.py"
    assert stat.S_IMODE(path.stat().st_mode) == 0o755
    assert stat.S_IMODE((tmp_path / "tree/sub/b.py").stat().st_mode) == 0o600
    path.chmod(0o700)
    assert tree(mode="0600", modes={"a.py": "0755"})["written"] == ["a.py"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o755


def test_what_exists_is_left_alone_when_only_creation_is_asked(tree, tmp_path):
    tree()
    (tmp_path / "tree/a.py").write_text("mine\n")
    assert not tree(create_only=True)["changed"]
    assert (tmp_path / "tree/a.py").read_text() == "mine\n"


@pytest.mark.parametrize("name", ["/etc/passwd", "../out.py", "sub/../../out.py"])
def test_no_file_outside_the_tree_is_written(tree, name):
    said = tree(files={name: "x"})
    assert said["failed"] is True
    assert "is not a path below" in said["msg"]
