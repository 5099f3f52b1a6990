# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two real daemons, one of which has a state directory that is full, or was emptied (F73)."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from .test_pair import Pair, pair

__all__ = ["pair"]

pytestmark = pytest.mark.finding("S4")


def incarnation(pair: Pair, node: str) -> int:
    """The number of the life that answers now."""
    number: int = json.loads(pair.ctl(node, "status", "--json").stdout)["incarnation"]
    return number


def meets(pair: Pair, node: str) -> bool:
    """Its daemon answers and hears its peer."""
    return bool(pair.status(node).get("peer", {}).get("life") == "alive")


def filled(place: Path) -> None:
    """From now on the directory takes nothing more; what it holds stays."""
    kept = place.with_name("kept")
    shutil.move(place, kept)
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", place], check=True)
    shutil.copytree(kept, place, dirs_exist_ok=True)
    with pytest.raises(OSError, match="No space"), (place / "rubbish").open("wb", 0) as file:
        while True:
            file.write(bytes(4096))


def test_an_owner_whose_state_directory_is_full_begins_anew_and_keeps_its_service(
    pair: Pair,
) -> None:
    state = pair.path / "node1/state"
    pair.end("node1", signal.SIGTERM)
    filled(state)
    try:
        lives = []
        for _round in range(3):
            pair.start("node1")
            pair.wait(lambda: pair.runs_on("node1"))
            pair.wait(lambda: pair.service("node2")["owner"] == "node1")
            lives.append(incarnation(pair, "node1"))
            told = pair.ctl("node1", "status").stdout
            assert "incarnation: the number of this life cannot be kept: No space left" in told
            pair.end("node1", signal.SIGTERM)
        assert lives == sorted(set(lives))
        pair.start("node1")
        pair.wait(lambda: pair.runs_on("node1"))
        assert "fence" not in pair.codes("node2")
        assert pair.holds_address("node1") and not pair.holds_address("node2")
    finally:
        pair.end("node1", signal.SIGKILL)
        subprocess.run(["umount", state], check=True)


def test_a_standby_whose_state_directory_was_emptied_is_heard_again(pair: Pair) -> None:
    """Its earlier lives had greater numbers than the clock gives: only its peer knows of them."""
    state = pair.path / "node2/state"
    pair.end("node2", signal.SIGTERM)
    (state / "incarnation").write_text(f"{1 << 41}\n")
    pair.start("node2")
    pair.wait(lambda: meets(pair, "node2"))
    before = incarnation(pair, "node2")
    pair.end("node2", signal.SIGTERM)
    shutil.rmtree(state)
    pair.start("node2")
    pair.wait(lambda: meets(pair, "node2"))
    pair.wait(lambda: pair.service("node1")["standby"]["able"])
    assert incarnation(pair, "node2") > before
    assert "life-raised" in pair.codes("node2")
    assert int((state / "incarnation").read_text()) > 1 << 41
    assert "fence" not in pair.codes("node1") + pair.codes("node2")
    done = pair.ctl("node2", "replay", "--json", str(state / "journal"))
    assert done.returncode == 0, done.stdout
