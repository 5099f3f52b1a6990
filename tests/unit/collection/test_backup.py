# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A database is backed up off the cluster, and restored only as far as a backup reaches."""

from __future__ import annotations

import json

import pytest
from ansible_collections.failover.cluster.plugins.modules import backup_info
from ansible_collections.failover.cluster.plugins.plugin_utils import _backup_plan, _packages
from ansible_collections.failover.cluster.plugins.plugin_utils._problems import Problem

DATA = "/srv/shop/postgresql"
NOW = 1_795_842_000.0  # 2026-11-28 05:00:00 UTC
ONE = {"label": "20261128-030000F", "type": "full", "begin": NOW - 7210, "end": NOW - 7200}
TWO = {"label": "20261128-040000F", "type": "full", "begin": NOW - 3610, "end": NOW - 3600}


def info(**more):
    """What a node says that runs the service."""
    backups = [{**ONE, "size": 100 << 20}, {**TWO, "size": 120 << 20}]
    told = {
        "repository": "there",
        "backups": backups,
        "archiving": "on",
        "free": 1 << 30,
        "log": 64 << 20,
    }
    return {**told, "begun": {}, "have": ["postgresql"], **more}


def backed_up(kind="incr", one=None, two=None):
    found = {"node1": info(**one or {}), "node2": info(archiving="", **two or {})}
    return _backup_plan.backup("shop", "/backup/shop", "node1", found, kind)


def test_the_service_runs_while_it_is_backed_up():
    said = backed_up()
    assert said["problems"] == []
    assert "2. It makes a backup there (incr), and removes" in said["lines"][1]
    assert said["lines"][-1].endswith("the expected downtime is 0 s.")
    assert "(full, the first one)" in backed_up(one={"backups": []})["lines"][1]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"two": {"repository": "missing"}}, "node2: /backup/shop is not there. Mount the"),
        ({"one": {"repository": "readonly"}}, "node1: /backup/shop cannot be written by"),
        ({"one": {"archiving": "off"}}, "shop: its server on node1 does not send its changes to"),
        ({"one": {"archiving": ""}}, "shop: its server on node1 does not answer;"),
    ],
)
def test_no_backup_begins_that_could_not_be_restored(changes, sentence):
    [said] = backed_up(**changes)["problems"]
    assert said.startswith(sentence)


def restored(to, **more):
    return _backup_plan.restore("shop", "node1", info(**more), DATA, to, NOW)


def test_a_restore_begins_with_the_last_backup_that_had_ended_by_then():
    said = restored("2026-11-28 03:30:00+00:00")
    assert said["problems"] == []
    assert (said["set"], said["target"]) == (ONE["label"], "2026-11-28 03:30:00.000000+00")
    assert said["aside"] == f"{DATA}.before-20261128-050000"
    assert (said["prepared"], said["switched"]) == (False, False)
    assert "NOT in it any more" in said["lines"][-1]
    assert restored("2026-11-28T12:45:00+09:00")["target"] == "2026-11-28 03:45:00.000000+00"


def test_all_changes_come_back_with_latest():
    said = restored("latest")
    assert (said["set"], said["target"], said["problems"]) == (TWO["label"], "latest", [])
    assert not any("NOT in it" in line for line in said["lines"])


@pytest.mark.parametrize(
    ("to", "more", "sentence"),
    [
        ("", {}, "to: missing; say the time with its zone,"),
        ("yesterday", {}, "to: yesterday; say the time with its zone,"),
        ("2026-11-28 03:30:00", {}, "to: 2026-11-28 03:30:00; say the time with its zone,"),
        ("2026-11-28 05:00:01+00:00", {}, "to: 2026-11-28 05:00:01+00:00 has not been yet."),
        ("2026-11-28 02:59:00+00:00", {}, "to: 2026-11-28 02:59:00.000000+00 is before the end of"),
        ("latest", {"backups": []}, "There is no backup yet (playbook backup)."),
        ("latest", {"free": 215 << 20}, "node1: 215 MiB are free beside /srv/shop/postgresql,"),
        (
            "latest",
            {"begun": {"target": "2026-11-28 03:30:00.000000+00", "set": "x", "aside": "/y"}},
            "to: an earlier run began to restore shop to 2026-11-28 03:30:00.000000+00,",
        ),
    ],
)
def test_what_cannot_be_restored_is_refused_before_anything_stops(to, more, sentence):
    [said] = restored(to, **more)["problems"]
    assert said.startswith(sentence)


def test_the_next_run_finishes_a_restore_that_was_cut_off():
    aside = f"{DATA}.before-20261128-045000"
    begun = {"target": "latest", "set": ONE["label"], "aside": aside}
    beside = ["postgresql", "postgresql.restored"]
    said = restored("latest", begun=begun, have=beside, free=0)
    assert (said["problems"], said["set"], said["aside"]) == ([], ONE["label"], aside)
    assert (said["prepared"], said["switched"]) == (True, False)
    moved = ["postgresql.before-20261128-045000", "postgresql.restored"]
    assert restored("latest", begun=begun, have=moved)["prepared"]
    done = ["postgresql", "postgresql.before-20261128-045000"]
    assert restored("latest", begun=begun, have=done, free=0)["switched"]
    kept = restored("latest", have=done)
    assert not kept["switched"], (
        "what an earlier restore has kept aside is no restore that is begun"
    )


def test_backups_that_failed_are_none():
    stanza = {
        "backup": [
            {
                "label": label,
                "type": "full",
                "error": error,
                "timestamp": {"start": 1, "stop": 2},
                "info": {"size": 3},
            }
            for label, error in (("a", False), ("b", True))
        ]
    }
    said = backup_info.backups(lambda argv: (0, json.dumps([stanza]), ""), "shop")
    assert [one["label"] for one in said] == ["a"]
    with pytest.raises(RuntimeError, match="pgbackrest info fails: no repo"):
        backup_info.backups(lambda argv: (1, "", "no\n repo"), "shop")


def changed(backup, **settings):
    """The application with this backup, as a change of the inventory."""
    applications = [{"postgresql": {"backup": backup, "settings": settings}}]
    return "failover_services.0.applications", applications


def test_a_backup_brings_its_package_and_its_defaults(build):
    model = build(changed("/backup/shop"))
    [application] = model["services"][0]["applications"]
    assert application["backup"] == {"path": "/backup/shop", "keep": 2, "backlog_mib": 1024}
    assert "pgbackrest" in _packages.needed(model)
    without = build(("failover_services.0.applications", ["postgresql"]))
    assert "pgbackrest" not in _packages.needed(without)


@pytest.mark.parametrize(
    ("backup", "settings", "sentence"),
    [
        ("/srv/shop/backups", {}, "backup.path: /srv/shop/backups lies on the storage of the"),
        ("backups", {}, "backup.path: backups is not an absolute path."),
        ({"keep": 3}, {}, "backup.path: missing"),
        ("/backup", {"archive_mode": "off"}, "settings.archive_mode: set by backup; leave it out."),
    ],
)
def test_a_repository_on_the_cluster_itself_is_refused(build, backup, settings, sentence):
    with pytest.raises(Problem, match=sentence.replace(".", r"\.")):
        build(changed(backup, **settings))
