# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a node remembers: its modes for good, its services for one boot."""

from __future__ import annotations

from pathlib import Path

import pytest

from failoverd.core.modes import Modes
from failoverd.journal.history import History
from failoverd.persistence.lives import Lives
from failoverd.persistence.store import Store


@pytest.fixture
def boot(tmp_path: Path) -> Path:
    path = tmp_path / "boot_id"
    path.write_text("first\n")
    return path


def test_the_modes_outlive_daemon_and_boot(tmp_path: Path, boot: Path) -> None:
    store = Store(tmp_path, boot)
    store.own("shop", True, 4)
    store.keep(Modes(maintenance=3, standby=1))
    boot.write_text("another boot")
    again = Store(tmp_path, boot)
    assert again.modes == Modes(maintenance=3, standby=1)
    assert again.generation("shop") == 4
    again.own("shop", False, 5)
    assert Store(tmp_path, boot).modes == again.modes


@pytest.mark.parametrize("text", ["", "[]", '{"modes": {"standby": "on"}}', '{"modes": 1}'])
def test_modes_that_cannot_be_read_are_off(tmp_path: Path, boot: Path, text: str) -> None:
    (tmp_path / "state.json").write_text(text)
    assert Store(tmp_path, boot).modes == Modes()


def test_a_restart_of_the_daemon_remembers_what_it_held(tmp_path: Path, boot: Path) -> None:
    Store(tmp_path, boot).own("shop", True, 4)
    again = Store(tmp_path, boot)
    assert again.held("shop")
    assert again.generation("shop") == 4
    assert not again.held("mail")


def test_a_split_brain_is_remembered_over_boots_also_without_the_file_that_is_not_forced(
    tmp_path: Path, boot: Path
) -> None:
    """F39: the kernel forgets it as soon as it waits for the other one again."""
    store = Store(tmp_path, boot)
    store.keep_split("shop", split=True)
    assert store.drain(5.0)
    boot.write_text("second\n")
    (tmp_path / "state.json").unlink()
    again = Store(tmp_path, boot)
    assert again.memory.split == {"shop"}
    again.keep_split("shop", split=False)
    assert Store(tmp_path, boot).memory.split == frozenset(), "the greater count is the newer one"


@pytest.mark.parametrize("said", ["[]", '{"shop": -1}', '{"shop": true}', '{"shop": "1"}', "7"])
def test_a_damaged_memory_of_splits_is_none(tmp_path: Path, boot: Path, said: str) -> None:
    for name in ("state.json", "modes.json"):
        (tmp_path / name).write_text(f'{{"splits": {said}}}')
    assert Store(tmp_path, boot).memory.split == frozenset()


def test_a_reboot_forgets_the_holding_but_not_the_generation(tmp_path: Path, boot: Path) -> None:
    Store(tmp_path, boot).own("shop", True, 4)
    boot.write_text("second\n")
    again = Store(tmp_path, boot)
    assert not again.held("shop")
    assert again.generation("shop") == 4


def test_a_restart_of_the_daemon_remembers_that_it_switched_its_peer_off(
    tmp_path: Path, boot: Path
) -> None:
    Store(tmp_path, boot).keep_cut("bmc")
    again = Store(tmp_path, boot)
    assert again.cut == "bmc"
    again.keep_cut("")
    assert Store(tmp_path, boot).cut == ""


def test_a_reboot_forgets_that_it_switched_its_peer_off(tmp_path: Path, boot: Path) -> None:
    Store(tmp_path, boot).keep_cut("bmc")
    boot.write_text("second\n")
    assert Store(tmp_path, boot).cut == ""


def test_the_generation_never_goes_back(tmp_path: Path, boot: Path) -> None:
    store = Store(tmp_path, boot)
    store.own("shop", True, 4)
    store.own("shop", False, 0)
    assert Store(tmp_path, boot).generation("shop") == 4


@pytest.mark.parametrize("text", ["", "{", "[]", '{"services": {"shop": {}}}', '{"services": 1}'])
def test_a_damaged_file_is_an_empty_memory(tmp_path: Path, boot: Path, text: str) -> None:
    (tmp_path / "state.json").write_text(text)
    assert not Store(tmp_path, boot).held("shop")


def test_a_disk_that_takes_nothing_is_told_not_raised(tmp_path: Path, boot: Path) -> None:
    place = tmp_path / "gone"
    place.mkdir()
    store, history = Store(place, boot), History(place, "node1")
    place.rmdir()
    store.own("shop", True, 1)
    history.add("code", "text")
    assert history.drain(30.0)
    assert store.held("shop")
    assert "state.json" in store.problem
    assert "cannot be written" in history.problem


def test_files_are_for_root_alone(tmp_path: Path, boot: Path) -> None:
    Store(tmp_path, boot).own("shop", True, 1)
    history = History(tmp_path, "node1")
    history.add("code", "text")
    history.close()
    Lives(tmp_path).begin()
    for name in ("state.json", "history.jsonl", "incarnation"):
        assert (tmp_path / name).stat().st_mode & 0o077 == 0
