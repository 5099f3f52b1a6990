# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook split_brain on two played kernels: without a word and an image nothing is lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .conftest import Play, Run, cluster
from .played_drbd import Played

SAYS = ("-e", "cluster=one", "-e", "service=web")
DISK = b"what both have".ljust(1 << 20, b"\0")


@pytest.fixture
def played(tmp_path: Path) -> Played:
    return Played(tmp_path / "kernels", ["n1a", "n1b"], "web", DISK)


@pytest.fixture
def split(play: Play, played: Played) -> Any:
    """Runs the playbook on the played hosts."""
    one = cluster(1)
    for name in played.names:
        one["hosts"][name].update(played.variables(name))

    def run(*words: str) -> Run:
        return play("split_brain", {"one": one}, *SAYS, *words)

    return run


def test_a_node_that_limit_leaves_out_is_refused_before_any_host_is_asked(play: Play) -> None:
    done = play("split_brain", {"one": cluster(1)}, *SAYS, "--limit", "n1a")
    assert done.code != 0
    assert "has nodes that --limit leaves out; both copies have to be read" in done.text
    assert "TASK [failover.cluster.drbd" not in done.text


def test_a_service_without_copies_is_refused(play: Play) -> None:
    done = play("split_brain", {"one": cluster(1)}, "-e", "cluster=one", "-e", "service=mail")
    assert done.code != 0
    assert "service: mail has no copies that DRBD replicates; say whose copies have" in done.text
    assert "In cluster one these have them: web." in done.text


def test_without_a_word_both_histories_are_shown_and_nothing_changes(
    split: Any, played: Played
) -> None:
    played.split()
    done = split()
    assert done.code == 0
    assert "Split brain: each copy was written without the other one." in done.text
    assert "0000000000000100 0000000000000200" in done.text
    assert "changed alone 12 KiB 24 KiB" in done.text
    assert "-e discard=n1a or -e discard=n1b" in done.text
    assert played.orders() == []


def test_with_the_word_the_victim_is_saved_before_it_gives_way(
    split: Any, played: Played, tmp_path: Path
) -> None:
    victim = "n1a"
    played.split()
    played.disk(victim).write_bytes(b"what only the victim has".ljust(2 << 20, b"\0"))
    kept = tmp_path / "kept"
    kept.mkdir()
    words = ("-e", f"discard={victim}", "-e", f"backup={kept}")
    survivor = next(name for name in played.names if name != victim)
    before = played.disk(victim).read_bytes()

    checked = split(*words, "--check")
    assert checked.code == 0 and played.orders() == [] and not list(kept.iterdir())

    done = split(*words)
    assert done.code == 0
    assert "are LOST there" in done.text
    assert "web on n1b: resync 90 % done, about 9 s left" in done.text
    assert (kept / f"web-{victim}.img").read_bytes() == before[: len(DISK)]
    discards = [one for one in played.orders() if "--discard-my-data" in one]
    assert discards == [[victim, "connect", "--discard-my-data"]]
    assert played.node(victim)["cs"] == played.node(survivor)["cs"] == "Connected"
    assert "both copies are equal and up to date" in done.text

    orders = played.orders()
    again = split(*words)
    assert again.code == 0 and "There is nothing to heal." in again.text
    assert played.orders() == orders


def test_a_precondition_that_fails_is_named_and_nothing_is_given_up(
    split: Any, played: Played
) -> None:
    played.split()
    played.change("n1b", role="Primary")
    done = split("-e", "discard=n1b", "-e", "backup=/tmp")
    assert done.code != 0
    assert "discard: the copy of n1b is in use (Primary, mounted at " in done.text
    assert "Stop web there first" in done.text
    assert "Nothing was changed." in done.text
    assert played.orders() == []


def test_a_run_that_was_cut_off_after_the_image_is_finished_by_the_next(
    split: Any, played: Played, tmp_path: Path
) -> None:
    played.split()
    (tmp_path / "web-n1b.img").write_bytes(DISK)
    (tmp_path / "web-n1b.img.part").write_bytes(b"of a run before that one")
    played.change("n1b", cs="WFConnection", discards=True)
    done = split("-e", "discard=n1b", "-e", f"backup={tmp_path}")
    assert done.code == 0
    assert played.node("n1b")["cs"] == "Connected"
