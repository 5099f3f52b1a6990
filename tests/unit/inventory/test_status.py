# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook status over several clusters. No host of another network is asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .conftest import Play, cluster


def here(number: int) -> dict[str, Any]:
    """A cluster whose nodes are this machine, where no engine runs."""
    made = cluster(number)
    for host in made["hosts"].values():
        host["ansible_connection"] = "local"
        host["ansible_become"] = False
    return made


def away(number: int) -> dict[str, Any]:
    """A cluster whose nodes refuse every connection."""
    made = cluster(number)
    for index, host in enumerate(made["hosts"].values(), 1):
        host.update(ansible_host=f"127.0.{number}.{index}", ansible_port=1)
    return made


def test_every_cluster_is_in_the_table_whoever_answers(play: Play, tmp_path: Path) -> None:
    groups = {"one": here(1), "two": away(2)}
    done = play("status", groups, "-e", "output=all.json", "-e", "page=all.html")
    assert done.code == 0, done.text
    found = json.loads((tmp_path / "all.json").read_text())
    assert [(row["name"], row["state"]) for row in found["clusters"]] == [
        ("one", "unknown"),
        ("two", "unknown"),
    ]
    for row in found["clusters"]:
        assert [finding["code"] for finding in row["findings"]] == ["silent", *["no-answer"] * 2]
    assert "n1a does not answer" in done.text and "n2b does not answer" in done.text
    assert "2 unknown" in done.text
    assert (tmp_path / "all.html").read_text().startswith("<!doctype html>")


def test_a_limited_run_shows_the_whole_of_the_clusters_that_it_asks(
    play: Play, tmp_path: Path
) -> None:
    groups = {"one": here(1), "two": here(2)}
    done = play("status", groups, "--limit", "n1a", "-e", "output=all.json")
    assert done.code == 0, done.text
    [row] = json.loads((tmp_path / "all.json").read_text())["clusters"]
    assert (row["name"], [node["name"] for node in row["nodes"]]) == ("one", ["n1a", "n1b"])
    assert "n1b does not answer: it was not asked" in done.text


def test_two_clusters_of_one_name_are_both_shown(play: Play, tmp_path: Path) -> None:
    one, two = here(1), here(2)
    for made in (one, two):
        made["vars"]["failover_name"] = "shop"
    done = play("status", {"one": one, "two": two}, "-e", "output=all.json")
    assert done.code == 0, done.text
    found = json.loads((tmp_path / "all.json").read_text())["clusters"]
    assert [row["name"] for row in found] == ["shop", "shop (group two)"]


def test_hosts_of_no_cluster_are_not_asked(play: Play) -> None:
    alone = {"hosts": {"lonely": {"ansible_connection": "local", "ansible_become": False}}}
    done = play("status", {"one": here(1), "none": alone})
    assert done.code == 0, done.text
    assert "1 unknown" in done.text and "lonely does not answer" not in done.text
    done = play("status", {"none": alone})
    assert done.code != 0
    assert "No host is a node of a cluster" in done.text


def test_a_demand_that_is_not_met_fails_the_run(play: Play) -> None:
    done = play("status", {"one": here(1)}, "-e", "demand=warning")
    assert done.code != 0
    assert "demand warning: one is unknown." in done.text


def test_a_directory_that_is_not_there_is_named(play: Play) -> None:
    done = play("status", {"one": here(1)}, "-e", "page=/nowhere/all.html")
    assert done.code != 0
    assert "/nowhere/" in done.text and "No such file or directory" in done.text


def test_check_mode_writes_nothing(play: Play, tmp_path: Path) -> None:
    done = play("status", {"one": here(1)}, "--check", "-e", "output=all.json")
    assert done.code == 0, done.text
    assert not (tmp_path / "all.json").exists()


def test_the_availability_names_the_nodes_that_do_not_answer(play: Play, tmp_path: Path) -> None:
    groups = {"one": here(1), "two": away(2)}
    done = play("availability", groups, "-e", "since=1y", "-e", "output=all.json")
    assert done.code == 0, done.text
    found = json.loads((tmp_path / "all.json").read_text())
    assert [each["node"] for each in found["silent"]] == ["n1a", "n1b", "n2a", "n2b"]
    assert "n2b of two does not answer: " in done.text
