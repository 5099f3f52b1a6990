# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the playbooks refuse, and whom that hinders."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from .conftest import CHECKOUT, SECRET, Play, cluster


@pytest.mark.finding("I9", "I11", "I15", "I16")
def test_all_problems_of_all_clusters_are_told_at_once_and_each_once(play: Play) -> None:
    one, two = cluster(1), cluster(2, failover_timeouts={"dead_s": 3})
    one["vars"]["failover_services"][0]["storage"] = {"type": "iscsi"}
    one["vars"]["failover_links"][0]["speed"] = 1
    two["vars"]["failover_fencing"][0]["method"] = "watchog"
    done = play("validate", {"one": one, "two": two, "rest": {"hosts": {"x": {}}}})
    assert done.code != 0
    for sentence in (
        "failover_services[0].storage.type: iscsi is not one of drbd, none, shared, streaming.",
        "failover_links[0].speed: unknown key;",
        "failover_timeouts: unknown variable; failover_timing may be meant.",
        "failover_fencing[0].method: watchog is not one of stonith, sfex, watchdog.",
    ):
        # ansible-core 2.19 prints a message twice by itself: as an error and as a result.
        flat = done.text.split("\n")[0].split("fatal: ")
        assert sum(sentence in part.split("[ERROR]")[0] for part in flat[1:]) == 1, sentence
    assert done.ok("x")


@pytest.mark.finding("I11")
def test_a_cluster_that_is_wrong_fails_its_own_hosts_only(play: Play) -> None:
    wrong = cluster(2)
    wrong["vars"]["failover_links"] = []
    groups = {"one": cluster(1), "two": wrong}
    done = play("validate", groups)
    assert done.code != 0
    assert done.ok("n1a") and done.ok("n1b")
    assert not done.ok("n2a") and not done.ok("n2b")
    assert "failover_links: empty; the nodes must hear each other." in done.text
    named = play("validate", groups, "-e", "cluster=one")
    assert named.code == 0, named.text
    limited = play("validate", groups, "--limit", "one")
    assert limited.code == 0, limited.text


@pytest.mark.finding("I17")
def test_no_links_are_told_as_such_and_nothing_follows_from_it(play: Play) -> None:
    wrong = cluster(1)
    wrong["vars"]["failover_links"] = []
    done = play("validate", {"one": wrong})
    assert "is not a link of the cluster" not in done.text


@pytest.mark.finding("X1")
def test_a_forgotten_dash_shows_no_secret(play: Play) -> None:
    wrong = cluster(1)
    wrong["vars"]["failover_fencing"] = wrong["vars"]["failover_fencing"][0]
    done = play("validate", {"one": wrong}, "-vvv")
    assert "failover_fencing: a mapping is not a list." in done.text
    assert SECRET not in done.text


@pytest.mark.finding("X1")
def test_a_template_that_fails_shows_no_secret(play: Play) -> None:
    wrong = cluster(1, vault_word=SECRET)
    parameters = wrong["vars"]["failover_fencing"][0]["parameters"]
    parameters["password"] = "{{ vault_word | ansible.builtin.to_datetime }}"
    done = play("validate", {"one": wrong}, "-vvv")
    assert done.code != 0
    assert "failover_fencing: cannot be evaluated for n1a: its template fails" in done.text
    assert SECRET not in done.text


@pytest.mark.finding("I8", "I10")
def test_what_is_undefined_is_named_and_strange_variables_are_not_evaluated(play: Play) -> None:
    groups = {
        "one": cluster(1, failover_power_on="{{ nowhere }}"),
        "two": cluster(2, failover_names="{{ undefined_too }}"),
        "rest": {"hosts": {"x": {"failover_foo": "{{ undefined }}"}}},
    }
    done = play("validate", groups)
    assert "failover_power_on: cannot be evaluated for n1a: nowhere is undefined." in done.text
    assert "failover_names: unknown variable; failover_name may be meant." in done.text
    assert "undefined_too is undefined" not in done.text
    assert done.ok("x")


@pytest.mark.finding("I1")
def test_a_service_of_two_clusters_is_moved_only_in_the_one_that_is_named(play: Play) -> None:
    groups = {"two": cluster(2), "one": cluster(1)}
    done = play("failover", groups, "-e", "service=web", "--forks", "1")
    assert "web is a service of the clusters one, two; say which one is meant with -e" in done.text
    assert "TASK [Plan the moves]" not in done.text
    named = play("failover", groups, "-e", "service=web", "-e", "cluster=two", "--check")
    assert "say which one is meant" not in named.text
    assert "TASK [Plan the moves]" in named.text


@pytest.mark.finding("I2")
def test_two_groups_of_one_name_are_refused(play: Play) -> None:
    groups = {"one": cluster(1, failover_name="shop"), "two": cluster(2, failover_name="shop")}
    done = play("remove", groups, "-e", "cluster=shop", "-e", "confirm=shop")
    assert done.code != 0
    said = "failover_name: shop is the name of two clusters, of the groups one and two;"
    assert said in done.text
    assert "TASK [failover.cluster.engine_agent" not in done.text


@pytest.mark.finding("I2")
@pytest.mark.parametrize("typed", [(), ("-e", "confirm=one1")])
def test_a_cluster_is_removed_only_when_its_name_was_typed_again(
    play: Play, typed: tuple[str, ...]
) -> None:
    done = play("remove", {"one": cluster(1)}, "-e", "cluster=one", *typed)
    assert done.code != 0
    assert "cluster: one was not confirmed;" in done.text
    assert "TASK [failover.cluster.engine_agent" not in done.text


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ("", "service: missing; say which one shall stop and be removed with -e service=NAME."),
        ("-e service=mail", "service: mail was not confirmed;"),
        ("-e service=mail -e confirm=mial", "service: mail was not confirmed;"),
        ("-e service=SERVED -e confirm=SERVED", "is still in failover_services; take it out"),
        ("-e service=mail -e confirm=mail --limit n1a", "has nodes that --limit leaves out;"),
    ],
)
def test_a_service_is_removed_only_when_all_of_it_was_said(
    play: Play, asked: str, sentence: str
) -> None:
    one = cluster(1)
    asked = asked.replace("SERVED", one["vars"]["failover_services"][0]["name"])
    done = play("remove_service", {"one": one}, "-e", "cluster=one", *asked.split())
    assert done.code != 0
    assert sentence in done.text
    assert "TASK [failover.cluster.prepare" not in done.text


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ("", "node: missing; say which one shall leave with -e node=NAME, one of n1a, n1b."),
        ("-e node=n2a", "node: n2a is not a node of one; say which one shall leave"),
        ("-e node=n1b", "node: n1b was not confirmed;"),
        ("-e node=n1b -e confirm=n1b --limit n1a", "has nodes that --limit leaves out;"),
        ("-e node=n1b -e confirm=n1b", "keeps services on exactly two nodes."),
    ],
)
def test_a_node_leaves_only_when_all_of_it_was_said(play: Play, asked: str, sentence: str) -> None:
    done = play("remove_node", {"one": cluster(1)}, "-e", "cluster=one", *asked.split())
    assert done.code != 0
    assert sentence in done.text
    assert "TASK [failover.cluster.storage" not in done.text


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ("", "node: missing; say whose machine is replaced with -e node=NAME, one of n1a, n1b."),
        ("-e node=n2a", "node: n2a is not a node of one; say whose machine is replaced"),
        ("-e node=n1b", "node: n1b was not confirmed;"),
        ("-e node=n1b -e confirm=n1a", "node: n1b was not confirmed;"),
        ("-e node=n1b -e confirm=n1b --limit n1a", "has nodes that --limit leaves out;"),
    ],
)
def test_a_node_is_replaced_only_when_all_of_it_was_said(
    play: Play, asked: str, sentence: str
) -> None:
    done = play("replace_node", {"one": cluster(1)}, "-e", "cluster=one", *asked.split())
    assert done.code != 0
    assert sentence in done.text
    assert "TASK [failover.cluster.engine_agent" not in done.text


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ("", "service: missing; say which one is rehearsed with -e service=NAME. They are web."),
        ("-e service=mail", "service: mail is not a service of cluster one;"),
        ("-e service=web", "service: web was not confirmed;"),
        ("-e service=web -e confirm=web --limit n1a", "has nodes that --limit leaves out;"),
    ],
)
def test_a_drill_begins_only_when_all_of_it_was_said(play: Play, asked: str, sentence: str) -> None:
    done = play("drill", {"one": cluster(1)}, "-e", "cluster=one", *asked.split())
    assert done.code != 0
    assert sentence in done.text
    assert "TASK [failover.cluster.prepare" not in done.text


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ("--limit n1a", "has nodes that --limit leaves out; its nodes are upgraded one after the"),
        ("-e packages=all", "packages: all is not one of safe, full, cluster, none."),
        ("-e reboot=always", "reboot: always is neither auto nor never."),
    ],
)
def test_an_upgrade_begins_only_with_words_that_it_knows(
    play: Play, asked: str, sentence: str
) -> None:
    done = play("upgrade", {"one": cluster(1)}, "-e", "cluster=one", *asked.split())
    assert done.code != 0
    assert sentence in done.text
    assert "TASK [Wait until the node answers]" not in done.text


@pytest.mark.parametrize(
    ("name", "asked", "sentence"),
    [
        ("backup", "", "service: missing; say which one shall be backed up with -e service=NAME."),
        ("backup", "-e service=web", "service: web has no PostgreSQL with backup;"),
        ("backup", "-e service=web -e kind=half", "kind: half is not one of full, diff, incr."),
        ("restore", "-e service=web", "service: web has no PostgreSQL with backup;"),
        ("restore", "-e service=web --limit n1a", "has nodes that --limit leaves out;"),
    ],
)
def test_only_a_database_with_a_repository_is_backed_up_and_restored(
    play: Play, name: str, asked: str, sentence: str
) -> None:
    done = play(name, {"one": cluster(1)}, "-e", "cluster=one", *asked.split())
    assert done.code != 0
    assert sentence in done.text
    assert "TASK [Ask where it runs]" not in done.text


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ("", "service: missing; say whose database gets another version with -e service=NAME."),
        ("-e service=mail", "service: mail has no PostgreSQL on a storage of its own that moves;"),
        ("-e service=web -e transfer=link", "transfer: link is neither copy nor clone."),
        ("-e service=web --limit n1a", "has nodes that --limit leaves out;"),
    ],
)
def test_only_a_database_that_moves_with_its_storage_gets_another_version(
    play: Play, asked: str, sentence: str
) -> None:
    one = cluster(1)
    database = {"database": "web", "user": "web", "password": SECRET, "networks": ["10.0.0.0/8"]}
    one["vars"]["failover_services"][0]["applications"] = [{"postgresql": database}]
    done = play("upgrade_postgresql", {"one": one}, "-e", "cluster=one", *asked.split())
    assert done.code != 0
    assert sentence in done.text
    assert "TASK [failover.cluster.prepare : Ask the node]" not in done.text


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ("", "release: missing; say which one the nodes shall get with -e release=NAME: trixie."),
        ("-e release=sid", "release: sid is not one that a cluster can be upgraded to;"),
        ("-e release=trixie --limit n1a", "has nodes that --limit leaves out;"),
    ],
)
def test_another_release_has_to_be_named(play: Play, asked: str, sentence: str) -> None:
    done = play("upgrade_os", {"one": cluster(1)}, "-e", "cluster=one", *asked.split())
    assert done.code != 0
    assert sentence in done.text
    assert "TASK [failover.cluster.prepare : Ask the node]" not in done.text


def test_a_backup_without_any_node_in_reach_fails(play: Play) -> None:
    one = cluster(1)
    database = {"database": "web", "user": "web", "password": SECRET, "networks": ["10.0.0.0/8"]}
    one["vars"]["failover_services"][0]["applications"] = [
        {"postgresql": {**database, "backup": "/srv/backups"}}
    ]
    done = play("backup", {"one": one}, "-e", "cluster=one", "-e", "service=web")
    assert done.code != 0
    assert "cluster one: none of its nodes answers. Nothing was backed up." in done.text


def test_the_plan_of_a_removal_comes_before_any_node_is_asked(play: Play) -> None:
    words = ("-e", "cluster=one", "-e", "service=mail", "-e", "confirm=mail")
    done = play("remove_service", {"one": cluster(1), "two": cluster(2)}, *words, "--check")
    plan = done.text.index("The cluster stops mail for good.")
    asked = done.text.index("TASK [failover.cluster.prepare : Ask the node]")
    assert plan < asked
    assert "n2a" not in done.text[asked:].split("PLAY RECAP")[0], "it asks another cluster"


@pytest.mark.finding("I3")
@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            lambda v: v["failover_fencing"][0]["nodes"]["n2b"].update(ip="10.1.1.1"),
            "failover_fencing[0].nodes.n2b.ip: the same device as failover_fencing[0].nodes.n1a.ip",
        ),
        (
            lambda v: v["failover_services"][0].update(addresses=["192.168.1.11/24"]),
            "failover_services[0].addresses[0]: 192.168.1.11 is",
        ),
        (
            lambda v: v["failover_services"][0]["storage"].update(
                type="shared", disk="/dev/disk/by-id/wwn-0x5000"
            ),
            "failover_services[0].storage.disk: /dev/disk/by-id/wwn-0x5000 is",
        ),
    ],
)
def test_what_two_clusters_must_not_share_is_refused(
    play: Play, change: Callable[[Any], None], sentence: str
) -> None:
    one, two = cluster(1), cluster(2)
    for which in (one, two) if "disk" in sentence else (two,):
        change(which["vars"])
        which["vars"]["failover_services"][0]["storage"].pop("link", None)
        if "disk" not in sentence:
            which["vars"]["failover_services"][0]["storage"]["link"] = "cross"
    done = play("validate", {"one": one, "two": two})
    assert sentence in done.text
    assert "of cluster one, too" in done.text or "of cluster one; fencing" in done.text


@pytest.mark.finding("I3")
def test_one_host_under_two_names_is_refused(play: Play) -> None:
    two = cluster(2)
    two["hosts"]["n2a"]["ansible_host"] = "10.0.1.2"
    done = play("validate", {"one": cluster(1), "two": two})
    assert "ansible_host: 10.0.1.2 is the host of" in done.text


@pytest.mark.finding("I7")
def test_a_tag_runs_the_checks_first_and_the_role_that_is_called_so(play: Play) -> None:
    wrong = cluster(1)
    wrong["vars"]["failover_links"] = []
    done = play("site", {"one": wrong}, "--tags", "engine")
    assert "failover_links: empty" in done.text
    assert done.code != 0
    listed = play("site", {"one": cluster(1)}, "--tags", "engine", "--list-tasks")
    for task in (
        "Check the cluster of the host",
        "failover.cluster.prepare : Judge the answers",
        "failover.cluster.prepare : Hand the secrets",
        "Start the cluster",
    ):
        assert task in listed.text
    assert "failover.cluster.drbd : Create" not in listed.text
    for phase, task in (
        ("identity", "Give the accounts"),
        ("secrets", "Hand the secrets"),
        ("packages", "Install the packages"),
    ):
        listed = play("site", {"one": cluster(1)}, "--tags", phase, "--list-tasks")
        assert f"failover.cluster.prepare : {task}" in listed.text, phase


@pytest.mark.finding("I7")
@pytest.mark.parametrize(
    ("asked", "storage", "applications", "opened"),
    [
        ((), ["drbd", "shared"], ["apache", "redis"], True),
        (("--tags", "redis"), [], ["redis"], True),
        (("--tags", "shared"), ["shared"], [], False),
        (("--tags", "storage"), [], [], True),
        (("--tags", "engine"), [], [], False),
        (("--skip-tags", "apache,drbd"), ["shared"], ["redis"], True),
    ],
)
def test_a_role_that_no_playbook_names_is_chosen_by_its_name(
    play: Play,
    tmp_path: Path,
    asked: tuple[str, ...],
    storage: list[str],
    applications: list[str],
    opened: bool,
) -> None:
    site = yaml.safe_load((CHECKOUT / "playbooks" / "site.yml").read_text(encoding="utf-8"))
    roles = {"storage": ["drbd", "shared"], "applications": ["apache", "redis"]}
    tell = {
        "ansible.builtin.copy": {
            "content": "{{ [site_storage, site_applications, site_open] | to_json }}",
            "dest": str(tmp_path / "said"),
            "mode": "0600",
        },
        "tags": ["always"],
    }
    made = {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "vars": {**site[1]["vars"], "prepare_model": {"roles": roles}},
        "tasks": [tell],
    }
    (tmp_path / "tell.yml").write_text(yaml.safe_dump([made]), encoding="utf-8")
    done = play(str(tmp_path / "tell.yml"), {}, *asked)
    assert done.code == 0, done.text
    said = json.loads((tmp_path / "said").read_text(encoding="utf-8"))
    assert said == [storage, applications, opened]


@pytest.mark.finding("I13")
def test_the_node_that_is_off_may_be_left_out_of_the_play(play: Play) -> None:
    asked = ("-e", "node=n1a", "-e", "confirm=n1a", "--limit", "n1b")
    done = play("confirm_fenced", {"one": cluster(1)}, *asked, "--check")
    assert "was not confirmed" not in done.text
    assert "TASK [Tell the engine of the cluster]" in done.text


@pytest.mark.finding("I18")
def test_three_hosts_are_refused_with_their_group(play: Play) -> None:
    three = cluster(1)
    three["hosts"]["n1c"] = {}
    done = play("validate", {"one": three})
    assert "the group one has 3 hosts (n1a, n1b, n1c)" in done.text
    assert "not a node" not in done.text


@pytest.mark.finding("I19")
def test_the_group_of_the_variables_is_the_cluster_whatever_lies_above_it(play: Play) -> None:
    groups = {"prod": {"children": {"web": cluster(1)}}}
    done = play("validate", groups, "-e", "cluster=web")
    assert done.code == 0, done.text
    assert done.ok("n1a")


@pytest.mark.finding("I20")
@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("failover", "service: missing; say which one shall move with -e service=NAME."),
        ("remove", "cluster: missing; say which one shall stop and be removed with -e"),
        ("remove_service", "cluster: missing; say which one has the service with -e"),
        ("remove_node", "cluster: missing; say which one the node leaves with -e"),
        ("replace_node", "cluster: missing; say which one has the node with -e"),
        ("drill", "cluster: missing; say which one has the service with -e"),
        ("upgrade", "cluster: missing; say which one shall be upgraded with -e"),
        ("backup", "cluster: missing; say which one has the service with -e"),
        ("restore", "cluster: missing; say which one has the service with -e"),
        ("confirm_fenced", "node: missing; say which one is off with -e node=NAME,"),
        ("standby", "node: missing; say which one shall run nothing with -e node=NAME,"),
        ("online", "node: missing; say which one may run services again with -e node=NAME,"),
        ("failback", "cluster: missing; say whose services shall move home with -e"),
    ],
)
def test_what_is_missing_is_asked_for(play: Play, name: str, sentence: str) -> None:
    assert sentence in play(name, {"one": cluster(1)}).text


def locked(word_file: Path) -> str:
    """The secret as an inline vault, deeply indented."""
    vault = Path(sys.executable).with_name("ansible-vault")
    made = subprocess.run(
        [vault, "encrypt_string", "--vault-password-file", word_file, SECRET],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    lines = made.partition("|")[2].splitlines()[1:]
    return "!vault |\n" + "\n".join(f"{' ' * 16}{line.strip()}" for line in lines)


@pytest.mark.finding("H7")
def test_an_inline_vault_is_a_text_and_is_shown_nowhere(play: Play, tmp_path: Path) -> None:
    word = tmp_path / "word"
    word.write_text("vault-word\n", encoding="utf-8")
    block = locked(word)
    text = yaml.safe_dump({"one": cluster(1)}).replace(SECRET, block)
    done = play("validate", text, "--vault-password-file", str(word), "-vvv")
    assert done.code == 0, done.text
    assert SECRET not in done.text
    wrong = text.replace("name: web\n", f"name: web\n      preferred: {block}\n")
    done = play("validate", wrong, "--vault-password-file", str(word), "-vvv")
    assert "failover_services[0].preferred: " in done.text and "is not a node" in done.text
    assert SECRET not in done.text


@pytest.mark.finding("I11", "X1")
def test_nothing_is_kept_as_a_fact(play: Play, tmp_path: Path) -> None:
    cache = {
        "ANSIBLE_INJECT_FACT_VARS": "False",
        "ANSIBLE_CACHE_PLUGIN": "jsonfile",
        "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(tmp_path / "cache"),
    }
    asked = ("-e", "service=web", "--check")
    first = play("failover", {"one": cluster(1)}, *asked, **cache)
    assert "TASK [Plan the moves]" in first.text
    kept = [path.read_text(encoding="utf-8") for path in (tmp_path / "cache").glob("*")]
    assert not any("web" in text or SECRET in text for text in kept)
    # The hosts left their cluster: what an earlier run knew of it counts for nothing.
    hosts = {"hosts": cluster(1)["hosts"]}
    second = play("failover", {"one": hosts, "two": cluster(2, "blog")}, *asked, **cache)
    assert "service: web is not a service of the inventory;" in second.text
    assert "They are blog." in second.text
